//! `sockscope run`: a profile's session, and its sequence.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;

use super::arguments::{CallsArguments, OutputForm, placed, proxy_password, values};
use super::connect::WAIT;
use super::conversation::{self, Notation, Talk};
use super::junit;
use super::playing::{self, Files};
use super::recipients::Recipients;
use super::status::{Failure, Status, complain, tell};
use crate::engine::{Command, JobEnd, SequenceFigures, SequenceProgress, Target, Task};
use crate::export;
use crate::form::{Form, UdpForm};
use crate::profile::{self, Profile};
use crate::sequence::{Sequence, Step, StepState};

/// Run a profile: its session and its sequence; the exit status says whether that passed
///
/// A profile is what the window saves of a tab. Its steps are told on standard error as they pass or fail. Without a
/// sequence a client, and a UDP socket without rules, sends the draft (what is typed to be sent) once, and goes on as
/// connect does; where there is no draft, lines of standard input are sent. A server, and a UDP socket with rules, goes
/// on as listen does: it answers by the rules, and sends lines of standard input, not the draft.
#[derive(Debug, Args)]
#[command(
    after_help = "Exit status: 0 passed, 1 a step failed or the network, 2 the profile is wrong, 3 a local file.\n\n\
    Examples:\n  \
    sockscope run login.toml\n  \
    sockscope run login.toml --junit report.xml --save login.jsonl\n  \
    sockscope run server.toml --output text\n  \
    sockscope run hello.toml --wait 500"
)]
pub(super) struct RunArguments {
    /// The profile, a TOML file
    #[arg(value_name = "PROFILE")]
    pub(super) profile: PathBuf,
    /// Write what came of each step to this file, in the XML of JUnit
    #[arg(long, value_name = "FILE")]
    pub(super) junit: Option<PathBuf>,
    /// What standard output gets of each record; with a sequence nothing, unless this is given
    #[arg(long, value_enum, value_name = "FORM")]
    pub(super) output: Option<OutputForm>,
    #[command(flatten)]
    pub(super) calls: CallsArguments,
    /// Without a sequence, as connect has it: go on receiving for this many milliseconds after the last was sent; else
    /// up to the peer's end, over UDP 1000
    #[arg(long, value_name = "MS")]
    pub(super) wait: Option<u32>,
    /// Save the log to this file at the end, in the form of its extension
    #[arg(long, value_name = "FILE", value_parser = values::log_file())]
    pub(super) save: Option<PathBuf>,
    /// The file whose first line is the password of the profile's proxy; else SOCKSCOPE_PROXY_PASSWORD is looked at
    #[arg(long, value_name = "FILE")]
    pub(super) proxy_password_file: Option<PathBuf>,
}

/// Runs it.
///
/// # Errors
///
/// What keeps it from beginning, or makes its files incomplete.
pub(super) fn run(arguments: &RunArguments) -> Result<Status, Failure> {
    let path = arguments.profile.display();
    let output = arguments.calls.form(arguments.output)?;
    let text = profile::read(&arguments.profile).map_err(|error| Failure::file(&error))?;
    let mut profile = Profile::parse(&text).map_err(|error| Failure::usage(format_args!("{path}: {error}")))?;
    let proxy = &mut profile.switches.proxy;
    proxy.password = proxy_password(&proxy.user, arguments.proxy_password_file.as_deref())?;
    let usage = |reason: String| Failure::usage(format_args!("{path}: {reason}"));
    if profile.sequence.steps.is_empty() {
        if arguments.junit.is_some() {
            return Err(usage("--junit: there is no sequence in this profile, so there are no steps".to_owned()));
        }
        return conversation::run(talk(&profile, output, arguments).map_err(usage)?);
    }
    if arguments.wait.is_some() {
        return Err(usage(
            "--wait: there is a sequence in this profile, whose steps say how long they wait".to_owned(),
        ));
    }
    let plan = profile.plan().map_err(usage)?;
    let steps = profile
        .sequence
        .prepare()
        .map_err(|errors| usage(errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")))?;
    let to = target(&profile.form).map_err(usage)?;
    if let Some(junit) = &arguments.junit {
        export::try_out_folder(junit).map_err(|error| Failure::file(&error))?;
    }
    let progress = Arc::<SequenceProgress>::default();
    let task = Task::Sequence(profile.schedule.task(steps, Arc::clone(&progress)));
    let files = Files { output, save: arguments.save.clone() };
    let mut teller = Teller { sequence: &profile.sequence, run: 0, told: 0 };
    let open = plan.clone();
    let played = playing::play(
        &plan,
        files,
        |session, job, journal| {
            let open = Command::Open { session, journal: Arc::clone(journal), plan: open };
            [open, Command::Begin { session, job, to, task }]
        },
        &mut || {
            teller.look(&progress.figures());
            None
        },
    )?;
    let figures = progress.figures();
    let mut status = played.status.max(sum_up(&figures, played.stopped));
    if let Some(path) = &arguments.junit {
        let report = junit::report(&profile.sequence, &figures);
        if let Err(error) = export::put(path, report.as_bytes()) {
            status = status.max(Failure::file(&error).tell());
        }
    }
    Ok(status)
}

/// A session without a sequence, as `listen` and `connect` have it.
fn talk(profile: &Profile, output: Option<OutputForm>, arguments: &RunArguments) -> Result<Talk, String> {
    let draft = &profile.draft;
    let udp = matches!(profile.form, Form::Udp(_));
    let has_rules = profile.rules.list.iter().any(|rule| rule.on);
    let has_draft = !draft.text.is_empty();
    let listens = matches!(profile.form, Form::Server(_)) || (udp && has_rules);
    let recipients = match target(&profile.form)? {
        Target::Address(host, port) if !has_rules => Recipients::Address(host, port),
        Target::Unix(name) if !has_rules => Recipients::Unix(name),
        Target::Address(..) | Target::Unix(_) => Recipients::of(None, true),
        _ => Recipients::All,
    };
    if listens && arguments.wait.is_some() {
        return Err("--wait: this profile waits for others until it is ended".to_owned());
    }
    let mut opening = VecDeque::new();
    if has_draft && listens {
        tell("the draft is not sent, as this profile waits for others; lines of standard input are");
    } else if has_draft {
        opening.push_back(draft.prepare().map_err(|error| format!("draft: {}", placed(&draft.text, &error)))?);
    }
    let sends = !opening.is_empty();
    // A UDP socket that has nothing to send is there to receive, unless it is said for how long.
    let is_client = !listens && (!udp || sends || arguments.wait.is_some());
    let wait = arguments.wait.map(|ms| Duration::from_millis(ms.into()));
    let ending = Some(draft.envelope.ending).filter(|_| has_draft);
    Ok(Talk {
        plan: profile.plan()?,
        is_client,
        recipients,
        notation: Notation { format: draft.format, encoding: draft.encoding, variables: draft.variables, ending },
        opening,
        repeat: None,
        reads_input: !sends,
        until: None,
        wait: if udp { Some(wait.unwrap_or(WAIT)) } else { wait },
        output: output.unwrap_or_default(),
        record: None,
        show_options: false,
        save: arguments.save.clone(),
    })
}

/// Whom the sequence talks to: over TCP whoever connects, over UDP the target.
fn target(form: &Form) -> Result<Target, String> {
    let Form::Udp(form) = form else { return Ok(Target::All) };
    UdpForm::destination(form)
        .map_err(|errors| errors.into_values().next().unwrap_or_else(|| "udp: the target can't be used".to_owned()))
}

/// Tells of steps as they pass and fail.
struct Teller<'a> {
    sequence: &'a Sequence,
    run: u64,
    told: usize,
}

impl Teller<'_> {
    fn look(&mut self, figures: &SequenceFigures) {
        if figures.run != self.run {
            (self.run, self.told) = (figures.run, 0);
        }
        while let Some(state) = figures.steps.get(self.told) {
            let came = match state {
                StepState::Waiting | StepState::Running => return,
                StepState::Passed { took, found: None } => format!("passed in {} ms", took.as_millis()),
                StepState::Passed { took, found: Some(found) } => {
                    format!("passed in {} ms: `{found}`", took.as_millis())
                }
                StepState::Failed { reason, .. } => format!("failed: {reason}"),
                StepState::Stopped => "stopped".to_owned(),
            };
            let run = if self.run > 1 { format!("run {}, ", self.run) } else { String::new() };
            let name = self.sequence.steps.get(self.told).map(name).unwrap_or_default();
            tell(format_args!("{run}step {}, {name}: {came}", self.told + 1));
            self.told += 1;
        }
    }
}

/// What a step is called: `expect 220`.
pub(super) fn name(step: &Step) -> String {
    let cut = |text: &str| {
        let line = text.lines().next().unwrap_or_default();
        let visible: String = line.chars().filter(|c| !c.is_control()).take(60).collect();
        if visible.len() < text.trim_end().len() { format!("{visible}…") } else { visible }
    };
    match step {
        Step::Send(message) => format!("send {}", cut(&message.text)),
        Step::Wait { ms } => format!("wait {ms} ms"),
        Step::Expect(expect) => format!("expect {}", cut(&expect.text)),
        Step::StartTls => "starttls".to_owned(),
        Step::Close => "close".to_owned(),
    }
}

/// The status of what came of it, with a line about it.
fn sum_up(figures: &SequenceFigures, stopped: bool) -> Status {
    if let Some(JobEnd::Failed(error)) = &figures.end {
        complain(error);
    }
    let runs = figures.passed + figures.failed;
    if runs > 1 {
        tell(format_args!("{} of {runs} runs passed", figures.passed));
    }
    let whole = figures.end == Some(JobEnd::Done) && figures.failed == 0 && figures.passed > 0;
    if !whole && stopped {
        complain("the sequence was stopped before its end");
    } else if !whole && runs == 0 && figures.end.is_none() {
        complain("the sequence did not begin");
    }
    if whole { Status::Done } else { Status::Network }
}
