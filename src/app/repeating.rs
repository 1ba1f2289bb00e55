//! The composer's message, sent again and again.

use std::num::NonZeroU64;
use std::sync::Arc;
use std::time::Duration;

use super::Hands;
use super::composer::in_words;
use super::tab::{Kind, SocketTab};
use crate::endpoint::Address;
use crate::engine::{Command, JobEnd, JobId, Repeat, RepeatFigures, RepeatProgress, Task};
use crate::figures;
use crate::template::Values;

/// How often, and how far it is.
#[derive(Debug)]
pub struct Repeating {
    /// Whether its line is shown.
    pub shown: bool,
    /// Milliseconds from one send to the next, as typed.
    pub every: String,
    /// How often, as typed; empty: until stopped.
    pub times: String,
    /// Why it was not started.
    pub failure: Option<String>,
    run: Option<Run>,
}

/// A repeat that was started.
#[derive(Debug)]
struct Run {
    job: JobId,
    /// To whom, in words.
    to: String,
    progress: Arc<RepeatProgress>,
    /// A person stopped it.
    stopped: bool,
}

impl Default for Repeating {
    fn default() -> Self {
        let (shown, times, failure, run) = Default::default();
        Self { shown, every: "1000".to_owned(), times, failure, run }
    }
}

/// What a person asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RepeatAction {
    /// Start with the message that is in the composer, to whom Send would send it.
    Start,
    /// Stop.
    Stop,
    /// Hide the line; what runs is stopped.
    Close,
}

impl Repeating {
    /// The time from one send to the next.
    ///
    /// # Errors
    /// What is wrong with what is typed.
    pub fn every(&self) -> Result<Duration, String> {
        let range = Repeat::EVERY;
        let every = self.every.trim().parse::<f64>().ok().and_then(|ms| Duration::try_from_secs_f64(ms / 1e3).ok());
        every
            .filter(|every| range.contains(every))
            .ok_or_else(|| "the interval is a number of milliseconds from 1 to 86400000, which is a day".to_owned())
    }

    /// How often; `None`: until stopped.
    ///
    /// # Errors
    /// What is wrong with what is typed.
    pub fn times(&self) -> Result<Option<NonZeroU64>, String> {
        let text = self.times.trim();
        if text.is_empty() {
            return Ok(None);
        }
        text.parse().map(Some).map_err(|_| {
            "how often is a whole number from 1 on; leave it empty to send until you stop it".to_owned()
        })
    }

    /// Whether it goes on.
    pub fn is_running(&self) -> bool {
        self.run.as_ref().is_some_and(|run| run.progress.figures().end.is_none())
    }

    /// What came of it so far, to be shown; `None` before the first start.
    pub fn remark(&self) -> Option<Remark> {
        let run = self.run.as_ref()?;
        let figures = run.progress.figures();
        let state = match &figures.end {
            None => format!("Repeating {}", run.to),
            Some(JobEnd::Done) => format!("Done {}", run.to),
            Some(JobEnd::GivenUp) if run.stopped => format!("Stopped {}", run.to),
            Some(JobEnd::GivenUp) => "Stopped: the session ended".to_owned(),
            Some(JobEnd::Failed(error)) => format!("Stopped: {}", error.message),
        };
        let failed = matches!(figures.end, Some(JobEnd::Failed(_)));
        let failure = figures.failure.as_ref().map(|error| format!("Not sent: {}", error.message));
        Some(Remark {
            words: format!("{state}: {}", words(&figures)),
            failed,
            failure: failure.filter(|_| !failed),
        })
    }
}

/// What is shown of a repeat or a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remark {
    /// How far it is.
    pub words: String,
    /// Whether it ended because it could not go on.
    pub failed: bool,
    /// Why something was not sent, though it went on.
    pub failure: Option<String>,
}

/// `1,000 sent, 0 failed, 0 left out; interval mean 10.0 ms, p99 10.3 ms, max 12.1 ms`.
fn words(figures: &RepeatFigures) -> String {
    let count = figures::count;
    let (sent, failed, left_out) = (count(figures.sent), count(figures.failed), count(figures.left_out));
    let mut words = format!("{sent} sent, {failed} failed, {left_out} left out");
    if let Some(intervals) = figures.intervals {
        let time = figures::duration;
        let (mean, p99, max) = (time(intervals.mean), time(intervals.p99), time(intervals.max));
        words += &format!("; interval mean {mean}, p99 {p99}, max {max}");
    }
    words
}

/// Does what a person asked for.
pub(super) fn apply(tab: &mut SocketTab, action: RepeatAction, hands: &mut Hands<'_>) {
    match action {
        RepeatAction::Start => {
            tab.repeating.shown = true;
            tab.repeating.failure = start(tab, hands).err();
        }
        RepeatAction::Stop => stop(tab, hands),
        RepeatAction::Close => {
            stop(tab, hands);
            if !tab.repeating.is_running() {
                tab.repeating.run = None;
            }
            (tab.repeating.shown, tab.repeating.failure) = (false, None);
        }
    }
}

fn start(tab: &mut SocketTab, hands: &mut Hands<'_>) -> Result<(), String> {
    let (every, times) = (tab.repeating.every()?, tab.repeating.times()?);
    let message = &tab.composer.message;
    let prepared = message.prepare().map_err(|error| in_words(&message.text, &error))?;
    let nowhere = &Address::NOWHERE;
    let time = crate::clock::Stamp::now();
    let example = Values { peer: nowhere, local: nowhere, payload: b"", number: 1, time, captures: &[] };
    let example = prepared.render(&example)?;
    if tab.kind != Kind::Udp && prepared.is_fixed() && example.is_empty() {
        return Err("there is nothing to send: type a message first".to_owned());
    }
    let (session, to) = (tab.sending_session()?, tab.target()?);
    if tab.repeating.is_running() {
        return Ok(());
    }
    let progress = Arc::new(RepeatProgress::default());
    let job = JobId(hands.ids.next());
    let repeat = Repeat { message: prepared, every, times, progress: Arc::clone(&progress) };
    let run = Run { job, to: tab.recipients_words(), progress, stopped: false };
    let command = Command::Begin { session, job, to, task: Task::Repeat(repeat) };
    hands.engine.command(command).map_err(|_| super::tab::BUSY.to_owned())?;
    tab.repeating.run = Some(run);
    Ok(())
}

fn stop(tab: &mut SocketTab, hands: &mut Hands<'_>) {
    if tab.repeating.is_running()
        && let Some(run) = &mut tab.repeating.run
    {
        run.stopped = true;
        if hands.engine.command(Command::CancelJob { job: run.job }).is_err() {
            tab.repeating.failure = Some(super::tab::BUSY.to_owned());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_interval_is_at_least_a_millisecond() {
        let check = |text: &str, expected: Option<Duration>| {
            let repeating = Repeating { every: text.to_owned(), ..Repeating::default() };
            assert_eq!(repeating.every().ok(), expected, "{text:?}");
        };
        check(" 1 ", Some(Duration::from_millis(1)));
        check("2.5", Some(Duration::from_micros(2_500)));
        check("86400000", Some(Duration::from_secs(86_400)));
        for wrong in ["", "0", "0.999", "-1", "NaN", "inf", "1e300", "86400001", "1 s"] {
            check(wrong, None);
        }
    }

    #[test]
    fn no_number_of_times_is_until_stopped() {
        let check = |text: &str, expected: Option<u64>| {
            let repeating = Repeating { times: text.to_owned(), ..Repeating::default() };
            assert_eq!(repeating.times().ok(), expected.map(NonZeroU64::new), "{text:?}");
        };
        check("  ", Some(0));
        check("1", Some(1));
        check("1000000", Some(1_000_000));
        for wrong in ["0", "-1", "1.5", "many"] {
            check(wrong, None);
        }
    }

    #[test]
    fn the_figures_are_told_in_one_line() {
        let ms = Duration::from_millis;
        let intervals = crate::engine::IntervalFigures {
            count: 999,
            min: ms(9),
            mean: ms(10),
            p50: ms(10),
            p99: Duration::from_micros(10_320),
            max: ms(12),
        };
        let figures = RepeatFigures { sent: 1_000, left_out: 2, intervals: Some(intervals), ..Default::default() };
        assert_eq!(
            words(&figures),
            "1,000 sent, 0 failed, 2 left out; interval mean 10.0 ms, p99 10.3 ms, max 12.0 ms"
        );
        assert_eq!(words(&RepeatFigures::default()), "0 sent, 0 failed, 0 left out");
    }
}
