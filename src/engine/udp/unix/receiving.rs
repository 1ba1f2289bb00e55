//! What comes to a Unix datagram socket.

use std::io::{self, ErrorKind};

use super::socket::Arrived;
use super::{DATAGRAM_COST, UnixDatagrams};
use crate::engine::reactor::Reactor;
use crate::error::OpError;
use crate::figures;
use crate::journal::{BLOCK, Detail};

impl UnixDatagrams {
    /// Receives until `share` bytes came or nothing waits. Returns how many came.
    pub(super) fn receive(&mut self, share: usize, reactor: &mut Reactor) -> usize {
        let mut moved = 0;
        while moved < share {
            let Some(mut bound) = self.socket.take_if(|bound| bound.may_read(reactor.now)) else {
                break;
            };
            let came = bound.receive().map(|(arrived, payload)| (arrived, payload.len()));
            match came {
                Ok((mut arrived, len)) => {
                    bound.errors = 0;
                    let payload = bound.take_room();
                    // Back in its place, so that it can be answered.
                    self.socket = Some(bound);
                    self.arrived(&mut arrived, &payload[..len], reactor);
                    moved += len + DATAGRAM_COST;
                    if let Some(bound) = &mut self.socket {
                        bound.give_room(payload);
                    }
                    continue;
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => bound.ready.readable = false,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => {
                    moved += DATAGRAM_COST;
                    if let Some(until) = bound.failed(reactor.now) {
                        reactor.timers.set(until, self.key());
                    }
                    self.receiving_failed(&bound.address(), &error);
                }
            }
            self.socket = Some(bound);
        }
        moved
    }

    fn receiving_failed(&mut self, local: &crate::endpoint::Address, error: &io::Error) {
        self.error(None, OpError::io("receive", local, error));
    }

    /// Records a datagram and answers it.
    fn arrived(&mut self, arrived: &mut Arrived, payload: &[u8], reactor: &mut Reactor) {
        let (conn, is_new) = self.peer(&arrived.from);
        if is_new && let Some(told) = &arrived.told {
            let about = told.words();
            self.writer.detail(Some(conn), Detail::Note(format!("its sender: {about} (SCM_CREDENTIALS)")));
            self.writer.set_about(conn, &about);
        }
        let sent_to = |peer: &mut super::peers::Peer| peer.sent_to;
        let unexpected = self.asked && !self.peers.touch(arrived.from.clone()).is_some_and(sent_to);
        let fired = self.fire(&arrived.from, payload, reactor);
        reactor.jobs.received(self.session, conn, payload);
        self.writer.calls(arrived.calls.drain(..));
        self.record(conn, payload, unexpected);
        if let Some(len) = arrived.cut {
            let (len, got) = (figures::count(len as u64), figures::count(payload.len() as u64));
            let note = format!("this datagram had {len} bytes: the first {got} were received, the rest is lost");
            self.writer.detail(Some(conn), Detail::Note(note));
        }
        if arrived.descriptors > 0 {
            let note = match arrived.descriptors {
                1 => "1 descriptor came with this datagram, and was closed (SCM_RIGHTS)".to_owned(),
                many => format!("{many} descriptors came with this datagram, and were closed (SCM_RIGHTS)"),
            };
            self.writer.detail(Some(conn), Detail::Note(note));
        }
        self.act(&arrived.from, conn, fired, reactor);
    }

    /// A datagram that is longer than a record can be becomes several.
    fn record(&mut self, conn: crate::journal::ConnId, payload: &[u8], unexpected: bool) {
        if payload.is_empty() {
            return self.writer.received(conn, 0, unexpected);
        }
        for piece in payload.chunks(BLOCK) {
            self.writer.room(piece.len())[..piece.len()].copy_from_slice(piece);
            self.writer.received(conn, piece.len(), unexpected);
        }
        if payload.len() > BLOCK {
            let records = payload.len().div_ceil(BLOCK);
            let note = format!("the last {records} records were one datagram: it is longer than a record can be");
            self.writer.detail(Some(conn), Detail::Note(note));
        }
    }
}
