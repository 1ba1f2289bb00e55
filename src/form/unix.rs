//! What is typed for a Unix socket: its name, and the file that a path becomes.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::{Errors, Field, note};
use crate::endpoint::{LONGEST_NAME, ParseError, UnixName};
use crate::engine::UnixFile;

/// The file of a Unix socket that is bound to a path.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct UnixSwitches {
    /// Its permissions, in octal.
    pub mode: String,
    /// Remove a socket that is in the way and to which nothing is bound any more.
    pub remove_stale: bool,
}

impl Default for UnixSwitches {
    fn default() -> Self {
        Self { mode: "600".to_owned(), remove_stale: false }
    }
}

impl UnixSwitches {
    /// The engine's settings; errors go to `errors`.
    pub(super) fn check(&self, errors: &mut Errors) -> UnixFile {
        let mode = note(errors, Field::Mode, mode(&self.mode));
        UnixFile { mode: mode.unwrap_or(UnixFile::default().mode), remove_stale: self.remove_stale }
    }

    /// Who can connect to the path, when that is more than this user.
    pub fn exposure(&self) -> Option<&'static str> {
        let mode = mode(&self.mode).ok()?;
        match (mode & 0o020 != 0, mode & 0o002 != 0) {
            (_, true) => Some("Everyone on this machine who reaches its folder can connect."),
            (true, false) => Some("This user and everyone of its group can connect."),
            (false, false) => None,
        }
    }
}

/// Who can connect to an abstract name.
pub const ABSTRACT_EXPOSURE: &str =
    "An abstract name has no permissions: everyone in this network namespace can connect.";

/// Permissions in octal, `600` or `0o600`.
fn mode(text: &str) -> Result<u32, String> {
    let digits = text.trim();
    let digits = digits.strip_prefix("0o").unwrap_or(digits);
    let wrong = "the mode is an octal number from 0 to 777, such as 600: this user alone";
    if digits.is_empty() || digits.len() > 4 || !digits.bytes().all(|digit| matches!(digit, b'0'..=b'7')) {
        return Err(wrong.to_owned());
    }
    u32::from_str_radix(digits, 8).ok().filter(|mode| *mode <= 0o777).ok_or_else(|| wrong.to_owned())
}

/// What binds or connects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum For {
    /// A name of one's own that others know.
    Listening,
    /// A name of one's own, or none: `@` alone has the system choose one.
    Binding,
    /// The name of somebody else.
    Sending,
}

/// The name of a Unix socket as typed: a path, or `@` and a name.
///
/// A path is relative to the working directory; `~/` at its start is the home directory. It becomes absolute, so that
/// the log says the same wherever it is read; only where that would be too long it stays as it is.
pub(super) fn name(text: &str, what: For) -> Result<UnixName, String> {
    let text = text.trim();
    // An endpoint may be pasted.
    let text = text.strip_prefix("unix:").or_else(|| text.strip_prefix("unix-dgram:")).unwrap_or(text);
    let home = text.strip_prefix("~/").and_then(|rest| Some((std::env::var_os("HOME")?, rest)));
    let text = match &home {
        Some((home, rest)) => format!("{}/{rest}", escaped(home.as_encoded_bytes())),
        None => text.to_owned(),
    };
    match text.parse().map_err(|error: ParseError| error.reason)? {
        UnixName::Unnamed if what == For::Binding => Ok(UnixName::Unnamed),
        UnixName::Unnamed | UnixName::Numbered { .. } => Err("a path is needed, or @ and a name".to_owned()),
        UnixName::Abstract(_) if !cfg!(target_os = "linux") => {
            Err("@ is a name of Linux: here a path is needed".to_owned())
        }
        UnixName::Abstract(name) if name.is_empty() && what != For::Binding => {
            Err("a name is needed behind the @".to_owned())
        }
        UnixName::Path(bytes) => Ok(UnixName::Path(absolute(&bytes).unwrap_or(bytes))),
        name => Ok(name),
    }
}

/// Bytes of a path as they are typed.
fn escaped(bytes: &[u8]) -> String {
    UnixName::Path(bytes.into()).to_string()
}

#[cfg(unix)]
fn absolute(bytes: &[u8]) -> Option<std::sync::Arc<[u8]>> {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    let path = std::path::absolute(Path::new(OsStr::from_bytes(bytes))).ok()?;
    let bytes = path.as_os_str().as_bytes();
    (bytes.len() <= LONGEST_NAME).then(|| bytes.into())
}

#[cfg(not(unix))]
fn absolute(_: &[u8]) -> Option<std::sync::Arc<[u8]>> {
    let _ = (Path::new(""), LONGEST_NAME);
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_mode(text: &str, expected: Option<u32>) {
        assert_eq!(mode(text).ok(), expected, "{text:?}");
    }

    #[test]
    fn a_mode_is_octal() {
        check_mode("600", Some(0o600));
        check_mode(" 0660 ", Some(0o660));
        check_mode("0o777", Some(0o777));
        check_mode("0", Some(0));
        check_mode("800", None);
        check_mode("+600", None);
        check_mode("1777", None);
        check_mode("", None);
    }

    fn check(text: &str, what: For, expected: Result<UnixName, &str>) {
        let found = name(text, what);
        match expected {
            Ok(expected) => assert_eq!(found, Ok(expected), "{text:?}"),
            Err(words) => assert!(found.as_ref().is_err_and(|error| error.contains(words)), "{text:?}: {found:?}"),
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn names_as_typed() {
        let path = |text: String| UnixName::Path(text.into_bytes().into());
        let here = std::env::current_dir().expect("a folder").display().to_string();
        check("/run/x.sock", For::Listening, Ok(path("/run/x.sock".into())));
        check("x.sock", For::Sending, Ok(path(format!("{here}/x.sock"))));
        check("unix:/x", For::Sending, Ok(path("/x".into())));
        check("./~", For::Sending, Ok(path(format!("{here}/~"))));
        let home = std::env::var("HOME").expect("a home");
        check("~/x", For::Listening, Ok(path(format!("{home}/x"))));
        check("", For::Binding, Ok(UnixName::Unnamed));
        check("", For::Listening, Err("a path is needed"));
        check("@", For::Binding, Ok(UnixName::Abstract(b""[..].into())));
        check("@", For::Listening, Err("behind the @"));
        check("(2)", For::Sending, Err("a path is needed"));
        check(&"x".repeat(107), For::Listening, Ok(path("x".repeat(107))));
        check(&"x".repeat(108), For::Listening, Err("has 108 bytes"));
        check(&format!("@{}", "x".repeat(108)), For::Binding, Err("has 108 bytes"));
        check("a\\x00", For::Listening, Err("zero byte"));
    }

    #[test]
    fn who_may_connect_is_told() {
        let told = |mode: &str| UnixSwitches { mode: mode.into(), ..UnixSwitches::default() }.exposure();
        assert_eq!(told("600"), None);
        assert!(told("660").is_some_and(|words| words.contains("group")));
        assert!(told("666").is_some_and(|words| words.contains("Everyone")));
        assert_eq!(told("644"), None, "to connect takes the right to write");
    }
}
