//! The same for Unix sockets: their names take the place of hosts and ports.

use super::shell::{line, printf};
use super::{Command, Outline, ncat, python, refuse_control, socat};
use crate::endpoint::{Address, UnixName};
use crate::engine::{Answers, Destination, Plan, Target};
use crate::form::Form;
use crate::profile::Profile;

/// What is opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Opens {
    /// A stream socket that listens.
    Listen { at: UnixName, backlog: u32, mode: u32 },
    /// A stream socket that connects.
    Connect { to: UnixName },
    /// A datagram socket, and to whom it sends.
    Bind { at: UnixName, target: Option<UnixName> },
}

/// What a profile of Unix sockets opens.
///
/// # Errors
/// A sentence: what is wrong in it.
pub(super) fn opens(profile: &Profile) -> Result<Opens, String> {
    let answers = Answers::default().into();
    let plan = profile.form.check(&profile.switches, &answers);
    let plan = plan.map_err(|errors| errors.into_values().next().unwrap_or_default())?;
    match (plan, &profile.form) {
        (Plan::Listen(plan), _) => match plan.address {
            Address::Unix(at) => Ok(Opens::Listen { at, backlog: plan.backlog, mode: plan.options.unix.mode }),
            _ => Err("this is no Unix socket".to_owned()),
        },
        (Plan::Connect(plan), _) => match plan.to {
            Destination::Unix(to) => Ok(Opens::Connect { to }),
            Destination::Port(..) => Err("this is no Unix socket".to_owned()),
        },
        (Plan::Bind(plan), Form::Udp(form)) => {
            let target = match form.destination() {
                Ok(Target::Unix(target)) => Some(target),
                _ => None,
            };
            match plan.address {
                Address::Unix(at) => Ok(Opens::Bind { at, target }),
                _ => Err("this is no Unix socket".to_owned()),
            }
        }
        (Plan::Bind(_), _) => Err("this is no Unix socket".to_owned()),
    }
}

/// The tools that are not this program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tool {
    Ncat,
    Python,
    Socat,
}

/// The equal command of `tool`.
///
/// # Errors
/// A sentence: a field is wrong, or the tool can't say it.
pub(super) fn command(profile: &Profile, tool: Tool) -> Result<Command, String> {
    let (opens, outline) = (opens(profile)?, Outline::of(profile));
    let mut remarks = outline.remarks.clone();
    if tool == Tool::Python {
        let line = python::unix(profile, &outline, &opens, &mut remarks);
        return refuse_control(Command { line, remarks });
    }
    if !outline.settings.is_empty() {
        remarks.push("the socket options are left out".to_owned());
    }
    let words = match tool {
        Tool::Ncat => of_ncat(&outline, &opens, &mut remarks)?,
        _ => of_socat(&outline, &opens, &mut remarks)?,
    };
    let line = line(words.iter().map(String::as_str));
    let line = outline.message.as_ref().map_or(line.clone(), |message| format!("{} | {line}", printf(message)));
    refuse_control(Command { line, remarks })
}

/// A name as text, and whether it is an abstract one.
fn text(name: &UnixName) -> Result<(String, bool), String> {
    let (bytes, is_abstract) = match name {
        UnixName::Path(bytes) => (bytes, false),
        UnixName::Abstract(bytes) => (bytes, true),
        UnixName::Unnamed | UnixName::Numbered { .. } => return Err("a path or a name is needed".to_owned()),
    };
    let text = std::str::from_utf8(bytes).map_err(|_| "the name is not UTF-8: no command can say it".to_owned())?;
    if text.starts_with('-') || text.is_empty() {
        return Err(format!("{text:?} is no name that can stand in a command"));
    }
    Ok((text.to_owned(), is_abstract))
}

fn of_ncat(outline: &Outline, opens: &Opens, remarks: &mut Vec<String>) -> Result<Vec<String>, String> {
    let path = |name: &UnixName| match text(name)? {
        (_, true) => Err("ncat knows no abstract names".to_owned()),
        (path, false) => Ok(path),
    };
    let mut words = vec!["ncat".to_owned()];
    match opens {
        Opens::Listen { at, .. } => {
            words.push("--listen".to_owned());
            if !outline.once {
                words.push("--keep-open".to_owned());
            }
            words.extend(["--unixsock".to_owned(), path(at)?]);
            remarks.push("ncat leaves the mode of the path to the umask".to_owned());
        }
        Opens::Connect { to } => words.extend(["--unixsock".to_owned(), path(to)?]),
        Opens::Bind { target: Some(target), .. } if outline.message.is_some() => {
            words.extend(["--udp", "--unixsock"].map(str::to_owned));
            words.push(path(target)?);
        }
        Opens::Bind { at, .. } => {
            remarks.push("ncat talks to one peer at a time".to_owned());
            words.extend(["--udp", "--listen", "--unixsock"].map(str::to_owned));
            words.push(path(at)?);
        }
    }
    if let Some(answers) = ncat::answers(outline) {
        words.extend(["--sh-exec".to_owned(), answers]);
    }
    Ok(words)
}

fn of_socat(outline: &Outline, opens: &Opens, remarks: &mut Vec<String>) -> Result<Vec<String>, String> {
    let address = |what: &str, name: &UnixName| -> Result<String, String> {
        let (name, is_abstract) = text(name)?;
        let family = if is_abstract { "ABSTRACT" } else { "UNIX" };
        Ok(format!("{family}-{what}:{}", socat::escaped(&name)))
    };
    let mut words = vec!["socat".to_owned()];
    match opens {
        Opens::Listen { at, backlog, mode } => {
            let mut listen = format!("{},backlog={backlog}", address("LISTEN", at)?);
            if matches!(at, UnixName::Path(_)) {
                listen += &format!(",mode={mode:o}");
            }
            if !outline.once {
                listen += ",fork";
            }
            words.push(listen);
        }
        Opens::Connect { to } => words.push(address("CONNECT", to)?),
        Opens::Bind { at, .. } if outline.message.is_none() && outline.echoes => {
            words.push(format!("{},fork", address("RECVFROM", at)?));
        }
        Opens::Bind { at, target: Some(target) } if outline.message.is_some() => {
            let mut send = address("SENDTO", target)?;
            match text(at) {
                Ok((own, is_abstract)) if is_abstract == matches!(target, UnixName::Abstract(_)) => {
                    send += &format!(",bind={}", socat::escaped(&own));
                }
                _ => remarks.push("socat sends from a socket without a name: it gets no answer".to_owned()),
            }
            words.push(send);
        }
        Opens::Bind { at, .. } => {
            remarks.push("socat shows what comes, and sends nothing".to_owned());
            words.extend(["-u".to_owned(), address("RECV", at)?]);
        }
    }
    words.push(socat::answers(outline));
    Ok(words)
}
