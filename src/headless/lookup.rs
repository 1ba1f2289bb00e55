//! `sockscope lookup`.

use std::io::{self, Write};
use std::sync::Arc;
use std::time::Duration;

use crossbeam_channel::bounded;
use serde::Serialize;

use super::arguments::{Form, LookupArguments, placed};
use super::interfaces;
use super::status::{Failure, Status, complain};
use crate::lookup::{Answer, Lookups, Pool, Query, RowState, recognize, tutorials};

/// Look-ups of one run, at most.
const MOST: usize = 10_000;

/// Answers everything that is asked for, and waits for it.
///
/// # Errors
///
/// What can't be looked up, before anything is.
pub(super) fn run(arguments: &LookupArguments) -> Result<Status, Failure> {
    if arguments.what == ["interfaces"] {
        return interfaces::run(arguments.output, arguments.watch);
    }
    if arguments.watch {
        return Err(Failure::usage(
            "--watch: only the interfaces can be watched: sockscope lookup interfaces --watch",
        ));
    }
    let mut queries = if arguments.tutorials { tutorials() } else { Vec::new() };
    for text in &arguments.what {
        let found = recognize(text);
        queries.extend(found.map_err(|error| Failure::usage(format_args!("{text:?}: {}", placed(text, &error))))?);
    }
    if queries.len() > MOST {
        return Err(Failure::usage(format_args!("at most {MOST} look-ups at once")));
    }
    let lookups = answered(queries)?;
    super::printed(print(&lookups, arguments.output))?;
    Ok(if lookups.rows().iter().all(|row| is_found(&row.state)) { Status::Done } else { Status::Network })
}

/// All of them, answered; eight at a time.
fn answered(queries: Vec<Query>) -> Result<Lookups, Failure> {
    let (wake, woken) = bounded(1);
    let wake = move || {
        // A full channel holds a wake-up already.
        let _ = wake.try_send(());
    };
    let mut lookups = Lookups::new(Pool::new(), Arc::new(wake));
    for query in queries {
        while let Err(error) = lookups.start(query.clone()) {
            if lookups.pending() == 0 {
                return Err(Failure::network(&error));
            }
            let _ = woken.recv_timeout(Duration::from_secs(1));
            lookups.poll();
        }
    }
    while lookups.pending() > 0 {
        let _ = woken.recv_timeout(Duration::from_secs(1));
        lookups.poll();
    }
    Ok(lookups)
}

fn is_found(state: &RowState) -> bool {
    matches!(state, RowState::Done(Answer { outcome: Ok(_), .. }))
}

fn print(lookups: &Lookups, form: Form) -> io::Result<()> {
    let mut out = io::stdout().lock();
    match form {
        Form::Text => out.write_all(lookups.table().as_bytes())?,
        Form::Jsonl => {
            for row in lookups.rows() {
                if let RowState::Done(answer) = &row.state {
                    serde_json::to_writer(&mut out, &Object::from(answer))?;
                    out.write_all(b"\n")?;
                }
            }
        }
    }
    for row in lookups.rows() {
        if let RowState::Done(Answer { outcome: Err(error), .. }) = &row.state {
            complain(error);
        }
    }
    out.flush()
}

/// `{"type":"lookup","call":…,"ms":…,"values":[…]}`, or with an `error`.
#[derive(Serialize)]
struct Object {
    r#type: &'static str,
    call: String,
    ms: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    values: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<Error>,
}

#[derive(Serialize)]
struct Error {
    op: String,
    subject: String,
    message: String,
}

impl From<&Answer> for Object {
    fn from(answer: &Answer) -> Self {
        let error = answer.outcome.as_ref().err().map(|error| Error {
            op: error.op.to_string(),
            subject: error.subject.clone(),
            message: error.message.clone(),
        });
        // As many digits as the table has.
        let ms = (answer.took.as_secs_f64() * 1e6).round() / 1e3;
        Self {
            r#type: "lookup",
            call: answer.query.call(),
            ms,
            values: answer.outcome.as_ref().ok().cloned(),
            error,
        }
    }
}
