//! Foreign bytes as text of a file, at the speed of a disk.
//!
//! Runs that stand for themselves are found by looking at [`STRIDE`] bytes at once, and are copied. In all others each
//! byte is written from a table, eight bytes whatever its length, so that nothing depends on what the byte is: the
//! quotes and line ends of text defeat every prediction as binary payload does. Only a character beyond ASCII takes a
//! branch.

mod forms;
mod table;

pub(super) use forms::{Escaped, Json, Quoted, starts_formula};

use table::{Cell, Table};

/// Bytes that are looked at in one go.
const STRIDE: usize = 32;

/// No form writes more than this for a byte; a character beyond ASCII takes less than this for each of its bytes.
const LONGEST: usize = 6;

/// The last place at which a byte of eight may be written, rounded up to what a mask can hold.
const LAST_PLACE: usize = 63;

/// What eight bytes are written to.
const ROOM_OF_EIGHT: usize = LAST_PLACE + 1 + size_of::<Cell>();

/// Bytes that `len` of payload may need.
pub(super) const fn room(len: usize) -> usize {
    // A cell of the table is written whole at the end, too, and the last eight bytes have all their room.
    len * LONGEST + ROOM_OF_EIGHT
}

/// How a form writes what does not stand for itself.
pub(super) trait Form {
    /// By byte.
    const TABLE: &'static Table;
    /// Printable ASCII that does not stand for itself; three times the same one is fine.
    const UNPLAIN: [u8; 3];

    /// ASCII that is [looked at](Form::watched) more closely.
    const WATCHED: Option<u8> = None;

    /// Writes a character beyond ASCII to `out`, which has room. `before` is what was ahead of it. Returns how long it
    /// got.
    fn character(&mut self, character: char, before: Before<'_>, out: &mut [u8]) -> usize;

    /// Writes the start of a character that is cut short, as [`character`](Self::character) does.
    fn cut(&mut self, bytes: &[u8], out: &mut [u8]) -> usize {
        bytes.iter().fold(0, |at, byte| at + put(Self::TABLE.cells[usize::from(*byte)], &mut out[at..]))
    }

    /// Writes [`WATCHED`](Self::WATCHED), which the table has been told of; `after` is what follows it.
    fn watched(&mut self, byte: u8, _after: &[u8], out: &mut [u8]) -> usize {
        put(Self::TABLE.cells[usize::from(byte)], out)
    }
}

/// What is ahead of a character.
#[derive(Clone, Copy, Debug)]
pub(super) struct Before<'a> {
    bytes: &'a [u8],
    /// The byte before was the last one of another character beyond ASCII.
    character: bool,
}

/// Writes all eight bytes of a cell, of which as many count as it returns.
#[inline]
fn put(cell: Cell, out: &mut [u8]) -> usize {
    out[..cell.len()].copy_from_slice(&cell);
    usize::from(cell[7])
}

/// Whether all of `stride` stands for itself; without an early way out, so that it becomes vector instructions.
#[inline]
fn is_plain<F: Form>(stride: &[u8; STRIDE]) -> bool {
    stride.iter().fold(true, |all, &byte| {
        let [a, b, c] = F::UNPLAIN;
        all & (byte.wrapping_sub(b' ') < 0x7f - b' ') & (byte != a) & (byte != b) & (byte != c)
    })
}

/// A one in each byte of a word.
const ONES: u64 = 0x0101_0101_0101_0101;

/// The highest bit of each byte.
const HIGH: u64 = ONES * 0x80;

/// Marks the ASCII below `limit` among eight bytes, in their highest bits: the lowest mark is right, and the others are
/// mostly (the well-known trick of subtracting from all bytes of a word at once).
#[inline]
const fn below(word: u64, limit: u8) -> u64 {
    word.wrapping_sub(ONES * limit as u64) & !word & HIGH
}

/// Marks what is `byte`, in the same way.
#[inline]
const fn is(word: u64, byte: u8) -> u64 {
    below(word ^ (ONES * byte as u64), 1)
}

/// Marks which of eight bytes may need a closer look: those that are watched, and those that may start a character,
/// 11xxxxxx, where the byte `after` them may go on with it, 10xxxxxx.
#[inline]
fn may_need_closer<F: Form>(word: u64, after: u64) -> u64 {
    let starts = word & (word << 1) & after & !(after << 1) & HIGH;
    F::WATCHED.map_or(starts, |byte| starts | is(word, byte))
}

/// Whether each of `stride` is ASCII that is not watched: the table tells all about it. Word by word: compilers make
/// poor vectors of this.
#[inline]
fn is_alone<F: Form>(stride: &[u8; STRIDE]) -> bool {
    let words = stride.as_chunks().0.iter().map(|word| u64::from_le_bytes(*word));
    let closer = |word| (word & HIGH) | F::WATCHED.map_or(0, |byte| is(word, byte));
    words.fold(0, |all, word| all | closer(word)) == 0
}

/// Writes `bytes` to `out`, which has [`room`] for them. Returns how long that is.
pub(super) fn escape<F: Form>(mut form: F, bytes: &[u8], out: &mut [u8]) -> usize {
    let mut place = Place { from: 0, at: 0, end_of_character: usize::MAX };
    while let Some(stride) = bytes.get(place.from..).and_then(<[u8]>::first_chunk::<STRIDE>) {
        if is_plain::<F>(stride) {
            out[place.at..place.at + STRIDE].copy_from_slice(stride);
            place.from += STRIDE;
            place.at += STRIDE;
        } else if is_alone::<F>(stride) {
            for word in stride.as_chunks().0 {
                place.at += eight::<F>(*word, &mut out[place.at..]);
            }
            place.from += STRIDE;
        } else {
            let end = place.from + STRIDE - WINDOW;
            while place.from <= end {
                place = word(&mut form, bytes, out, place);
            }
        }
    }
    while place.from + WINDOW <= bytes.len() {
        place = word(&mut form, bytes, out, place);
    }
    while place.from < bytes.len() {
        place = one(&mut form, bytes, out, place);
    }
    place.at
}

/// Eight bytes, and the one after them.
const WINDOW: usize = 9;

/// How far it is. Handed on by value: in registers, not in memory that what is written might overlap.
#[derive(Clone, Copy)]
struct Place {
    /// How many bytes are read, and how many are written.
    from: usize,
    at: usize,
    /// Where the last character beyond ASCII ended.
    end_of_character: usize,
}

/// Writes the cells of eight bytes: the same work whatever they are. Returns how many bytes count.
#[inline(always)]
fn eight<F: Form>(word: [u8; 8], out: &mut [u8]) -> usize {
    let out = out.first_chunk_mut::<ROOM_OF_EIGHT>().expect("there is room for a word after every byte");
    let mut at = 0;
    for byte in word {
        // Never cut off: it tells the compiler that no place is beyond the room.
        at += put(F::TABLE.cells[usize::from(byte)], &mut out[at & LAST_PLACE..]);
    }
    at
}

/// Writes up to eight bytes, after which there is one more.
#[inline(always)]
fn word<F: Form>(form: &mut F, bytes: &[u8], out: &mut [u8], place: Place) -> Place {
    let window = &bytes[place.from..place.from + WINDOW];
    // Each is read as a whole: what is put together from bytes would have to wait for them.
    let (Some(word), Some(after)) = (window.first_chunk(), window.last_chunk()) else { return place };
    let closer = may_need_closer::<F>(u64::from_le_bytes(*word), u64::from_le_bytes(*after));
    // All are written; those before the first that needs a closer look count.
    let alone = (closer.trailing_zeros() / u8::BITS) as usize;
    if alone == word.len() {
        let at = place.at + eight::<F>(*word, &mut out[place.at..]);
        return Place { from: place.from + alone, at, ..place };
    }
    if alone == 0 {
        return one(form, bytes, out, place);
    }
    let at = place.at + some_of_eight::<F>(*word, alone, &mut out[place.at..]);
    one(form, bytes, out, Place { from: place.from + alone, at, ..place })
}

/// The same as [`eight`], where only the first `alone` of them count: that is not known early enough to be told by a
/// branch.
#[inline(always)]
fn some_of_eight<F: Form>(word: [u8; 8], alone: usize, out: &mut [u8]) -> usize {
    let out = out.first_chunk_mut::<ROOM_OF_EIGHT>().expect("there is room for a word after every byte");
    let (mut at, mut end) = (0, 0);
    for (index, byte) in word.into_iter().enumerate() {
        end = if index == alone { at } else { end };
        at += put(F::TABLE.cells[usize::from(byte)], &mut out[at & LAST_PLACE..]);
    }
    end
}

/// Writes the next byte, or the character that it starts.
#[inline(always)]
fn one<F: Form>(form: &mut F, bytes: &[u8], out: &mut [u8], mut place: Place) -> Place {
    let byte = bytes[place.from];
    let (first, count) = F::TABLE.closer[usize::from(byte)];
    let next = bytes.get(place.from + 1).copied().unwrap_or_default();
    if u16::from(next.wrapping_sub(first)) >= count {
        place.at += put(F::TABLE.cells[usize::from(byte)], &mut out[place.at..]);
        place.from += 1;
        return place;
    }
    let (before, rest) = bytes.split_at(place.from);
    let before = Before { bytes: before, character: place.end_of_character == place.from };
    let (read, written, whole) = closer(form, rest, before, &mut out[place.at..]);
    place.from += read;
    place.at += written;
    if whole {
        place.end_of_character = place.from;
    }
    place
}

/// Writes what `bytes` begin with: a byte that is watched, or the start of a character, of which the second byte is
/// right. Returns how many bytes were read and written, and whether they are a whole character beyond ASCII.
fn closer<F: Form>(form: &mut F, bytes: &[u8], before: Before<'_>, out: &mut [u8]) -> (usize, usize, bool) {
    let lead = bytes[0];
    if lead.is_ascii() {
        return (1, form.watched(lead, &bytes[1..], out), false);
    }
    // A lead has as many ones ahead as its character has bytes.
    let width = lead.leading_ones() as usize;
    let goes_on = |at: usize| bytes.get(at).is_some_and(|byte| byte & 0xc0 == 0x80);
    let third = width > 2 && goes_on(2);
    let right = 2 + usize::from(third) + usize::from(third && width > 3 && goes_on(3));
    if right < width {
        return (right, form.cut(&bytes[..right], out), false);
    }
    // Seven bits less one for each byte of the lead's length; then six a byte.
    let start = u32::from(lead) & (0x7f >> width);
    let code = bytes[1..width].iter().fold(start, |code, byte| code << 6 | u32::from(byte & 0x3f));
    let character = char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER);
    (width, form.character(character, before, out), true)
}

#[cfg(test)]
mod tests;
