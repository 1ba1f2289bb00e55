//! All options of a socket with what the kernel has for them, beside those of a fresh socket of the same kind.

use std::io;

use socket2::{Domain, SockRef, Socket};

use super::fits::{Role, SocketKind};
use super::kernel;
use super::{OptionValue, SocketOption};
use crate::error::OpError;

/// An option of a socket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OptionRow {
    /// Which.
    pub option: SocketOption,
    /// What the kernel has for it now.
    pub now: Result<OptionValue, OpError>,
    /// What a fresh socket of the same kind has; `None` where that can't be asked.
    pub fresh: Option<OptionValue>,
}

/// The options of one socket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OptionTable {
    /// Of which kind it is.
    pub kind: SocketKind,
    /// Those that fit it, in the order of [`SocketOption::offered`].
    pub rows: Vec<OptionRow>,
}

impl OptionTable {
    /// The row of `option`.
    pub fn row(&self, option: SocketOption) -> Option<&OptionRow> {
        self.rows.iter().find(|row| row.option == option)
    }
}

impl OptionRow {
    /// `getsockopt SO_RCVBUF = 131072 (a fresh socket has 212992)`.
    pub fn told(&self) -> String {
        let (name, fresh) = (self.option, self.fresh.as_ref());
        match (&self.now, fresh) {
            (Err(error), _) => error.to_string(),
            (Ok(now), Some(fresh)) if fresh != now => {
                format!("getsockopt {name} = {now} (a fresh socket has {fresh})")
            }
            (Ok(now), _) => format!("getsockopt {name} = {now}"),
        }
    }
}

/// Reads all options of `socket`. Reading `SO_ERROR` takes the error away: it comes back beside the table.
///
/// # Errors
///
/// When the system doesn't even say what kind of socket it is.
pub(super) fn read(socket: &SockRef<'_>, role: Role) -> Result<(OptionTable, Option<io::Error>), OpError> {
    let kind = SocketKind::of(socket, role).map_err(|error| OpError::io("getsockopt", "", &error))?;
    let fresh = fresh(socket);
    let fresh = fresh.as_ref().map(SockRef::from);
    let mut taken = None;
    let mut rows = Vec::new();
    for option in SocketOption::offered().filter(|option| kind.takes(*option).is_ok()) {
        let now = match option {
            SocketOption::Error => socket.take_error().map(|error| {
                let word = OptionValue::Word(kernel::error_word(error.as_ref()));
                taken = error;
                word
            }),
            _ => kernel::get(socket, option),
        };
        let now = now.map_err(|error| OpError::io("getsockopt", option, &error));
        let fresh = fresh.as_ref().and_then(|fresh| kernel::get(fresh, option).ok());
        rows.push(OptionRow { option, now, fresh });
    }
    Ok((OptionTable { kind, rows }, taken))
}

/// A socket made like `socket`, with nothing set on it.
fn fresh(socket: &SockRef<'_>) -> Option<Socket> {
    let (domain, ty): (Domain, _) = (socket.local_addr().ok()?.domain(), socket.r#type().ok()?);
    #[cfg(target_os = "linux")]
    let protocol = socket.protocol().ok()?;
    #[cfg(not(target_os = "linux"))]
    let protocol = None;
    Socket::new(domain, ty, protocol).ok()
}
