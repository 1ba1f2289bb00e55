//! The connections and UDP peers of a file, and to which of them the packets between two addresses belong.

use std::collections::HashMap;
use std::io::Write;

use rustc_hash::FxHashMap;

use super::annotated::Annotated;
use super::headers::{Headers, Route};
use super::remark::Remark;
use super::tcp::Tcp;
use crate::export::Ends;
use crate::journal::{ConnId, Count, Direction};

/// A connection or UDP peer.
#[derive(Debug)]
pub(super) struct Flow {
    pub(super) headers: Headers,
    pub(super) tcp: Tcp,
    /// What is in the file of it.
    pub(super) received: Count,
    pub(super) sent: Count,
    slot: u32,
}

impl Flow {
    /// Counts a record.
    pub(super) fn count(&mut self, direction: Direction, bytes: usize) {
        let count = match direction {
            Direction::Received => &mut self.received,
            Direction::Sent => &mut self.sent,
        };
        count.bytes += bytes as u64;
        count.records += 1;
    }
}

/// All of them.
#[derive(Debug, Default)]
pub(super) struct Flows {
    flows: FxHashMap<ConnId, Flow>,
    /// Each route has a place in `holders`. Peers choose their addresses: this table's hashes can't be foreseen.
    slots: HashMap<Route, u32>,
    /// The connection to which the packets of a route belong at present.
    holders: Vec<ConnId>,
}

impl Flows {
    /// The flow of a connection that the packets of its route belong to from now on: where they did not, a comment of
    /// the next block says so.
    pub(super) fn claim<W: Write>(
        &mut self,
        conn: ConnId,
        ends: Option<&Ends>,
        file: &mut Annotated<W>,
    ) -> &mut Flow {
        let Self { flows, slots, holders } = self;
        let flow = flows.entry(conn).or_insert_with(|| {
            let route = Route::of(ends, conn);
            let slot = *slots.entry(route).or_insert_with(|| {
                // No connection has this number.
                holders.push(ConnId(0));
                u32::try_from(holders.len() - 1).expect("there are at most as many as numbers of connections")
            });
            let (headers, tcp) = (Headers::new(route), Tcp::new(conn));
            Flow { headers, tcp, received: Count::default(), sent: Count::default(), slot }
        });
        let holder = &mut holders[flow.slot as usize];
        if *holder != conn {
            *holder = conn;
            let (peer, local) = ends.map(|ends| (ends.peer.clone(), ends.local.clone())).unzip();
            file.blocks.remark(Remark::Connection { conn: conn.0, peer, local });
        }
        flow
    }

    /// The flow of a connection that had records.
    pub(super) fn get(&self, conn: ConnId) -> Option<&Flow> {
        self.flows.get(&conn)
    }

    /// What is in the file, received and sent.
    pub(super) fn totals(&self) -> (Count, Count) {
        let (mut received, mut sent) = (Count::default(), Count::default());
        for flow in self.flows.values() {
            received.join(flow.received);
            sent.join(flow.sent);
        }
        (received, sent)
    }
}
