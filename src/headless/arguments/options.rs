//! Socket options on the command line.

use clap::Args;

use crate::engine::SocketOption;
use crate::form::{SocketOptions, named};

/// What is set on the sockets, and whether what they have is shown.
#[derive(Debug, Args)]
pub(in crate::headless) struct OptionArguments {
    /// Set a socket option before the socket is opened, such as SO_RCVBUF=65536 or TCP_NODELAY=on; may be given again.
    /// A wrong name lists them all
    #[arg(long, value_name = "NAME=VALUE", value_parser = named)]
    socket_option: Vec<(SocketOption, String)>,
    /// Record all options of the socket once it is open, and what a fresh one has
    #[arg(long)]
    pub(in crate::headless) show_options: bool,
}

impl OptionArguments {
    /// As the form has them.
    pub(in crate::headless) fn socket_options(&self) -> SocketOptions {
        let mut options = SocketOptions::default();
        for (option, text) in &self.socket_option {
            options.set(*option, text);
        }
        options
    }
}
