//! Streams cut by hand, and in every way that they can be chunked.

use proptest::prelude::*;

use super::*;

/// The frames of a stream that comes in `chunks`, each with its time in milliseconds, and what is still open.
fn frames(framing: Framing, chunks: &[(&[u8], u64)]) -> (Vec<(Vec<u8>, Ending)>, Vec<u8>) {
    let mut cutter = Cutter::new(framing);
    let (mut frames, mut open) = (Vec::new(), Vec::new());
    for (bytes, millis) in chunks {
        let mut start = 0;
        for cut in cutter.push(bytes, Stamp::from_nanos(millis * 1_000_000)) {
            open.extend_from_slice(&bytes[start..cut.end]);
            frames.push((std::mem::take(&mut open), cut.ending));
            start = cut.end;
        }
        open.extend_from_slice(&bytes[start..]);
        assert_eq!(cutter.is_inside(), !open.is_empty());
    }
    (frames, open)
}

/// Cuts `stream` whole, in two at every place, and byte by byte.
#[track_caller]
fn check(framing: Framing, stream: &[u8], expected: &[(&[u8], Ending)], open: &[u8]) {
    let expected: Vec<_> = expected.iter().map(|(frame, ending)| (frame.to_vec(), *ending)).collect();
    let check = |chunks: &[(&[u8], u64)]| {
        let found = frames(framing, chunks);
        assert_eq!(found, (expected.clone(), open.to_vec()), "{framing:?}, {chunks:?}");
    };
    check(&[(stream, 0)]);
    for split in 0..=stream.len() {
        check(&[(&stream[..split], 0), (&stream[split..], 0)]);
    }
    check(&stream.chunks(1).map(|byte| (byte, 0)).collect::<Vec<_>>());
}

use Ending::{BadPrefix, TooLong, Unframed, Whole};

#[test]
fn chunks_are_as_they_came() {
    let chunks: [(&[u8], u64); 3] = [(b"one", 0), (b"two", 0), (b"", 0)];
    assert_eq!(
        frames(Framing::Chunks, &chunks),
        (vec![(b"one".to_vec(), Whole), (b"two".to_vec(), Whole)], vec![])
    );
}

#[test]
fn lines_end_with_a_line_feed() {
    check(Framing::Line, b"", &[], b"");
    check(Framing::Line, b"a\nbc\r\n\nd", &[(b"a\n", Whole), (b"bc\r\n", Whole), (b"\n", Whole)], b"d");
}

fn prefix(width: Width, offset: u8) -> LengthPrefix {
    LengthPrefix { width, offset, ..LengthPrefix::default() }
}

#[test]
fn a_length_prefix_counts_what_follows_it_or_itself_too() {
    let by = |prefix: LengthPrefix| Framing::LengthPrefix(prefix);
    check(
        by(prefix(Width::One, 0)),
        b"\x02ab\0\x01c\x05d",
        &[(b"\x02ab", Whole), (b"\0", Whole), (b"\x01c", Whole)],
        b"\x05d",
    );
    check(by(prefix(Width::Two, 0)), b"\0\x02ab\0", &[(b"\0\x02ab", Whole)], b"\0");
    let little = LengthPrefix { little_endian: true, ..prefix(Width::Four, 0) };
    check(by(little), b"\x01\0\0\0a\0\0\0\0", &[(b"\x01\0\0\0a", Whole), (b"\0\0\0\0", Whole)], b"");
    let whole = LengthPrefix { counts_itself: true, ..prefix(Width::Two, 1) };
    check(by(whole), b"A\0\x05abB\0\x03", &[(b"A\0\x05ab", Whole), (b"B\0\x03", Whole)], b"");
    let sum = LengthPrefix { extra: 1, ..prefix(Width::Eight, 0) };
    check(by(sum), b"\0\0\0\0\0\0\0\x01a#", &[(b"\0\0\0\0\0\0\0\x01a#", Whole)], b"");
    // Modbus/TCP: transaction, protocol, length, unit, function, data.
    let modbus = b"\0\x01\0\0\0\x06\x11\x03\0\x6b\0\x03";
    check(by(prefix(Width::Two, 4)), modbus, &[(modbus, Whole)], b"");
}

#[test]
fn after_a_wrong_length_prefix_chunks_are_as_they_came() {
    let framing = Framing::LengthPrefix(prefix(Width::Four, 0));
    let chunks: [(&[u8], u64); 3] = [(b"\0\0\0\x01a\xff\xff", 0), (b"\xff\xffrest", 0), (b"more", 0)];
    let expected = [
        (b"\0\0\0\x01a".to_vec(), Whole),
        (b"\xff\xff\xff\xff".to_vec(), BadPrefix),
        (b"rest".to_vec(), Unframed),
        (b"more".to_vec(), Unframed),
    ];
    assert_eq!(frames(framing, &chunks), (expected.to_vec(), vec![]));
    // A frame that is shorter than its own header.
    let whole = LengthPrefix { counts_itself: true, ..prefix(Width::Two, 0) };
    check(Framing::LengthPrefix(whole), b"\0\x01", &[(b"\0\x01", BadPrefix)], b"");
    let negative = LengthPrefix { extra: -3, ..prefix(Width::One, 0) };
    check(Framing::LengthPrefix(negative), b"\x03\x02", &[(b"\x03", Whole), (b"\x02", BadPrefix)], b"");
}

#[test]
fn the_longest_length_is_taken_and_one_more_is_not() {
    let eight = prefix(Width::Eight, 64);
    let longest = (LONGEST - eight.header()) as u64;
    assert_eq!(eight.frame_len(longest), Some(LONGEST));
    assert_eq!(eight.frame_len(longest + 1), None);
    assert_eq!(eight.frame_len(u64::MAX), None);
    assert_eq!(LengthPrefix { extra: i32::MIN, ..eight }.frame_len(0), None);
}

#[test]
fn a_field_is_read_from_a_frame() {
    let little = LengthPrefix { little_endian: true, ..prefix(Width::Two, 1) };
    assert_eq!(little.announced(b"x\x01\x02y"), Some(0x0201));
    assert_eq!(prefix(Width::Two, 1).announced(b"x\x01\x02y"), Some(0x0102));
    assert_eq!(little.announced(b"x\x01"), None);
}

#[test]
fn fixed_frames_have_their_size() {
    let three = Framing::Fixed(NonZeroU32::new(3).expect("not zero"));
    check(three, b"abcdefgh", &[(b"abc", Whole), (b"def", Whole)], b"gh");
}

#[test]
fn a_gap_ends_a_frame_when_the_next_one_begins() {
    let framing = Framing::Gap(Duration::from_millis(10));
    let chunks: [(&[u8], u64); 4] = [(b"a", 0), (b"b", 9), (b"c", 19), (b"d", 28)];
    assert_eq!(frames(framing, &chunks), (vec![(b"ab".to_vec(), Whole)], b"cd".to_vec()));
}

#[test]
fn a_frame_that_gets_too_long_is_cut() {
    let stream = vec![b'a'; LONGEST + 5];
    for framing in [Framing::Line, Framing::Gap(Duration::from_secs(1))] {
        for split in [1, LONGEST - 1, LONGEST, LONGEST + 1] {
            let (found, open) = frames(framing, &[(&stream[..split], 0), (&stream[split..], 0)]);
            assert_eq!(found.iter().map(|(f, e)| (f.len(), *e)).collect::<Vec<_>>(), [(LONGEST, TooLong)]);
            assert_eq!(open.len(), 5);
        }
    }
    let chunks: [(&[u8], u64); 2] = [(&stream[..LONGEST], 0), (b"b", 2000)];
    let (found, _) = frames(Framing::Gap(Duration::from_secs(1)), &chunks);
    assert_eq!(found[0].1, Whole);
    let huge = Framing::Fixed(NonZeroU32::MAX);
    assert_eq!(frames(huge, &[(&stream, 0)]).0[0].0.len(), LONGEST);
}

fn framing() -> impl Strategy<Value = Framing> {
    let prefix = (prop::sample::select(Width::ALL.to_vec()), any::<bool>(), any::<bool>(), 0..4_u8, -2..3_i32);
    let prefix = prefix.prop_map(|(width, little_endian, counts_itself, offset, extra)| {
        Framing::LengthPrefix(LengthPrefix { width, little_endian, counts_itself, offset, extra })
    });
    let fixed = (1..9_u32).prop_map(|size| Framing::Fixed(NonZeroU32::new(size).expect("not zero")));
    prop_oneof![Just(Framing::Line), prefix, fixed, Just(Framing::Gap(Duration::from_millis(2)))]
}

proptest! {
    /// Chunked in any way a stream has the same frames, up to where a wrong length field ends them; and nothing of it
    /// is left out.
    #[test]
    fn any_chunking_gives_the_same_frames(
        framing in framing(),
        stream in prop::collection::vec(prop_oneof![3 => 0..6_u8, 1 => Just(b'\n'), 1 => any::<u8>()], 0..80),
        splits in prop::collection::vec(0..80_usize, 0..20),
    ) {
        // Ten bytes a millisecond, then a pause.
        let time = |at: usize| (at as u64 / 10) * 3;
        let mut ends: Vec<usize> = splits.into_iter().filter(|split| *split < stream.len()).collect();
        // Bytes of different times are in different chunks.
        ends.extend((1..).map(|n| n * 10).take_while(|end| *end < stream.len()));
        ends.push(stream.len());
        ends.sort_unstable();
        let mut chunks: Vec<(&[u8], u64)> = Vec::new();
        let mut start = 0;
        for end in ends {
            chunks.push((&stream[start..end], time(start)));
            start = end;
        }
        let bytes: Vec<(&[u8], u64)> = stream.chunks(1).enumerate().map(|(at, byte)| (byte, time(at))).collect();
        let (in_chunks, open) = frames(framing, &chunks);
        let (byte_by_byte, _) = frames(framing, &bytes);
        let framed = |found: &[(Vec<u8>, Ending)]| -> Vec<(Vec<u8>, Ending)> {
            found.iter().take_while(|(_, ending)| *ending != Unframed).cloned().collect()
        };
        prop_assert_eq!(framed(&in_chunks), framed(&byte_by_byte));
        let all: Vec<u8> = in_chunks.into_iter().flat_map(|(frame, _)| frame).chain(open).collect();
        prop_assert_eq!(all, stream);
    }
}
