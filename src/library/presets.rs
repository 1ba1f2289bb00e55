//! The first lines of known protocols: port, line ending, and what a client says.
//!
//! Names and addresses in them are those that RFC 2606 and RFC 5737 set aside, so that nobody is meant.

use super::Saved;
use crate::endpoint::Scheme;
use crate::message::Message;
use crate::payload::{Envelope, Format, LineEnding};

/// A protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Preset {
    /// Its name.
    pub name: &'static str,
    /// Whether its servers listen on TCP or UDP.
    pub scheme: Scheme,
    /// The port that IANA assigned to it; that of Redis and memcached is known by use.
    pub port: u16,
    /// How a person types what is not among its lines.
    pub format: Format,
    /// What ends a line.
    pub ending: LineEnding,
    lines: &'static [Line],
}

/// A line of a preset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Line {
    name: &'static str,
    text: &'static str,
    format: Format,
    variables: bool,
}

const fn text(name: &'static str, text: &'static str) -> Line {
    Line { name, text, format: Format::Text, variables: false }
}

const fn escaped(name: &'static str, text: &'static str) -> Line {
    Line { name, text, format: Format::Escaped, variables: false }
}

const fn template(name: &'static str, text: &'static str) -> Line {
    Line { name, text, format: Format::Escaped, variables: true }
}

const fn hex(name: &'static str, text: &'static str) -> Line {
    Line { name, text, format: Format::Hex, variables: false }
}

impl Preset {
    /// Its lines as messages.
    pub fn messages(&self) -> Vec<Saved> {
        let message = |line: &Line| Message {
            text: line.text.to_owned(),
            format: line.format,
            variables: line.variables,
            // Bytes stand as they are.
            envelope: Envelope {
                ending: if line.format == Format::Hex { LineEnding::None } else { self.ending },
                ..Envelope::default()
            },
            ..Message::default()
        };
        let saved = |line: &Line| Saved { name: line.name.to_owned(), message: message(line), ..Saved::default() };
        self.lines.iter().map(saved).collect()
    }
}

const fn lines(name: &'static str, port: u16, lines: &'static [Line]) -> Preset {
    Preset { name, scheme: Scheme::Tcp, port, format: Format::Text, ending: LineEnding::Crlf, lines }
}

const fn bytes(name: &'static str, scheme: Scheme, port: u16, lines: &'static [Line]) -> Preset {
    Preset { name, scheme, port, format: Format::Hex, ending: LineEnding::None, lines }
}

/// All of them, in the order of a list.
pub const ALL: [Preset; 14] =
    [HTTP, NNTP, FTP, SMTP, POP3, IMAP4, TELNET, GOPHER, DNS, WHOIS, NTP, MQTT, REDIS, MEMCACHED];

/// RFC 9112.
const HTTP: Preset = lines(
    "HTTP",
    80,
    &[
        template("GET /", r"GET / HTTP/1.1\r\nHost: {peer}\r\nConnection: close\r\n"),
        template("HEAD /", r"HEAD / HTTP/1.1\r\nHost: {peer}\r\nConnection: close\r\n"),
        template("OPTIONS *", r"OPTIONS * HTTP/1.1\r\nHost: {peer}\r\nConnection: close\r\n"),
        template(
            "POST /",
            r"POST / HTTP/1.1\r\nHost: {peer}\r\nContent-Type: text/plain\r\nContent-Length: 7\r\nConnection: close\r\n\r\nhello",
        ),
        escaped("GET / of HTTP/1.0", r"GET / HTTP/1.0\r\n"),
    ],
);

/// RFC 3977.
const NNTP: Preset = lines(
    "NNTP",
    119,
    &[
        text("CAPABILITIES", "CAPABILITIES"),
        text("MODE READER", "MODE READER"),
        text("LIST", "LIST"),
        text("GROUP", "GROUP local.test"),
        text("DATE", "DATE"),
        text("QUIT", "QUIT"),
    ],
);

/// RFC 959; port 21 is its control connection, 20 where its server sends data from.
const FTP: Preset = lines(
    "FTP",
    21,
    &[
        text("USER", "USER anonymous"),
        text("PASS", "PASS guest@example.org"),
        text("SYST", "SYST"),
        text("FEAT", "FEAT"),
        text("PWD", "PWD"),
        text("EPSV", "EPSV"),
        text("LIST", "LIST"),
        text("QUIT", "QUIT"),
    ],
);

/// RFC 5321.
const SMTP: Preset = lines(
    "SMTP",
    25,
    &[
        text("EHLO", "EHLO localhost"),
        text("MAIL FROM", "MAIL FROM:<sender@example.org>"),
        text("RCPT TO", "RCPT TO:<recipient@example.org>"),
        text("DATA", "DATA"),
        escaped(
            "The mail",
            r"From: sender@example.org\r\nTo: recipient@example.org\r\nSubject: Test\r\n\r\nHello\r\n.",
        ),
        text("RSET", "RSET"),
        text("QUIT", "QUIT"),
    ],
);

/// RFC 1939; CAPA is RFC 2449.
const POP3: Preset = lines(
    "POP3",
    110,
    &[
        text("CAPA", "CAPA"),
        text("USER", "USER user"),
        text("PASS", "PASS password"),
        text("STAT", "STAT"),
        text("LIST", "LIST"),
        text("RETR", "RETR 1"),
        text("QUIT", "QUIT"),
    ],
);

/// RFC 9051: every command has a tag that its answer repeats.
const IMAP4: Preset = lines(
    "IMAP4",
    143,
    &[
        text("CAPABILITY", "a1 CAPABILITY"),
        text("NOOP", "a2 NOOP"),
        text("LOGIN", "a3 LOGIN user password"),
        text("LIST", "a4 LIST \"\" \"*\""),
        text("SELECT", "a5 SELECT INBOX"),
        text("LOGOUT", "a6 LOGOUT"),
    ],
);

/// RFC 854: 255 IAC, 251 WILL, 252 WON'T, 253 DO, 254 DON'T, and the number of an option.
const TELNET: Preset = lines(
    "Telnet",
    23,
    &[
        // DO SUPPRESS-GO-AHEAD, WILL TERMINAL-TYPE, WILL NAWS, WILL TERMINAL-SPEED: what a client begins with.
        hex("Offer options", "ff fd 03 ff fb 18 ff fb 1f ff fb 20"),
        // To what a server says first: DON'T AUTHENTICATION, ENCRYPT; WON'T TERMINAL-TYPE, TERMINAL-SPEED,
        // X-DISPLAY-LOCATION, NEW-ENVIRON, OLD-ENVIRON.
        hex("Refuse options", "ff fe 25 ff fe 26 ff fc 18 ff fc 20 ff fc 23 ff fc 27 ff fc 24"),
        // To what it says then: DO SUPPRESS-GO-AHEAD; WON'T ECHO, LINEMODE, NAWS, LFLOW; DON'T STATUS.
        hex("Refuse more options", "ff fd 03 ff fc 01 ff fc 22 ff fc 1f ff fc 21 ff fe 05"),
        // IAC AYT.
        hex("Are you there", "ff f6"),
        text("A line", "user"),
    ],
);

/// RFC 1436: a selector; an empty one asks for the root menu.
const GOPHER: Preset =
    lines("Gopher", 70, &[text("Root menu", ""), text("A selector", "/"), text("A file", "/README")]);

/// RFC 1035 §4.1: one question, recursion desired.
const DNS: Preset = bytes(
    "DNS",
    Scheme::Udp,
    53,
    &[
        hex(
            "A of example.org",
            "53 43 01 00 00 01 00 00 00 00 00 00 07 65 78 61 6d 70 6c 65 03 6f 72 67 00 00 01 00 01",
        ),
        hex(
            "AAAA of example.org",
            "53 44 01 00 00 01 00 00 00 00 00 00 07 65 78 61 6d 70 6c 65 03 6f 72 67 00 00 1c 00 01",
        ),
        hex(
            "MX of example.org",
            "53 45 01 00 00 01 00 00 00 00 00 00 07 65 78 61 6d 70 6c 65 03 6f 72 67 00 00 0f 00 01",
        ),
        hex("Name servers of the root", "53 46 01 00 00 01 00 00 00 00 00 00 00 00 02 00 01"),
    ],
);

/// RFC 3912.
const WHOIS: Preset =
    lines("whois", 43, &[text("A domain", "example.org"), text("An address", "192.0.2.1"), text("Help", "help")]);

/// RFC 5905 §7.3: 48 bytes; version 4 or 3, mode 3 (client), all else zero.
const NTP: Preset = bytes(
    "NTP",
    Scheme::Udp,
    123,
    &[
        hex(
            "Time, version 4",
            "23 00 00 00  00 00 00 00  00 00 00 00  00 00 00 00  00 00 00 00  00 00 00 00  \
             00 00 00 00  00 00 00 00  00 00 00 00  00 00 00 00  00 00 00 00  00 00 00 00",
        ),
        hex(
            "Time, version 3",
            "1b 00 00 00  00 00 00 00  00 00 00 00  00 00 00 00  00 00 00 00  00 00 00 00  \
             00 00 00 00  00 00 00 00  00 00 00 00  00 00 00 00  00 00 00 00  00 00 00 00",
        ),
    ],
);

/// MQTT 3.1.1 and 5.0 (OASIS): the client is called `sockscope`, its session is clean, it is alive for 60 s.
const MQTT: Preset = bytes(
    "MQTT",
    Scheme::Tcp,
    1883,
    &[
        hex("CONNECT", "10 15 00 04 4d 51 54 54 04 02 00 3c 00 09 73 6f 63 6b 73 63 6f 70 65"),
        hex("CONNECT of version 5", "10 16 00 04 4d 51 54 54 05 02 00 3c 00 00 09 73 6f 63 6b 73 63 6f 70 65"),
        // Topic a/b, quality of service 0.
        hex("SUBSCRIBE a/b", "82 08 00 01 00 03 61 2f 62 00"),
        hex("PUBLISH hi to a/b", "30 07 00 03 61 2f 62 68 69"),
        hex("PINGREQ", "c0 00"),
        hex("DISCONNECT", "e0 00"),
    ],
);

/// RESP, and the inline commands that it also takes.
const REDIS: Preset = lines(
    "Redis",
    6379,
    &[
        text("PING", "PING"),
        escaped("PING in RESP", r"*1\r\n$4\r\nPING"),
        text("SET", "SET greeting hello"),
        text("GET", "GET greeting"),
        text("INFO server", "INFO server"),
        text("QUIT", "QUIT"),
    ],
);

/// The text protocol.
const MEMCACHED: Preset = lines(
    "memcached",
    11211,
    &[
        text("version", "version"),
        text("stats", "stats"),
        escaped("set", r"set greeting 0 60 5\r\nhello"),
        text("get", "get greeting"),
        text("quit", "quit"),
    ],
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_can_be_sent() {
        for preset in ALL {
            let messages = preset.messages();
            assert!(messages.len() > 1, "{}", preset.name);
            for saved in messages {
                let prepared = saved.message.prepare();
                assert!(prepared.is_ok(), "{}, {}: {prepared:?}", preset.name, saved.name);
            }
        }
    }

    #[test]
    fn ports_are_those_that_iana_assigned() {
        let check = |name: &str, port: u16| {
            let preset = ALL.iter().find(|preset| preset.name == name).expect("there is one");
            assert_eq!(preset.port, port, "{name}");
        };
        for (name, port) in [("HTTP", 80), ("NNTP", 119), ("FTP", 21), ("SMTP", 25), ("POP3", 110), ("IMAP4", 143)]
        {
            check(name, port);
        }
        for (name, port) in
            [("Telnet", 23), ("Gopher", 70), ("DNS", 53), ("whois", 43), ("NTP", 123), ("MQTT", 1883)]
        {
            check(name, port);
        }
    }

    fn bytes_of(preset: &Preset, name: &str) -> Vec<u8> {
        let messages = preset.messages();
        let saved = messages.iter().find(|saved| saved.name == name).expect("there is one");
        crate::payload::parse(&saved.message.text, saved.message.format).expect("it is valid")
    }

    #[test]
    fn lengths_inside_the_bytes_are_right() {
        for name in ["Time, version 4", "Time, version 3"] {
            assert_eq!(bytes_of(&NTP, name).len(), 48);
        }
        for line in MQTT.lines {
            let bytes = bytes_of(&MQTT, line.name);
            assert_eq!(usize::from(bytes[1]) + 2, bytes.len(), "{}: the remaining length", line.name);
        }
    }
}
