//! HTTP CONNECT (RFC 9110 §9.3.6), with user and password in the Basic way (RFC 7617).

use std::net::IpAddr;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

use super::{Login, Refusal, Turn};
use crate::endpoint::Host;

/// Bytes that all heads of the answer may have together.
const LONGEST: usize = 16 << 10;

/// Characters of the proxy's own words that are shown.
const SHOWN: usize = 120;

/// What is said to an HTTP proxy.
pub(super) struct Http {
    has_login: bool,
    /// The head that is coming.
    head: Vec<u8>,
    /// Bytes of heads before it: those of interim answers (RFC 9110 §15.2).
    before: usize,
}

impl Http {
    /// One that asks for `host` and `port`, and the request to send.
    pub(super) fn new(login: Option<&Login>, host: &Host, port: u16) -> (Self, Vec<u8>) {
        let host = match host {
            // A scope is a matter of this machine alone (RFC 6874 §1).
            Host::Address(IpAddr::V6(ip), _) => format!("[{ip}]"),
            other => other.to_string(),
        };
        let mut request = format!("CONNECT {host}:{port} HTTP/1.1\r\nHost: {host}:{port}\r\n");
        if let Some(Login { user, password }) = login {
            let login = BASE64_STANDARD.encode(format!("{user}:{}", password.text()));
            request.push_str(&format!("Proxy-Authorization: Basic {login}\r\n"));
        }
        request.push_str("\r\n");
        (Self { has_login: login.is_some(), head: Vec::new(), before: 0 }, request.into_bytes())
    }

    /// How many bytes the head has at least still.
    pub(super) fn wants(&self) -> usize {
        // Lines may end with LF alone (RFC 9112 §2.2): an empty line is two bytes away, or one.
        if self.head.ends_with(b"\n") || self.head.ends_with(b"\n\r") { 1 } else { 2 }
    }

    /// Takes at most as much as it [wants](Self::wants).
    ///
    /// # Errors
    ///
    /// When the proxy refuses, does not speak this protocol, or speaks without end.
    pub(super) fn receive(&mut self, bytes: &[u8]) -> Result<Option<Turn>, Refusal> {
        self.head.extend_from_slice(bytes);
        let known = self.head.len().min(5);
        if self.head[..known] != b"HTTP/"[..known] {
            let refusal =
                Refusal::new(format!("what answers is no HTTP proxy: it begins with {:?}", shown(&self.head)));
            let socks = self.head.first() == Some(&5);
            return Err(refusal.advise(if socks {
                "it may be a SOCKS5 proxy"
            } else {
                "check the port of the proxy"
            }));
        }
        if self.before + self.head.len() > LONGEST {
            return Err(Refusal::new("the head of the proxy's answer has more than 16 KiB"));
        }
        if !(self.head.ends_with(b"\n\n") || self.head.ends_with(b"\n\r\n")) {
            return Ok(None);
        }
        let head = std::mem::take(&mut self.head);
        self.before += head.len();
        self.answer(&head)
    }

    /// What a whole head means.
    fn answer(&self, head: &[u8]) -> Result<Option<Turn>, Refusal> {
        let line = head.split(|byte| *byte == b'\n').next().unwrap_or_default();
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let code = line.split(|byte| *byte == b' ').nth(1).and_then(|code| std::str::from_utf8(code).ok());
        let code = code.filter(|code| code.len() == 3).and_then(|code| code.parse::<u16>().ok());
        match code {
            // An interim answer: the real one follows.
            Some(100..=199) => Ok(None),
            Some(200..=299) => Ok(Some(Turn::Done(format!("the proxy connected ({})", shown(line))))),
            Some(code) => Err(self.refused(code, line, head)),
            None => Err(Refusal::new(format!("the proxy's answer has no status: {}", shown(line)))),
        }
    }

    fn refused(&self, code: u16, line: &[u8], head: &[u8]) -> Refusal {
        let (words, advice) = match code {
            407 if self.has_login => ("it does not take this user and password", "check both: case matters"),
            407 => ("it asks for a user and a password", "give both"),
            403 => ("it forbids this connection", "its rules may allow port 443 only: ask who runs the proxy"),
            405 | 501 => ("it knows no CONNECT", "it may be a web server, or a proxy for plain HTTP only"),
            404 | 502 | 503 => ("it got no connection to the target", "check host and port of the target"),
            504 => ("the target did not answer it in time", "check host and port of the target"),
            300..=399 => ("it points to another place", "check the address of the proxy"),
            _ => ("it refuses", "the proxy's own words may say why"),
        };
        let ways = if code == 407 { ways(head) } else { String::new() };
        Refusal::new(format!("the proxy answers: {words} ({}){ways}", shown(line))).advise(advice)
    }
}

/// The ways to log in that a proxy offers (RFC 9110 §11.7.1).
fn ways(head: &[u8]) -> String {
    let values = head.split(|byte| *byte == b'\n').filter_map(|line| {
        let colon = line.iter().position(|byte| *byte == b':')?;
        line[..colon].eq_ignore_ascii_case(b"proxy-authenticate").then(|| shown(line[colon + 1..].trim_ascii()))
    });
    let ways: Vec<_> = values.take(4).collect();
    if ways.is_empty() { String::new() } else { format!(", by {}", ways.join(", ")) }
}

/// Words of the proxy as they can stand in a sentence: what can't be seen is `?`.
fn shown(bytes: &[u8]) -> String {
    let visible = |byte: &u8| if byte.is_ascii_graphic() || *byte == b' ' { char::from(*byte) } else { '?' };
    let mut text: String = bytes.iter().take(SHOWN).map(visible).collect();
    if bytes.len() > SHOWN {
        text.push('…');
    }
    text
}
