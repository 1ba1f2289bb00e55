//! The one call that moved a payload, in what an entry has left of its 24 bytes.

use super::{Call, Function, Outcome};
use crate::endpoint::Address;

/// The call that moved a payload, as far as the record itself does not say it: the descriptor and the other end are
/// those of its connection, and the result is the length of the payload.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Transfer {
    /// None, or one that is noted in full.
    #[default]
    None,
    /// recv(2) with room for this many bytes, up to 1 MiB.
    Receive(usize),
    /// send(2) of this many bytes, up to 1 MiB, of which the system may have taken fewer.
    Send(usize),
    /// recvfrom(2) with room for this many bytes, up to 1 MiB.
    ReceiveFrom(usize),
    /// sendto(2) of the whole payload.
    SendTo,
    /// recvmmsg(2).
    ReceiveMany {
        /// How many datagrams it could take, up to 127.
        room: usize,
        /// How many came, up to 127.
        came: usize,
        /// Which of them this is, from 0.
        part: usize,
    },
}

/// What an entry has beside its place: whether it was unexpected (bit 23), and its [`Transfer`]: the form in bits 20 to
/// 22, its numbers below.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::journal) struct Marks([u8; 3]);

const UNEXPECTED: u32 = 1 << 23;
const FORM: u32 = 20;
const NUMBERS: u32 = (1 << FORM) - 1;

/// The largest size that fits: it is stored less one.
const MOST: usize = 1 << FORM;

/// The largest number of seven bits.
const EACH: usize = 127;

impl Marks {
    /// A call that does not fit is none: nothing is shown then, rather than something wrong.
    #[inline]
    pub(in crate::journal) fn new(unexpected: bool, transfer: Transfer) -> Self {
        let size = |form: u32, bytes: usize| match bytes {
            1..=MOST => form << FORM | bits(bytes - 1),
            _ => 0,
        };
        let packed = match transfer {
            Transfer::None => 0,
            Transfer::Receive(room) => size(1, room),
            Transfer::Send(bytes) => size(2, bytes),
            Transfer::ReceiveFrom(room) => size(3, room),
            Transfer::SendTo => 4 << FORM,
            // Six bits are left for the part.
            Transfer::ReceiveMany { room, came, part } if room <= EACH && came <= EACH && part < 64 => {
                5 << FORM | bits(part << 14 | came << 7 | room)
            }
            Transfer::ReceiveMany { .. } => 0,
        };
        let packed = if unexpected { packed | UNEXPECTED } else { packed };
        let [a, b, c, _] = packed.to_le_bytes();
        Self([a, b, c])
    }

    fn packed(self) -> u32 {
        let [a, b, c] = self.0;
        u32::from_le_bytes([a, b, c, 0])
    }

    pub(in crate::journal) fn is_unexpected(self) -> bool {
        self.packed() & UNEXPECTED != 0
    }

    /// Whether there is a call.
    pub(in crate::journal) fn has_transfer(self) -> bool {
        self.packed() & !UNEXPECTED != 0
    }

    pub(in crate::journal) fn transfer(self) -> Transfer {
        let packed = self.packed() & !UNEXPECTED;
        let numbers = (packed & NUMBERS) as usize;
        match packed >> FORM {
            1 => Transfer::Receive(numbers + 1),
            2 => Transfer::Send(numbers + 1),
            3 => Transfer::ReceiveFrom(numbers + 1),
            4 => Transfer::SendTo,
            5 => Transfer::ReceiveMany { room: numbers & EACH, came: numbers >> 7 & EACH, part: numbers >> 14 },
            _ => Transfer::None,
        }
    }
}

#[allow(clippy::cast_possible_truncation, reason = "the mask is narrower")]
fn bits(numbers: usize) -> u32 {
    numbers as u32 & NUMBERS
}

impl Transfer {
    /// The call in full, for a payload of `len` bytes that crossed `descriptor`, to or from `peer`.
    pub(in crate::journal) fn call(self, descriptor: Option<i32>, len: u32, peer: Option<Address>) -> Option<Call> {
        let number = |size: usize| u32::try_from(size).unwrap_or(u32::MAX);
        let (function, result) = match self {
            Self::None => return None,
            Self::Receive(room) => (Function::Receive(number(room)), len),
            Self::Send(bytes) => (Function::Send(number(bytes)), len),
            Self::ReceiveFrom(room) => (Function::ReceiveFrom(number(room), peer), len),
            Self::SendTo => (Function::SendTo(len, peer.unwrap_or(Address::NOWHERE)), len),
            Self::ReceiveMany { room, came, part } => {
                (Function::ReceiveMany { room: number(room), part: number(part) + 1 }, number(came))
            }
        };
        let outcome = Outcome::Done(i32::try_from(result).unwrap_or(i32::MAX));
        Some(Call { descriptor, function, outcome })
    }
}
