//! Which form a file has: told by what is in it, whatever its name.

use std::fs::File;
use std::io::{self, Read, Seek};
use std::path::Path;

use super::{LogReader, jsonl, pcapng};
use crate::error::OpError;

/// So many bytes tell the form.
const HEAD: u64 = 4096;

/// How files of packets begin: pcapng (a section header), pcap in µs and ns, each in both byte orders.
const CAPTURES: [[u8; 4]; 5] = [
    [0x0a, 0x0d, 0x0d, 0x0a],
    [0xa1, 0xb2, 0xc3, 0xd4],
    [0xd4, 0xc3, 0xb2, 0xa1],
    [0xa1, 0xb2, 0x3c, 0x4d],
    [0x4d, 0x3c, 0xb2, 0xa1],
];

/// The form of a file that can be opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Jsonl,
    Capture,
}

impl Form {
    /// The form of a file that begins with `head`.
    fn of(head: &[u8]) -> Option<Self> {
        if CAPTURES.iter().any(|magic| head.starts_with(magic)) {
            return Some(Self::Capture);
        }
        // Which object it is the reader says, and where it is wrong.
        head.trim_ascii_start().starts_with(b"{").then_some(Self::Jsonl)
    }
}

/// A reader of the file at `path`, whatever its form.
///
/// # Errors
/// One with the operation `open`: when it can't be read, is no file, or nothing that can be opened.
pub fn reader(path: &Path) -> Result<Box<dyn LogReader>, OpError> {
    let failed = |error: &io::Error| OpError::io("open", path.display(), error);
    // A pipe would be waited for.
    let found = std::fs::metadata(path).map_err(|error| failed(&error))?;
    if !found.is_file() {
        let what = if found.is_dir() { "a folder" } else { "a device, pipe or socket" };
        let error = OpError::new("open", path.display(), format!("that is {what}, not a file"));
        return Err(error.advise("choose a log file"));
    }
    let mut file = File::open(path).map_err(|error| failed(&error))?;
    let mut head = Vec::new();
    (&mut file).take(HEAD).read_to_end(&mut head).map_err(|error| failed(&error))?;
    file.rewind().map_err(|error| failed(&error))?;
    match Form::of(&head) {
        Some(Form::Jsonl) => Ok(Box::new(jsonl::Reader::new(file))),
        Some(Form::Capture) => Ok(Box::new(pcapng::Reader::new(file))),
        None => Err(unknown(path, &head)),
    }
}

fn unknown(path: &Path, head: &[u8]) -> OpError {
    let message = match head {
        [] => "the file is empty",
        _ => "this is no log that can be opened",
    };
    let advice = "Sockscope opens its own logs in JSON Lines (.jsonl), and files of packets (.pcapng, .pcap)";
    OpError::new("open", path.display(), message).advise(advice)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(head: &[u8], expected: Option<Form>) {
        assert_eq!(Form::of(head), expected, "{}", head.escape_ascii());
    }

    #[test]
    fn the_content_tells_the_form() {
        check(b"{\"type\":\"session\"", Some(Form::Jsonl));
        check(b"\n {", Some(Form::Jsonl));
        check(b"\n\r\r\n", Some(Form::Capture));
        check(b"\xd4\xc3\xb2\xa1\x02\0", Some(Form::Capture));
        check(b"\xd4\xc3", None);
        check(b"", None);
        check(b"\0\0\0\0", None);
        check(b"seq,time,connection", None);
        check(b"# sockscope 0.1.0", None);
    }
}
