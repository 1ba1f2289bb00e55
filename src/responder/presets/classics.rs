//! The small services of the Internet, and a chat room.

use super::{Group, Over, Preset, anything, connected, fixed, reply, rules};
use crate::responder::{Act, Rules};

pub(super) const ALL: &[Preset] = &[
    Preset::new("Echo", Group::Classics, Over::Both, "Everything comes back (RFC 862)", || {
        rules([anything("Echo", [reply("{data}")])])
    }),
    Preset::new("Discard", Group::Classics, Over::Both, "Nothing is answered (RFC 863)", || {
        rules([anything("Discard", [])])
    }),
    Preset::new(
        "Character generator",
        Group::Classics,
        Over::Tcp,
        "Each connection gets the 95 lines of the pattern once (RFC 864)",
        || rules([connected("Characters", [fixed(&characters(LINES))]), anything("Discard", [])]),
    ),
    Preset::new(
        "Character generator",
        Group::Classics,
        Over::Udp,
        "Each datagram is answered with six lines of the pattern (RFC 864)",
        || rules([anything("Characters", [fixed(&characters(6))])]),
    ),
    Preset::new("Quote of the day", Group::Classics, Over::Tcp, "One quote, then closes (RFC 865)", || once(QUOTE)),
    Preset::new("Quote of the day", Group::Classics, Over::Udp, "One quote a datagram (RFC 865)", || each(QUOTE)),
    Preset::new("Daytime", Group::Classics, Over::Tcp, "Date and time as text, then closes (RFC 867)", || {
        once(DAYTIME)
    }),
    Preset::new("Daytime", Group::Classics, Over::Udp, "Date and time as text (RFC 867)", || each(DAYTIME)),
    Preset::new("Time", Group::Classics, Over::Tcp, "Seconds since 1900 in 4 bytes, then closes (RFC 868)", || {
        once(TIME)
    }),
    Preset::new("Time", Group::Classics, Over::Udp, "Seconds since 1900 in 4 bytes (RFC 868)", || each(TIME)),
    Preset::new("Chat room", Group::Classics, Over::Both, "What one client sends goes to all others", || {
        rules([anything("Forward", [Act::Forward])])
    }),
];

/// RFC 793 §2.10, within the 512 characters of RFC 865.
const QUOTE: &str =
    r#""Be conservative in what you do, be liberal in what you accept from others." Jon Postel\r\n"#;

/// The first of the forms that RFC 867 names: `Tuesday, February 22, 1982 17:37:43-PST`.
const DAYTIME: &str = r"{time:%A, %B %-d, %Y %H:%M:%S-%Z}\r\n";

/// RFC 868.
const TIME: &str = "{rfc868}";

/// A reply to each connection, which then closes.
fn once(text: &str) -> Rules {
    rules([connected("Answer", [reply(text), Act::Close])])
}

/// A reply to each datagram.
fn each(text: &str) -> Rules {
    rules([anything("Answer", [reply(text)])])
}

/// The printable characters of ASCII, the space included; as many lines make a full turn.
const LINES: u8 = 95;

/// The popular pattern of RFC 864: lines of 72 characters, each beginning one character later.
fn characters(lines: u8) -> Vec<u8> {
    let mut text = Vec::with_capacity(usize::from(lines) * 74);
    for first in 0..lines {
        text.extend((0..72).map(|at| b' ' + (first + at) % LINES));
        text.extend_from_slice(b"\r\n");
    }
    text
}
