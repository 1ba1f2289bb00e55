//! Much payload both ways at once, and every byte of it in the journal.

use std::io::{Read, Write};
use std::net::Shutdown;
use std::thread::Builder;

use sha2::{Digest, Sha256};
use sockscope::engine::{Command, Options, Target};
use sockscope::journal::{ConnId, Direction};

use crate::bench::{Bench, Tab, peer};

const BULK: usize = 64 << 20;
const PIECE: usize = 1 << 20;

/// Bytes that repeat nowhere near: a piece that is lost, doubled or moved changes the digest.
fn piece(seed: u64) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let mut bytes = Vec::with_capacity(PIECE);
    while bytes.len() < PIECE {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend_from_slice(&state.to_le_bytes());
    }
    bytes
}

fn recorded(tab: &Tab, conn: ConnId, direction: Direction) -> Vec<u8> {
    let mut digest = Sha256::new();
    for record in tab.journal.snapshot().records().filter(|record| record.conn == Some(conn)) {
        match record.payload() {
            Some((way, bytes)) if way == direction => digest.update(bytes),
            _ => {}
        }
    }
    digest.finalize().to_vec()
}

#[test]
fn bulk_both_ways_arrives_and_is_recorded() {
    let bench = Bench::new();
    let (tab, address) = bench.listen(Options { keep_open: true, ..Options::default() });
    let client = peer(address);
    let conn = bench.conn(&tab, client.local_addr().unwrap());
    let mut sending = client.try_clone().unwrap();
    let sender = Builder::new().name("sender".to_owned()).spawn(move || {
        let mut digest = Sha256::new();
        for n in 0..(BULK / PIECE) as u64 {
            let piece = piece(n);
            digest.update(&piece);
            sending.write_all(&piece).unwrap();
        }
        sending.shutdown(Shutdown::Write).unwrap();
        digest.finalize().to_vec()
    });
    let mut receiving = client;
    let receiver = Builder::new().name("receiver".to_owned()).spawn(move || {
        let (mut digest, mut total, mut room) = (Sha256::new(), 0, vec![0; 256 * 1024]);
        loop {
            match receiving.read(&mut room).unwrap() {
                0 => return (digest.finalize().to_vec(), total),
                len => {
                    digest.update(&room[..len]);
                    total += len;
                }
            }
        }
    });
    let mut given = Sha256::new();
    for n in 1_000..1_000 + (BULK / PIECE) as u64 {
        let piece = piece(n);
        given.update(&piece);
        bench.wait_for("room in the queue", || {
            (tab.journal.connection(conn).unwrap().queued.bytes < 8 << 20).then_some(())
        });
        bench.send(&tab, Target::All, piece).unwrap();
    }
    bench.command(Command::FinishSending { session: tab.session, to: Target::All });
    let (got, total) = receiver.unwrap().join().unwrap();
    assert_eq!(total, BULK);
    let given = given.finalize().to_vec();
    assert!(got == given, "what the peer got is what was given");
    let sent = sender.unwrap().join().unwrap();
    bench.wait_for("the end", || tab.journal.open_connections().is_empty().then_some(()));
    assert!(recorded(&tab, conn, Direction::Received) == sent, "what is recorded is what the peer sent");
    assert!(recorded(&tab, conn, Direction::Sent) == given, "what is recorded is what the peer got");
}
