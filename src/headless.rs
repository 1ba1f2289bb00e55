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
mod signals;
mod status;
mod watch;

use std::ffi::OsString;
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{CommandFactory, Parser};

use crate::endpoint::Endpoint;
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
        Err(error) => {
            // Help and the version go to standard output; a pipe that is closed there needs no word.
            let _ = error.print();
            Asked::Over(ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2)))
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
            // Whoever closed the pipe has read enough.
            let _ = io::stdout().lock().write_all(&text);
            Ok(Status::Done)
        }
    }
}
