//! SOCKS version 5 (RFC 1928), with user and password (RFC 1929).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use super::{Login, Refusal, Turn};
use crate::endpoint::Host;
use crate::error::OpError;

/// The version (RFC 1928 §3), and that of user and password (RFC 1929 §2).
const VERSION: u8 = 5;
const LOGIN_VERSION: u8 = 1;

/// Ways to log in (RFC 1928 §3).
const NO_LOGIN: u8 = 0;
const USER_AND_PASSWORD: u8 = 2;
const NONE_OF_THESE: u8 = 0xff;

/// The command CONNECT, and kinds of addresses (RFC 1928 §4 and §5).
const CONNECT: u8 = 1;
const IPV4: u8 = 1;
const NAME: u8 = 3;
const IPV6: u8 = 4;

/// Bytes of a name, a user or a password at most: their length has one byte.
const LONGEST: usize = 255;

/// What is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// Which way to log in.
    Way,
    /// Whether user and password are right.
    Login,
    /// Whether it has connected.
    Reply,
}

/// What is said to a SOCKS5 proxy.
pub(super) struct Socks5 {
    stage: Stage,
    /// What has come of the word that is waited for.
    word: Vec<u8>,
    /// User and password as they are sent; `None` without them.
    login: Option<Vec<u8>>,
    /// What it is asked for.
    request: Vec<u8>,
}

impl Socks5 {
    /// One that asks for `host` and `port`, and the greeting to send.
    ///
    /// # Errors
    ///
    /// When a text has more bytes than the protocol can say.
    pub(super) fn new(login: Option<&Login>, host: &Host, port: u16) -> Result<(Self, Vec<u8>), OpError> {
        let login = login.map(login_bytes).transpose()?;
        let ways: &[u8] = if login.is_some() { &[NO_LOGIN, USER_AND_PASSWORD] } else { &[NO_LOGIN] };
        let mut greeting = vec![VERSION, u8::from(login.is_some()) + 1];
        greeting.extend_from_slice(ways);
        let request = request(host, port)?;
        Ok((Self { stage: Stage::Way, word: Vec::new(), login, request }, greeting))
    }

    /// How many bytes its word still has, as far as is known.
    pub(super) fn wants(&self) -> usize {
        let whole = match (self.stage, self.word.get(3)) {
            (Stage::Way | Stage::Login, _) => 2,
            // An error may end in the middle of nowhere: its kind of address is looked at too.
            (Stage::Reply, None) => 4,
            (Stage::Reply, Some(&IPV4)) => 4 + 4 + 2,
            (Stage::Reply, Some(&IPV6)) => 4 + 16 + 2,
            (Stage::Reply, Some(_)) => self.word.get(4).map_or(5, |len| 4 + 1 + usize::from(*len) + 2),
        };
        whole - self.word.len()
    }

    /// Takes at most as much as it [wants](Self::wants).
    ///
    /// # Errors
    ///
    /// When the proxy refuses, or does not speak this protocol.
    pub(super) fn receive(&mut self, bytes: &[u8]) -> Result<Option<Turn>, Refusal> {
        self.word.extend_from_slice(bytes);
        self.check_start()?;
        if self.wants() > 0 {
            return Ok(None);
        }
        let word = std::mem::take(&mut self.word);
        match self.stage {
            Stage::Way => self.way(word[1]).map(Some),
            Stage::Login if word[1] == 0 => {
                self.stage = Stage::Reply;
                Ok(Some(Turn::Say(self.request.clone(), Some("the proxy took user and password".to_owned()))))
            }
            Stage::Login => {
                Err(Refusal::new(format!("the proxy refused user and password (RFC 1929, status {})", word[1]))
                    .advise("check both: case matters"))
            }
            Stage::Reply => Ok(Some(Turn::Done(connected(&word)))),
        }
    }

    /// What can be said of a word before it is whole.
    fn check_start(&self) -> Result<(), Refusal> {
        let version = if self.stage == Stage::Login { LOGIN_VERSION } else { VERSION };
        match self.word.first() {
            Some(&first) if first != version => {
                let refusal =
                    Refusal::new(format!("what answers is no SOCKS5 proxy: its answer begins with 0x{first:02x}"));
                let advice = match first {
                    b'H' => "it may be an HTTP proxy: choose HTTP CONNECT",
                    0 | 4 => "it may speak SOCKS4, which has neither IPv6 nor passwords",
                    _ => "check the port of the proxy",
                };
                return Err(refusal.advise(advice));
            }
            _ => {}
        }
        if self.stage != Stage::Reply {
            return Ok(());
        }
        match (self.word.get(1), self.word.get(3)) {
            (Some(&code), _) if code != 0 => Err(refused(code)),
            (_, Some(kind)) if ![IPV4, NAME, IPV6].contains(kind) => Err(Refusal::new(format!(
                "the proxy answers with an address of kind {kind}, which there is none of"
            ))),
            _ => Ok(()),
        }
    }

    /// The proxy has chosen a way to log in.
    fn way(&mut self, way: u8) -> Result<Turn, Refusal> {
        match (way, self.login.take()) {
            (NO_LOGIN, _) => {
                self.stage = Stage::Reply;
                Ok(Turn::Say(self.request.clone(), None))
            }
            (USER_AND_PASSWORD, Some(login)) => {
                self.stage = Stage::Login;
                Ok(Turn::Say(login, Some("the proxy asks for user and password".to_owned())))
            }
            (NONE_OF_THESE, None) => {
                Err(Refusal::new("the proxy takes nobody without a login (SOCKS5 method 0xff)")
                    .advise("give a user and a password"))
            }
            (NONE_OF_THESE, Some(_)) => Err(Refusal::new(
                "the proxy takes neither user and password nor nobody's (SOCKS5 method 0xff): it may want GSSAPI",
            )),
            (other, _) => {
                Err(Refusal::new(format!("the proxy chose way {other} to log in, which was not offered")))
            }
        }
    }
}

/// What a reply other than 0 means (RFC 1928 §6).
fn refused(code: u8) -> Refusal {
    let (words, advice) = match code {
        1 => ("general failure", Some("the proxy says no more: its own log may")),
        2 => ("its rules don't allow this connection", Some("ask who runs the proxy")),
        3 => ("network unreachable from there", None),
        4 => ("host unreachable from there", Some("check the name: the proxy resolved it")),
        5 => ("connection refused by the target", Some("nothing listens there: check the port")),
        6 => ("the time to live is used up on the way", None),
        7 => ("it knows no CONNECT", None),
        8 => ("it knows no addresses of this kind", Some("a name, or the other family, may work")),
        _ => ("a reason that the protocol does not have", None),
    };
    let refusal = Refusal::new(format!("the proxy answers: {words} (SOCKS5 reply {code})"));
    match advice {
        Some(advice) => refusal.advise(advice),
        None => refusal,
    }
}

/// The note of a yes, with the address from which the proxy connected, where it tells.
fn connected(word: &[u8]) -> String {
    let port = |at: usize| u16::from_be_bytes([word[at], word[at + 1]]);
    let from = match word[3] {
        IPV4 => {
            let ip = <[u8; 4]>::try_from(&word[4..8]).map(Ipv4Addr::from);
            ip.ok().map(|ip| SocketAddr::new(IpAddr::V4(ip), port(8)))
        }
        IPV6 => {
            let ip = <[u8; 16]>::try_from(&word[4..20]).map(Ipv6Addr::from);
            ip.ok().map(|ip| SocketAddr::new(IpAddr::V6(ip), port(20)))
        }
        _ => None,
    };
    match from.filter(|from| !from.ip().is_unspecified()) {
        Some(from) => format!("the proxy connected, from {from} (SOCKS5 reply 0)"),
        None => "the proxy connected (SOCKS5 reply 0)".to_owned(),
    }
}

/// A length and the text, when one byte can say the length.
fn counted(what: &str, text: &str) -> Result<Vec<u8>, OpError> {
    let len = u8::try_from(text.len()).ok().filter(|len| *len > 0).ok_or_else(|| {
        let message = format!("the {what} has {} bytes: SOCKS5 takes 1 to {LONGEST}", text.len());
        OpError::new("connect through the proxy", "", message)
    })?;
    let mut bytes = vec![len];
    bytes.extend_from_slice(text.as_bytes());
    Ok(bytes)
}

fn login_bytes(login: &Login) -> Result<Vec<u8>, OpError> {
    let mut bytes = vec![LOGIN_VERSION];
    bytes.extend(counted("user", &login.user)?);
    bytes.extend(counted("password", login.password.text())?);
    Ok(bytes)
}

fn request(host: &Host, port: u16) -> Result<Vec<u8>, OpError> {
    let mut bytes = vec![VERSION, CONNECT, 0];
    match host {
        Host::Address(IpAddr::V4(ip), _) => {
            bytes.push(IPV4);
            bytes.extend_from_slice(&ip.octets());
        }
        // A scope is a matter of this machine alone.
        Host::Address(IpAddr::V6(ip), _) => {
            bytes.push(IPV6);
            bytes.extend_from_slice(&ip.octets());
        }
        Host::Name(name) => {
            bytes.push(NAME);
            bytes.extend(counted("name of the host", name)?);
        }
    }
    bytes.extend_from_slice(&port.to_be_bytes());
    Ok(bytes)
}
