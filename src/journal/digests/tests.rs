//! Digests against those of everything that was written.

use std::time::{Duration, Instant};

use super::*;
use crate::journal::{Detail, Limits, Opened, State as Life, Writer};

const LIMITS: Limits = Limits { bytes: 4 << 20, records: 100_000 };

struct Written {
    journal: Arc<Journal>,
    writer: Writer,
    conn: ConnId,
    received: Sha256,
    sent: Sha256,
}

impl Written {
    fn new(digesting: Digesting) -> Self {
        let journal = Arc::new(Journal::new(LIMITS));
        journal.set_digesting(digesting);
        let mut writer = Writer::new(Arc::clone(&journal));
        let [peer, local] = [9, 1].map(|port| crate::endpoint::Address::from(([127, 0, 0, 1], port)));
        let opened = Detail::Opened { by: Opened::Accepted, local: local.clone(), peer: Some(peer.clone()) };
        let conn = writer.open(opened, peer, local, Life::Connected);
        writer.publish(true);
        Self { journal, writer, conn, received: Sha256::new(), sent: Sha256::new() }
    }

    /// Three records come for one that goes.
    fn write(&mut self, records: u32, len: usize) {
        for n in 0..records {
            let payload: Vec<u8> = (0..len).map(|at| (at ^ n as usize).to_le_bytes()[0]).collect();
            if n % 4 == 3 {
                self.writer.sent(self.conn, &payload);
                self.sent.update(&payload);
            } else {
                self.writer.room(len)[..len].copy_from_slice(&payload);
                self.writer.received(self.conn, len, false);
                self.received.update(&payload);
            }
            if n % 16 == 0 {
                self.writer.publish(n % 64 == 0);
            }
        }
        self.writer.publish(true);
    }

    fn digest(&self, direction: Direction) -> DigestState {
        let deadline = Instant::now() + Duration::from_secs(20);
        loop {
            match self.journal.digest(self.conn, direction) {
                DigestState::Pending => assert!(Instant::now() < deadline, "it is brought up to date"),
                state => return state,
            }
            std::thread::yield_now();
        }
    }

    fn check(&self) {
        let known = |digest: &Sha256, direction| {
            let bytes = self.journal.traffic(Some(self.conn)).expect("known").of(direction).bytes;
            DigestState::Known(Digest { sha256: digest.clone().finalize().into(), bytes })
        };
        assert_eq!(self.digest(Direction::Received), known(&self.received, Direction::Received));
        assert_eq!(self.digest(Direction::Sent), known(&self.sent, Direction::Sent));
    }
}

#[test]
fn what_is_held_is_digested_when_somebody_asks() {
    let mut written = Written::new(Digesting::InTime);
    written.check();
    written.write(100, 1_000);
    written.check();
    written.write(100, 0);
    written.write(9, 7);
    written.check();
}

#[test]
fn what_left_the_log_is_digested_too() {
    let mut written = Written::new(Digesting::Always);
    written.write(4_000, 20_000);
    assert!(written.journal.status().dropped_bytes > 50 << 20, "most of it left");
    written.check();
    written.journal.clear();
    written.check();
    written.write(100, 30_000);
    written.check();
}

#[test]
fn a_digest_that_was_outrun_is_lost_and_none_is_wrong() {
    let mut written = Written::new(Digesting::InTime);
    let journal = Arc::clone(&written.journal);
    // Nobody digests while this is held.
    let held = lock(&journal.digests.states);
    written.write(4_000, 20_000);
    drop(held);
    assert_eq!(written.digest(Direction::Received), DigestState::Lost);
    let [peer, local] = [8, 1].map(|port| crate::endpoint::Address::from(([127, 0, 0, 1], port)));
    let opened = Detail::Opened { by: Opened::Accepted, local: local.clone(), peer: Some(peer.clone()) };
    let other = written.writer.open(opened, peer, local, Life::Connected);
    let mut later = Written { conn: other, received: Sha256::new(), sent: Sha256::new(), ..written };
    later.write(10, 100);
    later.check();
}

#[test]
fn what_was_cleared_does_not_wait_for_a_question() {
    let mut written = Written::new(Digesting::InTime);
    written.write(20, 50_000);
    written.journal.clear();
    let deadline = Instant::now() + Duration::from_secs(20);
    while !lock(&written.journal.digests.left).segments.is_empty() {
        assert!(Instant::now() < deadline, "it is digested and freed");
        std::thread::yield_now();
    }
    written.check();
}
