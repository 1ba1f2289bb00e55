//! The arguments of a proxy.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use clap::Args;

use super::values;
use crate::engine::Secret;
use crate::error::OpError;
use crate::form::ProxyForm;
use crate::headless::status::Failure;

/// Where a password may be without a file.
const VARIABLE: &str = "SOCKSCOPE_PROXY_PASSWORD";

/// What is read of a password's file at most, in bytes; passwords have at most 255.
const LARGEST: u64 = 4_096;

/// Through a proxy.
#[derive(Debug, Args)]
pub(in crate::headless) struct ProxyArguments {
    /// Connect through this proxy (TCP): socks5://USER@HOST:PORT or http://USER@HOST:PORT, USER@ may be left out
    #[arg(long, value_name = "PROXY", value_parser = values::proxy)]
    proxy: Option<ProxyForm>,
    /// The file whose first line is the proxy's password; else the variable SOCKSCOPE_PROXY_PASSWORD is looked at
    #[arg(long, value_name = "FILE", requires = "proxy")]
    proxy_password_file: Option<PathBuf>,
    /// Resolve the name of the host on this machine; else the proxy does
    #[arg(long, requires = "proxy")]
    proxy_resolve_here: bool,
}

impl ProxyArguments {
    /// What would be typed into the form.
    ///
    /// # Errors
    ///
    /// When the file of the password can't be read.
    pub(in crate::headless) fn form(&self) -> Result<ProxyForm, Failure> {
        let Some(form) = &self.proxy else {
            return Ok(ProxyForm::default());
        };
        let password = password(&form.user, self.proxy_password_file.as_deref())?;
        Ok(ProxyForm { password, resolve_here: self.proxy_resolve_here, ..form.clone() })
    }
}

/// The password of `user`: the first line of `file`, else what the environment has.
///
/// # Errors
///
/// When the file can't be read.
pub(in crate::headless) fn password(user: &str, file: Option<&Path>) -> Result<Secret, Failure> {
    Ok(Secret::new(match file {
        Some(path) => first_line(path)?,
        // Without a user nobody asked for a password.
        None if user.is_empty() => String::new(),
        None => std::env::var(VARIABLE).unwrap_or_default(),
    }))
}

fn first_line(path: &Path) -> Result<String, Failure> {
    let failed = |error: std::io::Error| Failure::file(&OpError::io("read", path.display(), &error));
    let mut text = String::new();
    File::open(path).map_err(failed)?.take(LARGEST).read_to_string(&mut text).map_err(failed)?;
    Ok(text.lines().next().unwrap_or_default().to_owned())
}
