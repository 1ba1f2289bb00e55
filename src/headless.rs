//! Sockscope without a window: the same engine, rules and files from a terminal.

use std::ffi::OsString;
use std::process::ExitCode;

use clap::Parser;

/// A desktop oscilloscope for sockets: listen, connect, send, see every byte, save a log that can be trusted.
#[derive(Debug, Parser)]
#[command(name = "sockscope", version, about)]
struct Arguments {}

/// What was asked for on the command line.
#[derive(Debug)]
pub enum Asked {
    /// The window.
    Window,
    /// Something that is done now, with this exit status.
    Over(ExitCode),
}

/// Does what the arguments ask for.
pub fn main(arguments: impl IntoIterator<Item = OsString>) -> Asked {
    match Arguments::try_parse_from(arguments) {
        Ok(Arguments {}) => Asked::Window,
        Err(error) => {
            // Help and the version go to standard output; a pipe that is closed there needs no word.
            let _ = error.print();
            Asked::Over(ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2)))
        }
    }
}
