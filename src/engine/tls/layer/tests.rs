use std::collections::VecDeque;

use proptest::prelude::*;

use super::*;
use crate::engine::tls::{Identity, Settings, self_signed};

/// A socket of a connection within the process: what goes in at one end comes out of the other in pieces.
#[derive(Default)]
struct Pipe {
    bytes: VecDeque<u8>,
    ended: bool,
}

/// One end of two pipes.
struct End<'a> {
    from: &'a mut Pipe,
    to: &'a mut Pipe,
    /// The most that a call takes, and the most that waits in a pipe.
    piece: usize,
    room: usize,
}

impl Read for End<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.from.bytes.is_empty() && !self.from.ended {
            return Err(ErrorKind::WouldBlock.into());
        }
        let len = buffer.len().min(self.piece);
        self.from.bytes.read(&mut buffer[..len])
    }
}

impl Write for End<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let len = bytes.len().min(self.piece).min(self.room.saturating_sub(self.to.bytes.len()));
        if len == 0 && !bytes.is_empty() {
            return Err(ErrorKind::WouldBlock.into());
        }
        self.to.bytes.write(&bytes[..len])
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Both ends of a connection.
struct Both {
    ends: [Layer; 2],
    pipes: [Pipe; 2],
    came: [Vec<u8>; 2],
    notes: [Vec<String>; 2],
    errors: [Option<io::Error>; 2],
}

fn layer(role: Role, settings: &Settings) -> Layer {
    let tls = Tls::load(settings).expect("settings");
    Layer::new(role, tls, Instant::now()).expect("a layer")
}

/// A client that trusts the self-signed certificate, and a server that has it.
fn both() -> Both {
    let folder = tempfile::tempdir().expect("a folder");
    let ca = folder.path().join("ca.pem");
    std::fs::write(&ca, self_signed().expect("a certificate").pem()).expect("a file");
    let client = Settings { ca: Some(ca), ..Settings::default() };
    let server = Settings { identity: Identity::SelfSigned, ..Settings::default() };
    let ends = [layer(Role::Client("localhost".into()), &client), layer(Role::Server, &server)];
    Both {
        ends,
        pipes: Default::default(),
        came: Default::default(),
        notes: Default::default(),
        errors: Default::default(),
    }
}

impl Both {
    fn end(&mut self, at: usize, piece: usize, room: usize) -> (&mut Layer, End<'_>) {
        let [first, second] = &mut self.pipes;
        let (from, to) = if at == 0 { (second, first) } else { (first, second) };
        (&mut self.ends[at], End { from, to, piece, room })
    }

    /// One turn of one end: it sends what it can of `bytes`, whose number is returned, and reads all there is.
    fn turn(&mut self, at: usize, bytes: &[u8], piece: usize, room: usize) -> usize {
        let mut buffer = vec![0; piece.max(3)];
        let mut sent = 0;
        let (layer, mut end) = self.end(at, piece, room);
        while sent < bytes.len()
            && let Ok(written) = layer.write(&mut end, &bytes[sent..])
        {
            sent += written;
        }
        let _ = layer.flush(&mut end);
        loop {
            let (layer, mut end) = self.end(at, piece, room);
            match layer.read(&mut end, &mut buffer) {
                Ok(0) => return sent,
                Ok(read) => self.came[at].extend_from_slice(&buffer[..read]),
                Err(error) if error.kind() == ErrorKind::Interrupted => {
                    let notes = self.ends[at].take_notes();
                    self.notes[at].extend(notes);
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => return sent,
                Err(error) => {
                    self.errors[at] = Some(error);
                    return sent;
                }
            }
        }
    }

    fn error(&self, at: usize) -> String {
        self.errors[at].as_ref().map_or_else(String::new, ToString::to_string)
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// However the ciphertext is cut, and however little the kernel takes, the payload is the same, in both directions.
    #[test]
    fn any_split_of_the_ciphertext_gives_the_same_payload(
        lens in (0_usize..150_000, 0_usize..150_000),
        pieces in prop::collection::vec(1_usize..20_000, 1..12),
        room in 1_000_usize..100_000,
    ) {
        let mut both = both();
        let payload = |len: usize, odd: usize| (0..len).map(|at| u8::try_from(at * odd % 251).expect("below 251")).collect::<Vec<_>>();
        let payloads = [payload(lens.0, 7), payload(lens.1, 13)];
        let mut sent = [0, 0];
        let mut pieces = pieces.iter().cycle();
        for _ in 0..200_000 {
            for at in 0..2 {
                let piece = *pieces.next().expect("endless");
                sent[at] += both.turn(at, &payloads[at][sent[at]..], piece, room);
            }
            if both.came[0].len() >= payloads[1].len() && both.came[1].len() >= payloads[0].len() {
                break;
            }
        }
        prop_assert_eq!(&both.came[1], &payloads[0]);
        prop_assert_eq!(&both.came[0], &payloads[1]);
        prop_assert!(both.ends.iter().all(|end| end.until().is_none() && end.ahead() == 0));
    }

    /// Whatever a peer sends first, nothing panics, and no payload comes of it.
    #[test]
    fn bytes_of_a_stranger_do_no_harm(
        start in prop::sample::select(vec![vec![], vec![22, 3, 1], vec![21, 3, 3, 0, 2], vec![22, 3, 1, 0, 5, 1, 0, 0, 1]]),
        rest in prop::collection::vec(any::<u8>(), 0..3_000),
        piece in 1_usize..500,
    ) {
        for at in 0..2 {
            let mut both = both();
            both.pipes[1 - at].bytes.extend(start.iter().chain(&rest));
            both.turn(at, b"", piece, 100_000);
            prop_assert!(both.came[at].is_empty());
            prop_assert!(both.ends[at].until().is_some());
        }
    }
}

#[test]
fn a_handshake_tells_what_was_agreed_and_who_the_peer_is() {
    let mut both = both();
    for _ in 0..4 {
        both.turn(0, b"", 1_000, 100_000);
        both.turn(1, b"", 1_000, 100_000);
    }
    let notes = both.notes.map(|notes| notes.join("\n"));
    assert!(notes[0].starts_with("TLS 1.3 is on: TLS_AES_256_GCM_SHA384, key exchange X25519"), "{}", notes[0]);
    assert!(notes[0].contains("the server's certificate 1 of 1: CN=Sockscope self-signed; issued by itself;"));
    assert!(notes[0].contains(&self_signed().expect("a certificate").sha256()), "{}", notes[0]);
    assert!(notes[0].contains("the server was checked to be localhost:"), "{}", notes[0]);
    assert!(notes[1].contains("asks for localhost (SNI), and offers no protocol (no ALPN)"), "{}", notes[1]);
}

#[test]
fn a_close_notify_is_an_end_and_its_absence_is_told() {
    for in_order in [true, false] {
        let mut both = both();
        let mut sent = 0;
        while both.came[1].len() < 5 {
            sent += both.turn(0, &b"hello"[sent..], 1_000, 100_000);
            both.turn(1, b"", 1_000, 100_000);
        }
        if in_order {
            let (layer, mut end) = both.end(0, 1_000, 100_000);
            layer.finish(&mut end).expect("there is room");
        }
        both.pipes[0].ended = true;
        both.turn(1, b"", 1_000, 100_000);
        let (layer, mut end) = both.end(1, 1_000, 100_000);
        assert_eq!(layer.read(&mut end, &mut [0; 9]).ok(), Some(0), "it is the end");
        let told = both.notes[1].iter().any(|note| note.contains("without close_notify"));
        assert_eq!(told, !in_order);
    }
}

#[test]
fn a_peer_that_speaks_plain_text_is_quoted() {
    let mut both = both();
    both.pipes[0].bytes.extend(b"GET / HTTP/1.1\r\n");
    both.pipes[1].bytes.extend(b"220 mail ready\r\n");
    both.turn(1, b"", 1_000, 100_000);
    both.turn(0, b"", 1_000, 100_000);
    let error = both.error(1);
    assert!(error.contains(r"the client sent no TLS: `GET / HTTP/1.1\r\n`"), "{error}");
    let error = both.error(0);
    assert!(error.contains(r"the server sent no TLS: `220 mail ready\r\n`"), "{error}");
}

#[test]
fn a_peer_that_ends_before_the_handshake_is_done_is_an_error() {
    let mut both = both();
    both.pipes[0].ended = true;
    both.turn(1, b"", 1_000, 100_000);
    assert!(both.error(1).contains("finished before the handshake was done; it sent nothing"), "{}", both.error(1));
    assert!(both.ends[0].too_late().to_string().contains("not done within 10 s"));
}
