//! A sequence made of what crossed a connection.

use std::time::Duration;

use super::{Expect, LONGEST, MOST_STEPS, Sequence, Step, Test};
use crate::message::Message;
use crate::payload::{self, Envelope, Format, LineEnding};

/// The shortest pause that becomes a wait.
const PAUSE: Duration = Duration::from_millis(50);

/// The most bytes that steps are made of, so that they can still be edited: 256 KiB.
const MOST_BYTES: usize = 256 << 10;

/// Payload that crossed.
#[derive(Clone, Debug)]
pub struct Crossed<'a> {
    /// We sent it; else it was received.
    pub sent: bool,
    /// When, from any fixed moment.
    pub at: Duration,
    /// What.
    pub bytes: &'a [u8],
}

/// How steps are made of what crossed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Recording {
    /// Pauses of 50 ms and more before what was sent become waits.
    pub pauses: bool,
    /// How what was received is to be expected; never [`Test::Regex`].
    pub expect: Test,
}

impl Recording {
    /// The steps that do the same again. Neighboring chunks of one direction become one step.
    ///
    /// # Errors
    ///
    /// One sentence, when that would be too many steps or bytes.
    pub fn steps<'a>(self, rows: impl IntoIterator<Item = Crossed<'a>>) -> Result<Sequence, String> {
        let mut exchanges: Vec<(bool, Vec<u8>, Duration)> = Vec::new();
        let (mut bytes, mut before) = (0, None);
        for row in rows {
            bytes += row.bytes.len();
            let pause = before.map_or(Duration::ZERO, |before| row.at.saturating_sub(before));
            before = Some(row.at);
            let waits = self.pauses && row.sent && pause >= PAUSE;
            match exchanges.last_mut() {
                Some((sent, whole, _)) if *sent == row.sent && !waits => whole.extend_from_slice(row.bytes),
                _ => exchanges.push((row.sent, row.bytes.to_vec(), pause)),
            }
            if bytes > MOST_BYTES || exchanges.len() > MOST_STEPS {
                return Err(format!("select fewer rows: {MOST_STEPS} steps of 256 KiB together can be made"));
            }
        }
        let steps: Vec<_> =
            exchanges.into_iter().flat_map(|(sent, bytes, pause)| self.step(sent, &bytes, pause)).collect();
        match steps.len() {
            0 => Err("the selected rows have no payload".to_owned()),
            1..=MOST_STEPS => Ok(Sequence { name: String::new(), steps }),
            _ => Err(format!("select fewer rows: a sequence has at most {MOST_STEPS} steps")),
        }
    }

    fn step(self, sent: bool, bytes: &[u8], pause: Duration) -> Vec<Step> {
        let ms = u32::try_from(pause.as_millis()).unwrap_or(LONGEST).min(LONGEST);
        if !sent {
            let (text, format) = written(bytes);
            let limit = ms.saturating_mul(2).clamp(Expect::default().limit, LONGEST);
            return vec![Step::Expect(Expect { test: self.expect, text, format, limit })];
        }
        let send = Step::Send(message(bytes));
        if self.pauses && pause >= PAUSE { vec![Step::Wait { ms }, send] } else { vec![send] }
    }
}

/// The message that sends exactly these bytes.
fn message(bytes: &[u8]) -> Message {
    for ending in [LineEnding::Crlf, LineEnding::Lf] {
        if let Some(line) = bytes.strip_suffix(ending.bytes())
            && let (text, Format::Text) = written(line)
        {
            let envelope = Envelope { ending, ..Envelope::default() };
            return Message { text, envelope, ..Message::default() };
        }
    }
    let (text, format) = written(bytes);
    Message { text, format, ..Message::default() }
}

/// Bytes as they can be typed again: text where it shows as itself, escaped where most of it does, else hexadecimal.
fn written(bytes: &[u8]) -> (String, Format) {
    let escaped = payload::escape(bytes);
    match std::str::from_utf8(bytes) {
        Ok(text) if escaped == text => (escaped, Format::Text),
        _ if escaped.len() <= bytes.len() * 2 => (escaped, Format::Escaped),
        _ => (payload::hex(bytes), Format::Hex),
    }
}
