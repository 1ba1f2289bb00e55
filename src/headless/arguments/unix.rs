//! What can be said of Unix sockets on the command line.

use clap::Args;

use crate::form::UnixSwitches;

/// The file of a Unix socket that is bound to a path.
#[derive(Debug, Args)]
pub(in crate::headless) struct UnixArguments {
    /// Who may connect to the path of a Unix socket: its permissions, in octal
    #[arg(long, value_name = "OCTAL", default_value = "600")]
    mode: String,
    /// Where a Unix socket is in the way to which nothing is bound any more, remove it
    #[arg(long)]
    remove_stale: bool,
}

impl UnixArguments {
    /// As the form has them.
    pub(in crate::headless) fn switches(&self) -> UnixSwitches {
        UnixSwitches { mode: self.mode.clone(), remove_stale: self.remove_stale }
    }
}
