//! `received` and `sent` lines exactly as this program writes them. Whatever differs is left to `serde_json`, which
//! also says what is wrong with it.

use super::{HIGHEST, Item, LONGEST_PAYLOAD, Parser};
use crate::export::Ends;
use crate::journal::{ConnId, Content, Direction, Record};

/// The longest number: 2^53 has as many digits.
const DIGITS: usize = 16;

/// What is left of a line.
struct Rest<'a>(&'a [u8]);

impl<'a> Rest<'a> {
    fn skip(&mut self, text: &[u8]) -> Option<()> {
        self.0 = self.0.strip_prefix(text)?;
        Some(())
    }

    fn take(&mut self, len: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(len)?;
        self.0 = rest;
        Some(taken)
    }

    /// A number without a sign or a leading zero.
    fn number(&mut self) -> Option<u64> {
        let digits = self.0.iter().take(DIGITS + 1).take_while(|byte| byte.is_ascii_digit()).count();
        let text = self.take(digits)?;
        if digits == 0 || digits > DIGITS || (text[0] == b'0' && digits > 1) {
            return None;
        }
        Some(text.iter().fold(0, |number, digit| number * 10 + u64::from(digit - b'0')))
    }

    /// The members that say whose record it is, of a connection that is known.
    fn connection(&mut self, parser: &mut Parser) -> Option<(ConnId, Ends)> {
        if let Some((conn, known)) = &parser.latest
            && self.skip(&known.members).is_some()
        {
            return Some((*conn, known.ends.clone()));
        }
        let mut id = Rest(self.0);
        id.skip(b"\"conn\":")?;
        let conn = ConnId(u32::try_from(id.number()?).ok()?);
        let known = parser.known.get(&conn)?.as_ref()?;
        self.skip(&known.members)?;
        parser.latest = Some((conn, known.clone()));
        Some((conn, known.ends.clone()))
    }
}

/// The record of `line`, if it is such a line and nothing is wrong with it.
pub(super) fn record(line: &[u8], parser: &mut Parser) -> Option<Item> {
    let mut rest = Rest(line);
    let direction = if rest.skip(b"{\"type\":\"received\",\"seq\":").is_some() {
        Direction::Received
    } else {
        rest.skip(b"{\"type\":\"sent\",\"seq\":")?;
        Direction::Sent
    };
    let seq = rest.number().filter(|seq| *seq <= HIGHEST && parser.last.is_none_or(|last| last < *seq))?;
    rest.skip(b",\"time\":\"")?;
    let time = parser.times.read(rest.take(30)?)?;
    rest.skip(b"\",")?;
    let (conn, ends) = rest.connection(parser)?;
    rest.skip(b",\"len\":")?;
    let len = rest.number().filter(|len| *len <= LONGEST_PAYLOAD)?;
    rest.skip(b",\"hex\":\"")?;
    let hex = rest.take(2 * usize::try_from(len).ok()?)?;
    rest.skip(b"\",")?;
    parser.decode(hex)?;
    rest.skip(parser.text.of(&parser.piece))?;
    let unexpected = match rest.0 {
        b"}" => false,
        b",\"unexpected\":true}" if direction == Direction::Received => true,
        _ => return None,
    };
    let content = Content::Payload(direction, parser.decoded());
    parser.last = Some(seq);
    let record = Record { seq, time, conn: Some(conn), content, unexpected };
    Some(Item::Record { record, ends: Some(ends), note: None })
}
