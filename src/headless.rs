//! Sockscope without a window: the same engine, rules and files from a terminal.
//!
//! Standard output holds records alone, and standard error what else there is to tell. A run is a
//! `conversation`: the main thread decides, `input` reads lines of standard input, `output` follows the journal,
//! and `signals` waits for SIGINT and SIGTERM.

mod arguments;
mod connect;
mod conversation;
mod forms;
mod input;
mod interfaces;
mod junit;
mod listen;
mod logs;
mod lookup;
mod output;
mod playing;
mod presets;
mod recipients;
mod recorder;
mod replay;
mod run;
mod saving;
pub(crate) mod signals;
mod status;
mod watch;

use std::ffi::OsString;
use std::io::{self, ErrorKind, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{CommandFactory, Parser};

use crate::endpoint::Endpoint;
use crate::error::OpError;
use arguments::{Arguments, What};
use status::{Failure, Status};

/// What the window opens with. It starts nothing by itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ready {
    /// Whom the client's form is filled in with.
    pub endpoint: Option<Endpoint>,
    /// The profile to open.
    pub profile: Option<PathBuf>,
}

/// What was asked for on the command line.
#[derive(Debug)]
pub enum Asked {
    /// The window.
    Window(Ready),
    /// Something that is done now, with this exit status.
    Over(ExitCode),
}

/// Does what the arguments ask for.
pub fn main(arguments: impl IntoIterator<Item = OsString>) -> Asked {
    match Arguments::try_parse_from(arguments) {
        Ok(Arguments { what: None, endpoint, profile }) => Asked::Window(Ready { endpoint, profile }),
        Ok(Arguments { what: Some(what), .. }) => {
            Asked::Over(run(what).unwrap_or_else(|failure| failure.tell()).into())
        }
        // Help and the version are what was asked for.
        Err(error) if !error.use_stderr() => {
            let printed = printed(error.print());
            Asked::Over(printed.unwrap_or_else(|failure| failure.tell()).into())
        }
        Err(error) => {
            // Where standard error is closed, nobody wants to know.
            let _ = error.print();
            Asked::Over(Status::Usage.into())
        }
    }
}

fn run(what: What) -> Result<Status, Failure> {
    match what {
        What::Listen(arguments) => conversation::run(listen::talk(*arguments)?),
        What::Connect(arguments) => conversation::run(connect::talk(*arguments)?),
        What::Lookup(arguments) => lookup::run(&arguments),
        What::Convert { from, to } => logs::convert(&from, &to),
        What::Verify { file } => logs::verify(&file),
        What::Run(arguments) => run::run(&arguments),
        What::Replay(arguments) => replay::run(&arguments),
        What::Completions { shell } => {
            let mut text = Vec::new();
            clap_complete::generate(shell, &mut Arguments::command(), "sockscope", &mut text);
            printed(io::stdout().lock().write_all(&text))
        }
    }
}

/// What came of writing to standard output, all of which is handed on now.
///
/// # Errors
///
/// Those of the system, but for a closed pipe: whoever closed it has read enough.
fn printed(written: io::Result<()>) -> Result<Status, Failure> {
    match written.and_then(|()| io::stdout().lock().flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err(Failure::file(&OpError::io("write", "standard output", &error)))
        }
        _ => Ok(Status::Done),
    }
}
