//! A record of any kind, whatever the order of its members.

use std::borrow::Cow;

use serde::Deserialize;

use super::object::{self, Wrong, number};
use super::{LONGEST_PAYLOAD, Parser};
use crate::endpoint::Address;
use crate::error::{OpError, SystemCode};
use crate::export::Ends;
use crate::import::Item;
use crate::journal::{ConnId, Content, Detail, Direction, How, Opened, Record, Side};

/// What records of all kinds have.
#[derive(Deserialize)]
struct Common<'a> {
    seq: u64,
    #[serde(borrow)]
    time: Cow<'a, str>,
    conn: Option<u64>,
    peer: Option<String>,
    local: Option<String>,
    #[serde(default)]
    unexpected: bool,
    #[serde(default)]
    bookmark: bool,
    note: Option<String>,
}

/// The record of `kind` that `line` says.
pub(super) fn read(line: &[u8], kind: &str, parser: &mut Parser) -> Result<Item, Wrong> {
    let is_known = matches!(kind, "opened" | "received" | "sent" | "closed" | "error" | "note" | "dropped");
    if !is_known {
        let expected = "opened, received, sent, closed, error, note, dropped or summary";
        return Err(Wrong::member(line, "type", format!("the type is {kind:?}, not {expected}")));
    }
    let common: Common<'_> = object::read(line)?;
    let seq = number(line, "seq", common.seq)?;
    if let Some(last) = parser.last.filter(|last| *last >= seq) {
        return Err(Wrong::member(line, "seq", format!("record {seq} comes after record {last}: numbers ascend")));
    }
    let time = object::time(line, "time", &common.time, parser)?;
    let conn = common.conn.map(|conn| connection(line, conn)).transpose()?;
    let peer = common.peer.as_deref().map(|text| address(line, "peer", text)).transpose()?;
    let local = common.local.as_deref().map(|text| address(line, "local", text)).transpose()?;
    let ends = match (conn, &peer, &local) {
        (Some(_), Some(peer), Some(local)) => Some(Ends { peer: peer.clone(), local: local.clone() }),
        (Some(_), None, None) | (None, ..) => None,
        (Some(_), _, local) if kind == "opened" && local.is_some() => None,
        _ => return Err(Wrong::member(line, "conn", "a connection has both a peer and a local end, or none")),
    };
    let content = match kind {
        "received" => payload(line, Direction::Received, conn, parser)?,
        "sent" => payload(line, Direction::Sent, conn, parser)?,
        "opened" => Content::Detail(opened(line, local, peer)?),
        _ => Content::Detail(detail(line, kind)?),
    };
    if common.unexpected && kind != "received" {
        return Err(Wrong::member(line, "unexpected", "only what was received can be unexpected"));
    }
    if let Some(conn) = conn {
        parser.know(conn, ends.clone()).map_err(|reason| Wrong::member(line, "conn", reason))?;
    }
    parser.last = Some(seq);
    let note = common.bookmark.then(|| common.note.unwrap_or_default());
    Ok(Item::Record { record: Record { seq, time, conn, content, unexpected: common.unexpected }, ends, note })
}

pub(super) fn connection(line: &[u8], conn: u64) -> Result<ConnId, Wrong> {
    // One less than what could be counted on from.
    let conn = u32::try_from(conn).ok().filter(|conn| (1..=i32::MAX.cast_unsigned()).contains(conn));
    conn.map(ConnId).ok_or_else(|| Wrong::member(line, "conn", "connections are numbered from 1 to 2147483647"))
}

pub(super) fn address(line: &[u8], name: &str, text: &str) -> Result<Address, Wrong> {
    text.parse::<Address>().map(|address| address.canonical()).map_err(|_| {
        Wrong::member(line, name, format!("{text:?} is no address as in 127.0.0.1:8888 or [::1]:8888"))
    })
}

#[derive(Deserialize)]
struct Payload<'a> {
    len: u64,
    #[serde(borrow)]
    hex: Cow<'a, str>,
    #[serde(borrow)]
    text: Cow<'a, str>,
}

fn payload(line: &[u8], direction: Direction, conn: Option<ConnId>, parser: &mut Parser) -> Result<Content, Wrong> {
    let Payload { len, hex, text } = object::read(line)?;
    if conn.is_none() {
        return Err(Wrong::member(line, "conn", "missing member `conn`: bytes belong to a connection"));
    }
    if len > LONGEST_PAYLOAD {
        return Err(Wrong::member(line, "len", format!("{len} bytes are too many: a record has at most 2 MiB")));
    }
    if hex.len() as u64 != 2 * len {
        let reason = format!("{len} bytes are {} digits, and there are {}", 2 * len, hex.len());
        return Err(Wrong::member(line, "hex", reason));
    }
    let Some(bytes) = parser.decode(hex.as_bytes()) else {
        return Err(Wrong::member(line, "hex", "these are not hexadecimal digits, two for each byte"));
    };
    if String::from_utf8_lossy(bytes) != text {
        return Err(Wrong::member(line, "text", "the text is not what the bytes in hex say"));
    }
    Ok(Content::Payload(direction, parser.decoded()))
}

#[derive(Deserialize)]
struct By<'a> {
    #[serde(borrow)]
    by: Cow<'a, str>,
}

/// How something came to be open, by its name in files.
const OPENED: [(&str, Opened); 5] = [
    ("listening", Opened::Listening),
    ("accepted", Opened::Accepted),
    ("connected", Opened::Connected),
    ("bound", Opened::Bound),
    ("peer", Opened::Peer),
];

fn opened(line: &[u8], local: Option<Address>, peer: Option<Address>) -> Result<Detail, Wrong> {
    let By { by } = object::read(line)?;
    let found = OPENED.iter().find(|(name, _)| *name == by);
    let (_, by) = found.ok_or_else(|| {
        let names = OPENED.map(|(name, _)| name).join(", ");
        Wrong::member(line, "by", format!("it was opened by {by:?}, not one of {names}"))
    })?;
    let local = local.ok_or_else(|| Wrong::member(line, "local", "missing member `local`"))?;
    Ok(Detail::Opened { by: *by, local, peer })
}

/// How something may end.
const HOWS: [How; 6] = [How::PeerFin, How::LocalClose, How::PeerReset, How::LocalAbort, How::TimeLimit, How::Error];

#[derive(Deserialize)]
struct Closed<'a> {
    #[serde(borrow)]
    how: Cow<'a, str>,
}

#[derive(Deserialize)]
struct Dropped {
    by: String,
    datagrams: u64,
}

#[derive(Deserialize)]
struct Note {
    by: Option<String>,
    text: String,
}

fn detail(line: &[u8], kind: &str) -> Result<Detail, Wrong> {
    match kind {
        "closed" => {
            let Closed { how } = object::read(line)?;
            let found = HOWS.into_iter().find(|known| known.name() == how);
            let how = found.ok_or_else(|| {
                let names = HOWS.map(How::name).join(", ");
                Wrong::member(line, "how", format!("it was closed {how:?}, not one of {names}"))
            })?;
            Ok(Detail::Closed { how })
        }
        "error" => error(line),
        "dropped" => {
            let Dropped { by, datagrams } = object::read(line)?;
            if by != "kernel" {
                return Err(Wrong::member(line, "by", format!("dropped by {by:?}, not by kernel or limit")));
            }
            Ok(Detail::KernelDropped { datagrams: number(line, "datagrams", datagrams)? })
        }
        _ => {
            let Note { by, text } = object::read(line)?;
            match by.as_deref() {
                None => Ok(Detail::Note(text)),
                Some("peer") => Ok(Detail::Finished { by: Side::Peer }),
                Some("local") => Ok(Detail::Finished { by: Side::Local }),
                Some(by) => Err(Wrong::member(line, "by", format!("a note by {by:?}, not by peer or local"))),
            }
        }
    }
}

#[derive(Deserialize)]
struct Failure {
    op: String,
    subject: String,
    errno: Option<i64>,
    code: Option<String>,
    message: String,
    advice: Option<String>,
}

fn error(line: &[u8]) -> Result<Detail, Wrong> {
    let failure: Failure = object::read(line)?;
    let code = match (failure.errno, failure.code) {
        (None, None) => None,
        (Some(number), Some(name)) => {
            let number = i32::try_from(number)
                .map_err(|_| Wrong::member(line, "errno", "a system's error number has 32 bits"))?;
            Some(SystemCode { number, name })
        }
        _ => return Err(Wrong::member(line, "errno", "errno and code come together")),
    };
    Ok(Detail::Error(Box::new(OpError {
        op: failure.op.into(),
        subject: failure.subject,
        code,
        message: failure.message,
        advice: failure.advice.map(String::into_boxed_str),
    })))
}
