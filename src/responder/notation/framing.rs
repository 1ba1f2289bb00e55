//! Framings as words: `chunks`, `line`, `fixed:64`, `gap:20`, `length:2`, `length:4le,self,offset=2,extra=-1`.

use std::num::NonZeroU32;
use std::time::Duration;

use crate::endpoint::ParseError;
use crate::framing::{Framing, LARGEST_OFFSET, LONGEST, LengthPrefix, Width};
use crate::payload::refused;

/// Reads a framing.
///
/// # Errors
///
/// What is wrong and where.
pub fn parse_framing(text: &str) -> Result<Framing, ParseError> {
    let (name, rest) = text.split_once(':').map_or((text, None), |(name, rest)| (name, Some(rest)));
    let at = name.len() + 1;
    match (name, rest) {
        ("chunks", None) => Ok(Framing::Chunks),
        ("line", None) => Ok(Framing::Line),
        ("fixed", Some(size)) => size
            .parse::<NonZeroU32>()
            .ok()
            .filter(|size| size.get() as usize <= LONGEST)
            .map(Framing::Fixed)
            .ok_or_else(|| refused(at, format!("a size from 1 to {LONGEST} bytes belongs here"))),
        ("gap", Some(pause)) => pause
            .parse::<u32>()
            .ok()
            .filter(|ms| *ms > 0)
            .map(|ms| Framing::Gap(Duration::from_millis(ms.into())))
            .ok_or_else(|| refused(at, "a pause in whole milliseconds, at least 1, belongs here")),
        ("length", Some(field)) => length(field, at).map(Framing::LengthPrefix),
        _ => Err(refused(0, "use chunks, line, fixed:BYTES, gap:MS or length:WIDTH")),
    }
}

/// Reads `4le,self,offset=2,extra=-1`, which stands at `at`.
fn length(text: &str, mut at: usize) -> Result<LengthPrefix, ParseError> {
    let mut parts = text.split(',');
    let field = parts.next().unwrap_or_default();
    let (digits, order) = field.split_at(field.len().min(1));
    let width = Width::ALL.into_iter().find(|width| width.bytes().to_string() == digits);
    let width = width.ok_or_else(|| refused(at, "the width of the field, 1, 2, 4 or 8 bytes, belongs here"))?;
    let little_endian = match order {
        "" | "be" => false,
        "le" => true,
        _ => return Err(refused(at + 1, "le or be belongs here: the order of the bytes")),
    };
    let mut prefix = LengthPrefix { width, little_endian, ..LengthPrefix::default() };
    at += field.len() + 1;
    for part in parts {
        match part.split_once('=') {
            None if part == "self" => prefix.counts_itself = true,
            Some(("offset", number)) => {
                let offset = number.parse().ok().filter(|offset| *offset <= LARGEST_OFFSET);
                prefix.offset =
                    offset.ok_or_else(|| refused(at, format!("offset is a number from 0 to {LARGEST_OFFSET}")))?;
            }
            Some(("extra", number)) => {
                prefix.extra = number.parse().map_err(|_| refused(at, "extra is a whole number"))?;
            }
            _ => return Err(refused(at, "self, offset=N or extra=N belongs here")),
        }
        at += part.len() + 1;
    }
    Ok(prefix)
}

/// A framing as text that [`parse_framing`] reads back; `None` for a pause that is no whole number of milliseconds.
pub fn print_framing(framing: Framing) -> Option<String> {
    Some(match framing {
        Framing::Chunks => "chunks".to_owned(),
        Framing::Line => "line".to_owned(),
        Framing::Fixed(size) => format!("fixed:{size}"),
        Framing::Gap(gap) => {
            let ms = u32::try_from(gap.as_millis()).ok().filter(|ms| *ms > 0)?;
            (Duration::from_millis(ms.into()) == gap).then(|| format!("gap:{ms}"))?
        }
        Framing::LengthPrefix(prefix) => {
            let order = if prefix.little_endian { "le" } else { "" };
            let itself = if prefix.counts_itself { ",self" } else { "" };
            let offset = if prefix.offset > 0 { format!(",offset={}", prefix.offset) } else { String::new() };
            let extra = if prefix.extra != 0 { format!(",extra={}", prefix.extra) } else { String::new() };
            format!("length:{}{order}{itself}{offset}{extra}", prefix.width.bytes())
        }
    })
}
