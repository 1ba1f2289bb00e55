//! What one side of a recorded conversation did, turn by turn, and how fast it is to be done again.

use std::time::Duration;

use bytes::Bytes;

/// One side of a conversation: it does something, then it hears something, and so on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Script {
    /// In order. The first may have nothing to do, and the last nothing to hear.
    pub turns: Vec<Turn>,
    /// Each payload is a datagram; else they are one stream.
    pub datagrams: bool,
    /// The other side ended the conversation, so its end is waited for.
    pub they_end: bool,
}

/// What is done without waiting for an answer, and the answer to it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Turn {
    /// What is done, in order.
    pub moves: Vec<Move>,
    /// What is to come then: chunks of a stream, none of them empty, or datagrams.
    pub expects: Vec<Bytes>,
    /// The longest time that passed in the recording before something of it came.
    pub patience: Duration,
}

/// Something that is done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Move {
    /// How long after what happened before it.
    pub after: Duration,
    /// What.
    pub act: Act,
}

/// What is done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Act {
    /// Send this.
    Send(Bytes),
    /// Finish sending (FIN).
    Finish,
    /// Abort (RST).
    Abort,
}

impl Turn {
    /// How many bytes are to come.
    pub fn expected(&self) -> u64 {
        self.expects.iter().map(|piece| piece.len() as u64).sum()
    }
}

/// How fast a script is played. The order of what is done and heard is always that of the recording.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Pace {
    /// As fast as the answers come.
    AtOnce,
    /// This many times as fast as it was recorded, within [`Pace::FACTORS`]; 1 is the original pace.
    Times(f64),
}

impl Pace {
    /// The factors that there are.
    pub const FACTORS: std::ops::RangeInclusive<f64> = 0.1..=1000.0;

    /// The pace of the recording.
    pub const ORIGINAL: Self = Self::Times(1.0);

    /// How long a recorded time is at this pace.
    pub(super) fn scale(self, time: Duration) -> Duration {
        match self {
            Self::AtOnce => Duration::ZERO,
            Self::Times(factor) => time.div_f64(factor.clamp(*Self::FACTORS.start(), *Self::FACTORS.end())),
        }
    }
}
