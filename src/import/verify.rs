//! Whether a file holds what it says of itself.
//!
//! What is recomputed: the SHA-256 and the number of bytes of each connection in each direction, the number of
//! records, whether their numbers are consecutive, whether `hex`, `text` and `len` of each agree, the totals, and
//! whether everything is in the file. That proves integrity: nothing was lost, cut or changed by accident since the
//! file was written. It doesn't prove who wrote it: a forger can recompute the digests as well. Keep the file's own
//! SHA-256 elsewhere, or sign it, where that matters.

use std::fmt;
use std::path::Path;

use rustc_hash::FxHashMap;
use sha2::{Digest, Sha256};

use super::open::{canceled, header, pause};
use super::{Claims, Fault, Item, LogReader, STEP_BYTES, Side, Step, form};
use crate::error::OpError;
use crate::export::{Losses, Totals};
use crate::figures;
use crate::journal::{ConnId, Content, Count, Detail, Record, Seq};

/// Findings that are kept; more are counted.
const FINDINGS: usize = 100;

/// What verifying a file came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verdict {
    /// Everything that the file says of itself is so.
    pub ok: bool,
    /// Records that were read.
    pub records: u64,
    /// Bytes of the file that were read.
    pub bytes: u64,
    /// Connections that had records.
    pub connections: u64,
    /// What differs, the first hundred.
    pub findings: Vec<Finding>,
    /// How many more there are.
    pub more: u64,
}

/// Something that is not as the file says, in one sentence without a capital or full stop.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding(pub String);

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Compares what is in the log at `path` with what it says of itself. Memory grows with the number of connections,
/// not with the file.
///
/// # Errors
/// One with the operation `verify` when there is no header that can be read, or `step` broke; `open` when the file
/// can't be read.
pub fn verify(path: &Path, step: &mut Step<'_>) -> Result<Verdict, OpError> {
    let mut reader = form::reader(path)?;
    verify_reader(reader.as_mut(), step).map_err(|error| OpError { subject: path.display().to_string(), ..error })
}

/// The same for what `reader` gives.
///
/// # Errors
/// Those of [`verify`], without a subject.
pub fn verify_reader(reader: &mut dyn LogReader, step: &mut Step<'_>) -> Result<Verdict, OpError> {
    let header = header("verify", reader)?;
    let ours = header.program.starts_with("sockscope ");
    let mut check = Check { missing: header.missing, ours, ..Check::default() };
    let mut told = 0;
    loop {
        pause(reader, &mut told, STEP_BYTES, step).map_err(|()| canceled("verify"))?;
        match reader.next() {
            Ok(Some(Item::Record { record, ends, .. })) => check.record(&record, ends.is_some()),
            Ok(Some(Item::Claims(claims))) => check.claims = Some(claims),
            Ok(Some(Item::Header(_)) | None) => break,
            Err(fault) => {
                check.fault(&fault);
                if !reader.resume() {
                    check.stopped = true;
                    break;
                }
            }
        }
    }
    pause(reader, &mut told, 0, step).map_err(|()| canceled("verify"))?;
    Ok(check.end(reader.read()))
}

/// What one direction of a connection has.
#[derive(Clone, Debug, Default)]
struct Sum {
    count: Count,
    digest: Sha256,
}

#[derive(Debug, Default)]
struct Check {
    verdict: Verdict,
    missing: Losses,
    /// Sockscope wrote it.
    ours: bool,
    first: Option<Seq>,
    last: Option<Seq>,
    /// Records that could not be read since the last one.
    damaged: u64,
    /// Reading ended before the end.
    stopped: bool,
    sums: FxHashMap<ConnId, [Sum; 2]>,
    datagrams: u64,
    claims: Option<Claims>,
}

impl Check {
    fn find(&mut self, sentence: impl Into<String>) {
        if self.verdict.findings.len() < FINDINGS {
            self.verdict.findings.push(Finding(sentence.into()));
        } else {
            self.verdict.more += 1;
        }
    }

    fn fault(&mut self, fault: &Fault) {
        self.damaged += 1;
        self.find(if fault.torn { fault.reason.clone() } else { fault.to_string() });
    }

    fn record(&mut self, record: &Record, has_ends: bool) {
        self.verdict.records += 1;
        self.number(record.seq);
        match (&record.content, record.conn) {
            (Content::Payload(direction, bytes), Some(conn)) if has_ends => {
                let sum = &mut self.sums.entry(conn).or_default()[Side::from(*direction) as usize];
                sum.count.join(Count { bytes: bytes.len() as u64, records: 1 });
                sum.digest.update(bytes);
            }
            (Content::Payload(..), _) => {
                self.find(format!("record {}: it is not said between which ends its bytes went", record.seq));
            }
            (Content::Detail(detail), conn) => {
                if let Some(conn) = conn.filter(|_| has_ends) {
                    self.sums.entry(conn).or_default();
                }
                if let Detail::KernelDropped { datagrams } = detail {
                    self.datagrams = self.datagrams.saturating_add(*datagrams);
                }
            }
        }
    }

    fn number(&mut self, seq: Seq) {
        let last = self.last.replace(seq);
        self.first.get_or_insert(seq);
        let damaged = std::mem::take(&mut self.damaged);
        let Some(last) = last else { return };
        let Some(gap) = seq.checked_sub(last).and_then(|ahead| ahead.checked_sub(1)) else {
            return self.find(format!("record {seq} comes after record {last}: numbers ascend"));
        };
        // Those that could not be read had numbers too.
        if gap > damaged {
            let (missing, verb) = (figures::counted(gap, "record"), if gap == 1 { "is" } else { "are" });
            let what = format!("{missing} between them {verb} not in the file");
            self.find(format!("record {seq} comes after record {last}: {what}"));
        }
    }

    fn end(mut self, bytes: u64) -> Verdict {
        self.verdict.bytes = bytes;
        self.verdict.connections = self.sums.len() as u64;
        match self.claims.take() {
            Some(claims) => self.compare(&claims),
            None if self.stopped => {
                self.find("there is no summary to compare with: what came before the damage is not proved");
            }
            None if self.ours => self.find(
                "the summary is missing: the program was ended while it wrote, or the disk was full; what is there is read",
            ),
            None => self.find("another program wrote this, without totals and digests: there is nothing to compare with"),
        }
        self.verdict.ok = self.verdict.findings.is_empty();
        self.verdict
    }

    fn compare(&mut self, claims: &Claims) {
        self.differs("", "records", claims.records, self.verdict.records);
        let losses = claims.summary.losses;
        if let Some(first) = self.first.filter(|first| losses.cleared != first.saturating_sub(losses.records)) {
            let told = figures::count(losses.records.saturating_add(losses.cleared));
            let first = figures::count(first);
            self.find(format!(
                "the first record has number {first}, but the file says that {told} before it are missing"
            ));
        }
        if self.missing.records > losses.records || self.missing.cleared > losses.cleared {
            self.find("the file says at its start that more records are missing than at its end");
        }
        if self.datagrams > losses.datagrams {
            let (said, found) = (figures::count(losses.datagrams), figures::count(self.datagrams));
            self.find(format!("the file says the kernel dropped {said} datagrams, its records say {found}"));
        }
        self.totals(claims);
        for totals in &claims.summary.connections {
            let sums = self.sums.remove(&totals.conn).unwrap_or_default();
            self.connection(claims, totals, sums);
        }
        let mut rest: Vec<_> = self.sums.keys().copied().collect();
        rest.sort_unstable();
        for conn in rest {
            self.find(format!("connection {}: it is not in the summary", conn.0));
        }
    }

    fn totals(&mut self, claims: &Claims) {
        let mut found = [Count::default(); 2];
        for sums in self.sums.values() {
            found[0].join(sums[0].count);
            found[1].join(sums[1].count);
        }
        let said = [claims.summary.received, claims.summary.sent];
        for (name, (said, found)) in ["received: ", "sent: "].into_iter().zip(said.into_iter().zip(found)) {
            if found.bytes > said.bytes {
                self.differs(name, "bytes", said.bytes, found.bytes);
            }
            if found.records > said.records {
                self.differs(name, "records", said.records, found.records);
            }
        }
        let more = |of: fn(&Totals) -> Count, all: Count| {
            let parts = claims.summary.connections.iter().map(of);
            let sum = parts.fold((0_u64, 0_u64), |sum, part| {
                (sum.0.saturating_add(part.bytes), sum.1.saturating_add(part.records))
            });
            sum.0 > all.bytes || sum.1 > all.records
        };
        if more(|totals| totals.received, said[0]) || more(|totals| totals.sent, said[1]) {
            self.find("the file says that its connections have more than all of them together");
        }
        match (claims.complete, claims.summary.is_all(found[0], found[1])) {
            (true, false) => self.find("the file says that it is complete, and it is not"),
            (false, true) => self.find("the file says that it is not complete, and it is"),
            _ => {}
        }
    }

    fn connection(&mut self, claims: &Claims, totals: &Totals, sums: [Sum; 2]) {
        for (side, sum) in [Side::Received, Side::Sent].into_iter().zip(sums) {
            let (name, exact) = match side {
                Side::Received => ("received", totals.received),
                Side::Sent => ("sent", totals.sent),
            };
            let name = format!("connection {}, {name}: ", totals.conn.0);
            let Some(said) = claims.sums.get(&(totals.conn, side)) else { continue };
            let found = self.verdict.findings.len();
            self.differs(&name, "bytes", said.saved, sum.count.bytes);
            if sum.count.records > exact.records {
                self.differs(&name, "records", exact.records, sum.count.records);
            }
            let sha256: [u8; 32] = sum.digest.finalize().into();
            if sha256 != said.sha256 && found == self.verdict.findings.len() {
                let (said, is) = (const_hex::encode(said.sha256), const_hex::encode(sha256));
                self.find(format!("{name}the file says SHA-256 {said}, it is {is}"));
            }
        }
    }

    fn differs(&mut self, of: &str, what: &str, said: u64, found: u64) {
        if said != found {
            let (said, found) = (figures::count(said), figures::count(found));
            self.find(format!("{of}the file says {said} {what}, it has {found}"));
        }
    }
}
