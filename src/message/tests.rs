use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use proptest::prelude::*;

use super::*;
use crate::clock::Stamp;
use crate::endpoint::Address;
use crate::framing::Width;
use crate::payload::checksum::Checksum;
use crate::payload::{ChecksumField, LengthField, LineEnding};

const PEER: Address = Address::Ip(SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 50_612));
const LOCAL: Address = Address::Ip(SocketAddr::new(IpAddr::V6(Ipv6Addr::LOCALHOST), 9_000));

fn values() -> Values<'static> {
    Values { peer: &PEER, local: &LOCAL, payload: b"", number: 7, time: Stamp::default(), captures: &[] }
}

fn message(text: &str, format: Format, variables: bool) -> Message {
    Message { text: text.into(), format, variables, ..Message::default() }
}

#[track_caller]
fn check(message: &Message, expected: &[u8]) {
    let prepared = message.prepare().expect("valid");
    let rendered = prepared.render(&values()).expect("fits");
    assert_eq!(rendered.escape_ascii().to_string(), expected.escape_ascii().to_string());
}

#[track_caller]
fn check_refused(message: &Message, position: usize, reason: &str) {
    let error = message.prepare().expect_err(&message.text);
    assert_eq!(error.position, position, "{error}");
    assert!(error.reason.contains(reason), "{error}");
}

#[track_caller]
fn check_converted(message: &Message, format: Format, expected: &str) {
    let text = message.text_in(format).expect("convertible");
    assert_eq!(text, expected);
    let converted = Message { text, format, ..message.clone() };
    let render = |message: &Message| message.prepare().expect("valid").render(&values());
    assert_eq!(render(&converted), render(message), "{:?} and {:?}", message.text, converted.text);
}

#[test]
fn variables_stand_in_text_escaped_and_hex() {
    check(&message("{n}", Format::Text, false), b"{n}");
    check(&message(r"{n}\n{{", Format::Text, true), br"7\n{");
    check(&message(r"{n}\n{{", Format::Escaped, true), b"7\n{");
    check(&message("01 {n}{peer.port} ff {{ }} 0d", Format::Hex, true), b"\x01750612\xff{}\x0d");
    check(&message("aGk=", Format::Base64, false), b"hi");
    check(&message("", Format::Base64, true), b"");
}

#[test]
fn text_and_its_variables_are_in_its_encoding() {
    let utf16 = Message { encoding: Encoding::Utf16Be, ..message("你{n}}}", Format::Text, true) };
    check(&utf16, b"\x4f\x60\x007\0}");
    let gbk = Message { encoding: Encoding::Gbk, ..message("你 {n}", Format::Text, true) };
    check(&gbk, b"\xc4\xe3 7");
    // The other formats are about bytes.
    let escaped = Message { encoding: Encoding::Utf16Be, ..message("a{n}", Format::Escaped, true) };
    check(&escaped, b"a7");
}

#[test]
fn errors_are_at_their_place_in_the_whole_text() {
    check_refused(&message("你{n} 4", Format::Hex, true), 0, "你 is not a hexadecimal digit");
    check_refused(&message("41 {n} 4", Format::Hex, true), 7, "the digit 4 lacks");
    check_refused(&message("41 {x}", Format::Hex, true), 3, "{x} is not a variable");
    check_refused(&message("a{n}\\q", Format::Escaped, true), 4, r"\q is not an escape");
    check_refused(&message("YWI= {n}", Format::Base64, true), 5, "Base64 takes no variables");
    let latin = Message { encoding: Encoding::Latin1, ..message("é{n}你", Format::Text, true) };
    check_refused(&latin, 5, "你 (U+4F60) is not in Latin-1");
}

#[test]
fn the_envelope_goes_around_it() {
    let length = Some(LengthField { width: Width::One, ..LengthField::default() });
    let checksum = Some(ChecksumField { kind: Checksum::Xor, from: 1, ..ChecksumField::default() });
    let envelope = Envelope { length, checksum, ending: LineEnding::Lf };
    let fixed = Message { envelope, ..message("hi", Format::Text, false) };
    check(&fixed, b"\x04hi\x01\n");
    assert!(fixed.prepare().expect("valid").is_fixed());
    let changing = Message { envelope, ..message("a{n}", Format::Text, true) };
    check(&changing, b"\x04a7V\n");
    assert!(!changing.prepare().expect("valid").is_fixed());
    let parts = changing.prepare().expect("valid").parts(5);
    assert_eq!((parts.length, parts.body, parts.checksum, parts.ending), (0..1, 1..3, 3..4, 4..5));
    // Without a variable it is the same each time.
    let braces = Message { envelope, ..message("{{", Format::Text, true) };
    check(&braces, b"\x03{{\n");
    assert!(braces.prepare().expect("valid").is_fixed());
}

#[test]
fn what_cannot_be_right_is_told_where_it_can_be() {
    let length = Some(LengthField { width: Width::One, ..LengthField::default() });
    let envelope = Envelope { length, ..Envelope::default() };
    let long = "a".repeat(300);
    check_refused(&Message { envelope, ..message(&long, Format::Text, false) }, 300, "a length field of 1 byte");
    let changing = Message { envelope, ..message(&(long + "{n}"), Format::Text, true) };
    let prepared = changing.prepare().expect("its variables are not known yet");
    assert!(prepared.render(&values()).expect_err("too long").contains("at most 255"));
}

#[test]
fn a_message_changes_its_notation_with_its_variables() {
    let text = message("a{{b}}{n}\n你", Format::Text, true);
    check_converted(&text, Format::Escaped, r"a{{b}}{n}\n你");
    check_converted(&text, Format::Hex, "61 7b 62 7d {n} 0a e4 bd a0");
    check_converted(&message("61 7b{n}{{ 7d", Format::Hex, true), Format::Text, "a{{{n}{{}}");
    check_converted(&message(r"\u{202e}{{\\{n}\x7b", Format::Escaped, true), Format::Hex, "e2 80 ae 7b 5c {n} 7b");
    check_converted(&message("e280ae7b5c", Format::Hex, true), Format::Escaped, r"\u{202e}{{\\");
    check_converted(&message("a{{", Format::Text, true), Format::Base64, "YXs=");
    check_converted(&message("a{n}", Format::Text, false), Format::Hex, "61 7b 6e 7d");
    let refused = |message: &Message, format| message.text_in(format).expect_err("not convertible").position;
    assert_eq!(refused(&message("a{n}", Format::Text, true), Format::Base64), 1);
    assert_eq!(refused(&message("61 {n} ff", Format::Hex, true), Format::Text), 7);
    assert_eq!(refused(&message("61 6", Format::Hex, false), Format::Text), 3);
}

#[test]
fn files_keep_a_message_in_words() {
    let checksum =
        Checksum::with_key("CRC-16/MODBUS").map(|kind| ChecksumField { kind, ..ChecksumField::default() });
    let envelope = Envelope { checksum, ending: LineEnding::Nul, ..Envelope::default() };
    let message = Message { envelope, encoding: Encoding::ShiftJis, ..message("a", Format::Hex, true) };
    let text = toml::to_string(&message).expect("serializes");
    assert!(text.contains("kind = \"CRC-16/MODBUS\""), "{text}");
    assert_eq!(toml::from_str::<Message>(&text).expect("deserializes"), message);
    assert_eq!(toml::from_str::<Message>("").expect("deserializes"), Message::default());
}

fn messages(text: impl Strategy<Value = String>) -> impl Strategy<Value = Message> {
    let format = prop::sample::select(&Format::ALL[..]);
    let encoding = prop::sample::select(&Encoding::ALL[..]);
    (text, format, encoding, any::<bool>()).prop_map(|(text, format, encoding, variables)| Message {
        text,
        format,
        encoding,
        variables,
        envelope: Envelope::default(),
    })
}

proptest! {
    #[test]
    fn no_text_makes_a_message_panic(message in messages(any::<String>()),
        grammar in messages(r"([\\xu{}0-9a-fnr ,你=/]|\{n\}|\{\{|\\x7b|\\u\{7b\}){0,12}".prop_map_into())) {
        for message in [message, grammar] {
            match message.prepare() {
                Ok(prepared) => drop(prepared.render(&values())),
                Err(error) => prop_assert!(message.text.is_char_boundary(error.position)
                    && error.position < message.text.len()),
            }
            for format in Format::ALL {
                match message.text_in(format) {
                    Ok(text) => {
                        let converted = Message { text, format, ..message.clone() };
                        let render = |message: &Message| message.prepare().expect("valid").render(&values());
                        // The text of variables is in the encoding of text, and else in UTF-8.
                        if message.encoding.has_ascii() {
                            prop_assert_eq!(render(&message), render(&converted));
                        }
                    }
                    Err(error) => prop_assert!(message.text.is_char_boundary(error.position)
                        && error.position < message.text.len()),
                }
            }
        }
    }
}
