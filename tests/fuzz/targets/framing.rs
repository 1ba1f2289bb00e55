//! A stream has the same frames however it is chunked.

#![no_main]

use std::num::NonZeroU32;

use libfuzzer_sys::fuzz_target;
use sockscope::clock::Stamp;
use sockscope::framing::{Cutter, Ending, Framing, LengthPrefix, Width};

/// Where frames end in the stream, and why; `chunks` are the lengths it comes in, over and over.
fn ends(framing: Framing, stream: &[u8], chunks: &[u8]) -> Vec<(usize, Ending)> {
    let mut cutter = Cutter::new(framing);
    let (mut found, mut from) = (Vec::new(), 0);
    for len in chunks.iter().cycle().map(|len| usize::from(*len % 16) + 1) {
        if from == stream.len() {
            break;
        }
        let to = (from + len).min(stream.len());
        found.extend(cutter.push(&stream[from..to], Stamp::default()).map(|cut| (from + cut.end, cut.ending)));
        from = to;
    }
    found
}

fuzz_target!(|input: (u8, u8, i8, [u8; 4], &[u8])| {
    let (kind, offset, extra, chunks, stream) = input;
    let framing = match kind % 4 {
        0 => Framing::Line,
        1 => Framing::Fixed(NonZeroU32::MIN.saturating_add(offset.into())),
        _ => Framing::LengthPrefix(LengthPrefix {
            width: Width::ALL[usize::from(kind / 4 % 4)],
            little_endian: kind & 16 != 0,
            counts_itself: kind & 32 != 0,
            offset: offset % 64,
            extra: extra.into(),
        }),
    };
    let whole = ends(framing, stream, &[15]);
    // What follows a wrong length is told chunk by chunk.
    let framed = |ends: Vec<(usize, Ending)>| -> Vec<_> {
        ends.into_iter().filter(|(_, ending)| *ending != Ending::Unframed).collect()
    };
    assert_eq!(framed(whole.clone()), framed(ends(framing, stream, &chunks)));
    assert!(whole.is_sorted_by(|before, after| before.0 < after.0));
    match framing {
        Framing::Line => {
            let feeds: Vec<_> = (1..=stream.len()).filter(|end| stream[end - 1] == b'\n').collect();
            assert_eq!(whole.iter().map(|(end, _)| *end).collect::<Vec<_>>(), feeds);
        }
        Framing::Fixed(size) => assert_eq!(whole.len(), stream.len() / size.get() as usize),
        _ => {}
    }
});
