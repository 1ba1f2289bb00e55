//! A comparison in lines of text, for the command line.

use std::io::{self, Write};

use super::comparison::{Compared, Comparison};
use crate::engine::What;
use crate::figures;

/// Differences that are shown in full; those behind are counted.
const SHOWN: usize = 20;

/// Bytes of a row, on each side.
const ROW: u64 = 8;

/// Rows that show a difference: one before it, and what follows.
const ROWS: u64 = 4;

/// Writes what came of a replay: each conversation, and the first differences side by side.
///
/// # Errors
///
/// Those of `out`.
pub fn report(comparison: &Comparison, out: &mut dyn Write) -> io::Result<()> {
    let mut left_out = 0;
    let mut shown = 0;
    for (conversation, recorded) in comparison.conversations().iter().enumerate() {
        let of_this = || comparison.turns_of(conversation);
        // A turn without an answer, such as the end, counts where something came of it.
        let answers = || of_this().filter(|turn| !turn.turn.expects.is_empty() || turn.difference().is_some());
        let equal = answers().filter(|turn| turn.settled && turn.difference().is_none()).count();
        write!(out, "connection {}", recorded.conn.0)?;
        match comparison.new_conn(conversation) {
            Some((_, Some(peer))) => write!(out, " with {peer}")?,
            Some((_, None)) => {}
            None => write!(out, ": nobody came")?,
        }
        let count = |number: usize| figures::count(number as u64);
        writeln!(out, ": {} of {} answers as recorded", count(equal), count(answers().count()))?;
        if let Some(trouble) = comparison.trouble(conversation) {
            writeln!(out, "  {trouble}")?;
        }
        for turn in of_this().filter(|turn| turn.difference().is_some()) {
            if shown < SHOWN {
                shown += 1;
                difference(comparison, &turn, out)?;
            } else {
                left_out += 1;
            }
        }
    }
    if left_out > 0 {
        writeln!(out, "{} more turns are different", figures::count(left_out))?;
    }
    writeln!(out, "{}", if comparison.is_equal() { "equal" } else { "different" })
}

/// One difference.
fn difference(comparison: &Comparison, turn: &Compared<'_>, out: &mut dyn Write) -> io::Result<()> {
    let (Some(found), Some(offset)) = (turn.difference(), turn.offset()) else { return Ok(()) };
    write!(out, "turn {}: ", turn.number + 1)?;
    let came = turn.heard.map_or(0, |heard| heard.bytes);
    let bytes =
        |number: u64| if number == 1 { "1 byte".to_owned() } else { format!("{} bytes", figures::count(number)) };
    let (right, came) = (bytes(turn.turn.expected()), bytes(came));
    let what = match found.what {
        What::NotPlayed => return writeln!(out, "not played, {} bytes sent then", figures::count(turn.sent())),
        What::Missing => format!("{came} came of {right}, then no more; byte {offset} of all answers is missing"),
        What::More => format!("{came} came, more than the recorded {right}; from byte {offset} of all answers"),
        What::Other => format!("byte {offset} of all answers is another one ({came} came, {right} recorded)"),
    };
    writeln!(out, "{what}")?;
    if let Some(datagram) = found.datagram {
        writeln!(out, "  in datagram {} of the turn", datagram + 1)?;
    }
    let start = (found.at / ROW * ROW).saturating_sub(ROW);
    let end = start + ROW * ROWS;
    let (right, came) = (comparison.recorded(turn, start..end), comparison.came(turn, start..end));
    side_by_side(start, &right, &came, out)
}

/// Rows of both, as hexadecimal digits and text; a `*` is before those that differ.
fn side_by_side(start: u64, right: &[u8], came: &[u8], out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "    {:8}  {:34}  came", "", "recorded")?;
    let row = usize::try_from(ROW).unwrap_or(8);
    for at in (0..right.len().max(came.len())).step_by(row) {
        let part = |bytes: &[u8]| bytes.get(at..bytes.len().min(at + row)).unwrap_or_default().to_vec();
        let (right, came) = (part(right), part(came));
        let mark = if right == came { ' ' } else { '*' };
        let place = start + at as u64;
        writeln!(out, "  {mark} {place:08x}  {}  {}", cells(&right, row), cells(&came, row).trim_end())?;
    }
    Ok(())
}

/// `68 65 6c 6c 6f           |hello|`: what is not printable ASCII is a dot.
fn cells(bytes: &[u8], row: usize) -> String {
    let hex: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    let printable = |byte: &u8| if (b' '..=b'~').contains(byte) { char::from(*byte) } else { '.' };
    let text: String = bytes.iter().map(printable).collect();
    format!("{:width$} {:row2$}", hex.join(" "), format!("|{text}|"), width = row * 3 - 1, row2 = row + 2)
}
