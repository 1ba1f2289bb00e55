//! A file on its way out.

use std::collections::VecDeque;
use std::num::NonZeroU64;
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::Hands;
use super::asking::{Answer, Ask, Dialog, in_home};
use super::repeating::Remark;
use super::tab::{Kind, SocketTab};
use crate::engine::{Command, FileFigures, FileProgress, JobEnd, JobId, SendFile, Task};
use crate::figures;

/// The chunk where none is typed: over TCP, and over UDP what fits into an Ethernet frame with room for a tunnel.
const TCP_CHUNK: usize = 64 << 10;
const UDP_CHUNK: usize = 1_400;

/// The rate that is shown is that of the last second, about.
const RECENT: Duration = Duration::from_secs(1);

/// How often the rate is looked at.
const LOOK: Duration = Duration::from_millis(100);

/// Which, and how far it is.
#[derive(Debug, Default)]
pub struct Filing {
    /// Whether its line is shown.
    pub shown: bool,
    /// Where the file is, as typed.
    pub path: String,
    /// Bytes of a write or of a datagram, as typed; empty: the usual ones.
    pub chunk: String,
    /// Bytes a second, as typed; empty: as fast as the peers take it.
    pub rate: String,
    /// Why it was not started, or what is to be done first.
    pub failure: Option<String>,
    dialog: Option<Dialog>,
    run: Option<Run>,
}

/// A file that was begun.
#[derive(Debug)]
struct Run {
    job: JobId,
    /// Its name, and to whom, in words.
    name: String,
    to: String,
    progress: Arc<FileProgress>,
    /// A person canceled it.
    canceled: bool,
    /// Bytes that were sent at moments of the last second.
    recent: VecDeque<(Instant, u64)>,
}

/// What a person asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileAction {
    /// Choose the file in the desktop's dialog.
    Browse,
    /// Send the file, to whom Send would send.
    Send,
    /// Cancel it.
    Cancel,
    /// Hide the line; what is being sent is canceled.
    Close,
}

/// How far a file is.
#[derive(Clone, Debug, PartialEq)]
pub struct Shown {
    /// In words.
    pub remark: Remark,
    /// The part that is sent, from 0 to 1, while it is being sent and its size is known.
    pub part: Option<f32>,
}

impl Filing {
    /// The sizes that a chunk may have in a tab of `kind`.
    pub const fn chunks(kind: Kind) -> RangeInclusive<usize> {
        match kind {
            Kind::Udp => SendFile::DATAGRAM,
            Kind::Server | Kind::Client => SendFile::CHUNK,
        }
    }

    /// Bytes of a write or of a datagram.
    ///
    /// # Errors
    /// What is wrong with what is typed.
    pub fn chunk(&self, kind: Kind) -> Result<usize, String> {
        let text = self.chunk.trim();
        if text.is_empty() {
            return Ok(if kind == Kind::Udp { UDP_CHUNK } else { TCP_CHUNK });
        }
        let range = Self::chunks(kind);
        let chunk = figures::parse_size(text).and_then(|bytes| usize::try_from(bytes).ok());
        chunk.filter(|bytes| range.contains(bytes)).ok_or_else(|| match kind {
            Kind::Udp => "a chunk is a datagram of 1 to 65507 bytes".to_owned(),
            Kind::Server | Kind::Client => "a chunk is 1 byte to 256 KiB: one write takes no more".to_owned(),
        })
    }

    /// Bytes a second; `None`: no limit.
    ///
    /// # Errors
    /// What is wrong with what is typed.
    pub fn rate(&self) -> Result<Option<NonZeroU64>, String> {
        let text = self.rate.trim();
        if text.is_empty() {
            return Ok(None);
        }
        figures::parse_size(text).and_then(NonZeroU64::new).map(Some).ok_or_else(|| {
            "the rate is a number of bytes a second, such as 9600, 64 KiB or 1.5 MiB; empty is no limit".to_owned()
        })
    }

    /// Whether the desktop's dialog is open.
    pub fn is_choosing(&self) -> bool {
        self.dialog.is_some()
    }

    /// Looks whether a file was chosen.
    pub(super) fn poll(&mut self) {
        let Some(answer) = self.dialog.as_ref().and_then(Dialog::poll) else { return };
        self.dialog = None;
        self.failure = None;
        match answer {
            Answer::Path(path) => self.path = path.display().to_string(),
            Answer::NoDialog(why) => self.failure = Some(why.to_owned()),
            Answer::Canceled => {}
        }
    }

    /// Whether a file is on its way.
    pub fn is_running(&self) -> bool {
        self.run.as_ref().is_some_and(|run| run.progress.figures().end.is_none())
    }

    /// How far it is at `now`; `None` before the first one.
    pub fn shown(&mut self, now: Instant) -> Option<Shown> {
        let run = self.run.as_mut()?;
        let figures = run.progress.figures();
        let rate = run.rate(figures.sent, now);
        let failed = matches!(figures.end, Some(JobEnd::Failed(_)));
        #[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, reason = "it is as wide as a bar")]
        let part = figures.total.map(|total| (figures.sent as f64 / total.max(1) as f64) as f32);
        let part = part.filter(|_| figures.end.is_none());
        Some(Shown { remark: Remark { words: run.words(&figures, rate), failed, failure: None }, part })
    }
}

impl Run {
    /// Bytes a second in the last second.
    fn rate(&mut self, sent: u64, now: Instant) -> u64 {
        if self.recent.back().is_none_or(|(at, _)| now.saturating_duration_since(*at) >= LOOK) {
            self.recent.push_back((now, sent));
        }
        while self.recent.get(1).is_some_and(|(at, _)| now.saturating_duration_since(*at) >= RECENT) {
            self.recent.pop_front();
        }
        self.recent
            .front()
            .map_or(0, |(at, then)| per_second(sent.saturating_sub(*then), now.saturating_duration_since(*at)))
    }

    fn words(&self, figures: &FileFigures, rate: u64) -> String {
        let size = figures::size;
        let (name, to) = (&self.name, &self.to);
        let sent = match figures.total {
            Some(total) => format!("{} of {}", size(figures.sent), size(total)),
            None => size(figures.sent),
        };
        let lost = match figures.lost {
            0 => String::new(),
            1 => "; one peer closed and has only a part".to_owned(),
            lost => format!("; {} peers closed and have only a part", figures::count(lost as u64)),
        };
        match &figures.end {
            None => format!("{sent}, {}/s{lost}", size(rate)),
            Some(JobEnd::Done) => {
                let took = figures::duration(figures.took);
                let rate = size(per_second(figures.sent, figures.took));
                format!("{name} sent {to}: {} in {took}, {rate}/s{lost}", size(figures.sent))
            }
            Some(JobEnd::GivenUp) if self.canceled => format!("Canceled: {sent} of {name} sent{lost}"),
            Some(JobEnd::GivenUp) => format!("The session ended: {sent} of {name} sent{lost}"),
            Some(JobEnd::Failed(error)) => format!("{error}; {sent} of {name} sent{lost}"),
        }
    }
}

fn per_second(bytes: u64, time: Duration) -> u64 {
    let micros = time.as_micros().max(1);
    u64::try_from(u128::from(bytes) * 1_000_000 / micros).unwrap_or(u64::MAX)
}

/// Does what a person asked for.
pub(super) fn apply(tab: &mut SocketTab, action: FileAction, hands: &mut Hands<'_>) {
    match action {
        FileAction::Browse => {
            let ask = Ask { title: "Send file", save_as: None, kinds: Vec::new() };
            match Dialog::open(ask, hands.ask_path, hands.wake) {
                Ok(dialog) => tab.filing.dialog = Some(dialog),
                Err(error) => tab.filing.failure = Some(error.to_string()),
            }
        }
        FileAction::Send => {
            tab.filing.shown = true;
            tab.filing.failure = send(tab, hands).err().map(|reason| format!("Not sent: {reason}"));
        }
        FileAction::Cancel => cancel(tab, hands),
        FileAction::Close => {
            cancel(tab, hands);
            if !tab.filing.is_running() {
                tab.filing.run = None;
            }
            (tab.filing.shown, tab.filing.failure, tab.filing.dialog) = (false, None, None);
        }
    }
}

fn send(tab: &mut SocketTab, hands: &mut Hands<'_>) -> Result<(), String> {
    let (chunk, rate) = (tab.filing.chunk(tab.kind)?, tab.filing.rate()?);
    let typed = tab.filing.path.trim();
    if typed.is_empty() {
        return Err("type the path of a file".to_owned());
    }
    let path = in_home(&PathBuf::from(typed));
    let path = std::path::absolute(&path).unwrap_or(path);
    let (session, to) = (tab.sending_session()?, tab.target()?);
    if tab.filing.is_running() {
        return Ok(());
    }
    let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
    let progress = Arc::new(FileProgress::default());
    let job = JobId(hands.ids.next());
    let task = Task::File(SendFile { path, chunk, rate, progress: Arc::clone(&progress) });
    let to_words = tab.recipients_words();
    hands.engine.command(Command::Begin { session, job, to, task }).map_err(|_| super::tab::BUSY.to_owned())?;
    tab.filing.run = Some(Run { job, name, to: to_words, progress, canceled: false, recent: VecDeque::new() });
    Ok(())
}

fn cancel(tab: &mut SocketTab, hands: &mut Hands<'_>) {
    if tab.filing.is_running()
        && let Some(run) = &mut tab.filing.run
    {
        run.canceled = true;
        if hands.engine.command(Command::CancelJob { job: run.job }).is_err() {
            tab.filing.failure = Some(super::tab::BUSY.to_owned());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chunk_fits_into_a_write_or_a_datagram() {
        let check = |text: &str, kind, expected: Option<usize>| {
            let filing = Filing { chunk: text.to_owned(), ..Filing::default() };
            assert_eq!(filing.chunk(kind).ok(), expected, "{text:?}");
        };
        check("", Kind::Server, Some(65_536));
        check("", Kind::Udp, Some(1_400));
        check("1", Kind::Client, Some(1));
        check("256 KiB", Kind::Client, Some(262_144));
        check("262145", Kind::Client, None);
        check("65507", Kind::Udp, Some(65_507));
        check("65508", Kind::Udp, None);
        check("0", Kind::Udp, None);
        check("some", Kind::Server, None);
    }

    #[test]
    fn no_rate_is_no_limit() {
        let check = |text: &str, expected: Option<u64>| {
            let filing = Filing { rate: text.to_owned(), ..Filing::default() };
            assert_eq!(filing.rate().ok(), expected.map(NonZeroU64::new), "{text:?}");
        };
        check(" ", Some(0));
        check("9600", Some(9_600));
        check("1.5 MiB", Some(3 << 19));
        check("0", None);
        check("fast", None);
    }

    fn run() -> Run {
        let (job, name, to) = (JobId(1), "big.bin".to_owned(), "to 127.0.0.1:9".to_owned());
        Run { job, name, to, progress: Arc::default(), canceled: false, recent: VecDeque::new() }
    }

    #[test]
    fn the_rate_is_that_of_the_last_second() {
        let (mut run, start) = (run(), Instant::now());
        let at = |ms| start + Duration::from_millis(ms);
        assert_eq!(run.rate(0, at(0)), 0);
        assert_eq!(run.rate(100, at(100)), 1_000);
        for tenth in 2..50 {
            run.rate(100 * tenth, at(100 * tenth));
        }
        // It stands still from then on.
        assert_eq!(run.rate(4_900, at(5_400)), 500);
        assert_eq!(run.rate(4_900, at(7_000)), 0);
    }

    #[test]
    fn how_far_it_is_in_words() {
        let run = run();
        let mut figures = FileFigures {
            total: Some(1 << 30),
            sent: 312 << 20,
            took: Duration::from_secs(4),
            ..Default::default()
        };
        assert_eq!(run.words(&figures, 180 << 20), "312 MiB of 1.0 GiB, 180 MiB/s");
        figures.end = Some(JobEnd::GivenUp);
        assert_eq!(run.words(&figures, 0), "The session ended: 312 MiB of 1.0 GiB of big.bin sent");
        (figures.end, figures.sent, figures.lost) = (Some(JobEnd::Done), 1 << 30, 1);
        assert_eq!(
            run.words(&figures, 0),
            "big.bin sent to 127.0.0.1:9: 1.0 GiB in 4.00 s, 256 MiB/s; one peer closed and has only a part"
        );
    }
}
