//! Payload in some encoding, one character after the other, each as it is drawn.

use super::encoding::{Character, Encoding};
use super::pieces::{Classifier, Piece, width_of_mark};

/// A character as it is drawn.
#[derive(Clone, Copy, Debug)]
pub(super) enum Look {
    /// As itself.
    Plain(char),
    /// As the mark that stands for it.
    Mark(Piece<'static>),
}

impl Look {
    fn of(character: char, classifier: &mut Classifier) -> Self {
        if classifier.admits(character) { Self::Plain(character) } else { Self::Mark(Piece::Odd(character)) }
    }

    /// How many characters are drawn.
    pub(super) fn characters(&self) -> usize {
        match self {
            Self::Plain(_) => 1,
            Self::Mark(piece) => width_of_mark(*piece),
        }
    }

    /// Appends what is drawn.
    pub(super) fn write(&self, text: &mut String) {
        match self {
            Self::Plain(character) => text.push(*character),
            Self::Mark(piece) => piece.write(text).expect("a String takes everything"),
        }
    }
}

/// What stands at some place of a payload.
pub(super) struct Seen {
    /// How many bytes it takes.
    pub(super) len: usize,
    /// What it is.
    pub(super) character: Character,
    looks: [Look; 2],
    count: usize,
}

impl Seen {
    /// How it is drawn: a character or two, or a mark a byte.
    pub(super) fn looks(&self) -> &[Look] {
        &self.looks[..self.count]
    }
}

/// What stands at `at` in `bytes`, after what `classifier` has seen; `None` at the end.
pub(super) fn see(encoding: Encoding, bytes: &[u8], at: usize, classifier: &mut Classifier) -> Option<Seen> {
    let (len, character) = encoding.first(bytes.get(at..)?)?;
    let (looks, count) = match character {
        Character::One(one) => ([Look::of(one, classifier); 2], 1),
        Character::Two(one, two) => ([Look::of(one, classifier), Look::of(two, classifier)], 2),
        Character::Invalid => {
            classifier.marked();
            ([at, at + len - 1].map(|at| Look::Mark(Piece::Invalid(bytes[at]))), len)
        }
    };
    Some(Seen { len, character, looks, count })
}
