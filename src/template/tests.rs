use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use proptest::prelude::*;

use super::*;

const PEER: Address = Address::Ip(SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 50_612));
const LOCAL: Address = Address::Ip(SocketAddr::new(IpAddr::V6(Ipv6Addr::LOCALHOST), 9_000));

fn values(payload: &[u8]) -> Values<'_> {
    Values { peer: &PEER, local: &LOCAL, payload, number: 7, time: Stamp::default(), captures: &[] }
}

#[track_caller]
fn check(template: &str, payload: &[u8], expected: impl AsRef<[u8]>) {
    let template: Template = template.parse().expect("a template");
    assert_eq!(
        template.render(&values(payload)).escape_ascii().to_string(),
        expected.as_ref().escape_ascii().to_string()
    );
}

#[track_caller]
fn check_refused(template: &str, position: usize, reason: &str) {
    let error = template.parse::<Template>().expect_err(template);
    assert_eq!(error.position, position, "{template}: {error}");
    assert!(error.reason.contains(reason), "{template}: {error}");
}

#[test]
fn every_variable_has_its_value() {
    check("{peer} {peer.ip} {peer.port}", b"", "127.0.0.1:50612 127.0.0.1 50612");
    check("{local} {local.ip} {local.port}", b"", "[::1]:9000 ::1 9000");
    check("{data}|{hex}|{repr}|{len}|{n}", b"a\xff'", b"a\xff'|61 ff 27|b\"a\\xff'\"|3|7");
    check("{ctime}", b"", Stamp::default().ctime());
    check("{n:100:-5:5}|{n:8}", b"", "00070|14");
    let day = local(Stamp::default(), "%Y-%m-%d");
    check("on {time:%Y-%m-%d}.", b"", format!("on {day}."));
    let seconds = Stamp::default().timestamp().as_second();
    check("{time@UTC:%Z%z %s}|{time@asia/kathmandu:%z}", b"", format!("UTC+0000 {seconds}|+0530"));
    check(r"{time:%Y\n%Q%}", b"", format!(r"{}\n%Q%", &day[..4]));
    // RFC 868: 2,208,988,800 is the first second of 1970.
    let since_1900 = u32::try_from(2_208_988_800 + seconds).expect("before 2036");
    check("{rfc868}", b"", since_1900.to_be_bytes());
}

fn local(stamp: Stamp, format: &str) -> String {
    stamp.timestamp().to_zoned(jiff::tz::TimeZone::system()).strftime(format).to_string()
}

#[test]
fn a_format_that_came_is_answered_whatever_it_is() {
    let day = local(Stamp::default(), "%Y-%m");
    check("{strftime}", br"%Y-%m\x", format!(r"{day}\x"));
    check("{strftime@UTC}", b"%z %Q %", "+0000 %Q %");
    check("{strftime}{strftime}", b"\0\xff%\xff%", b"\0\xff%\xff%\0\xff%\xff%");
    check("<{strftime}>", b"%1000%", format!("<{:>1000}>", "%"));
    check("<{strftime}>", b"%99999999999999999999d", format!("<{}>", "0".repeat(strftime::LONGEST)));
}

#[test]
fn random_payload_is_as_long_as_asked_for() {
    let render = |text: &str| text.parse::<Template>().expect("a template").render(&values(b""));
    assert_eq!(render("a{rand:300}b").len(), 302);
    assert!(render("{rand:64:hex}").iter().all(u8::is_ascii_hexdigit));
    let text: Template = "{rand:8:digits}{n}".parse().expect("a template");
    assert_eq!(text.render_in(&values(b""), Encoding::Utf16Le).len(), 18);
}

#[test]
fn captures_are_what_the_expression_has() {
    let names = ["1", "name", "3", "len"].map(str::to_owned);
    let groups = Groups { names: &names };
    let captures = [("1", "one"), ("name", "two"), ("3", ""), ("len", "x")];
    let captures = captures.map(|(name, matched)| (name.to_owned(), Bytes::from_static(matched.as_bytes())));
    let template = Template::escaped("{2}-{name}-{1}-{3}-{len}", Some(groups)).expect("a template");
    assert_eq!(template.render(&Values { captures: &captures, ..values(b"abcd") }), b"two-two-one--4");

    let check = |text: &str, groups, position, reason: &str| {
        let error = Template::escaped(text, groups).expect_err(text);
        assert_eq!(error.position, position, "{text}: {error}");
        assert!(error.reason.contains(reason), "{text}: {error}");
    };
    check("a {5}", Some(groups), 2, "captured by no group: the expression has {1} {name} {3} {len}");
    check("{0}", Some(groups), 0, "captured by no group");
    check("{01}", Some(groups), 0, "captured by no group");
    check("{99999999999999999999}", Some(groups), 0, "captured by no group");
    check("{nme}", Some(groups), 0, "nor a capture: the expression has {1} {name} {3} {len}; use {peer}");
    check("{1}", Some(Groups::default()), 0, "captures nothing");
    check("{1}", None, 0, "and here is none: replies of rules");
}

#[test]
fn literals_may_be_in_another_notation() {
    let hex = |text: &str, position: usize| {
        crate::payload::parse(text, crate::payload::Format::Hex)
            .map_err(|error| crate::payload::refused(position + error.position, error.reason))
    };
    let template = Template::parse_with("48 {n} 0a{data}", None, hex).expect("a template");
    assert_eq!(template.render(&values(b"\xff")), b"H7\n\xff");
    assert_eq!(Template::parse_with("48 {n} 0", None, hex).expect_err("odd").position, 7);
    assert_eq!(Template::parse_with("48 {m} 0", None, hex).expect_err("no variable").position, 3);
    assert_eq!(Template::parse_with("4841", None, hex).expect("a template").fixed(), Some(b"HA".to_vec()));
}

#[test]
fn every_variable_is_in_the_list_of_an_error() {
    for (name, _) in part::VARIABLES {
        assert!(format!("{{{name}}}").parse::<Template>().is_ok());
        check_refused("{x}", 0, &format!("{{{name}}}"));
    }
}

#[test]
fn the_answers_of_the_tutorials_are_exact() {
    let ctime = Stamp::default().ctime();
    check("Welcome,('{peer.ip}', {peer.port})", b"", "Welcome,('127.0.0.1', 50612)");
    check("[{ctime}] {data}", b"hello", format!("[{ctime}] hello"));
    check("at {ctime} :{repr}", "你好".as_bytes(), format!(r"at {ctime} :b'\xe4\xbd\xa0\xe5\xa5\xbd'"));
}

#[test]
fn braces_and_escapes_stand_for_themselves() {
    check("", b"x", "");
    check("{{}}", b"", "{}");
    check("{{data}}", b"x", "{data}");
    check("{{{data}}}", b"x", "{x}");
    check("a}b}}c", b"", "a}b}c");
    check(r#"{{"len": {len}}\r\n"#, b"x", "{\"len\": 1}\r\n");
    check(r"\x7bdata} \u{4f60}\0", b"x", "{data} 你\0");
}

#[test]
fn what_a_peer_sends_is_not_a_template() {
    check("{data}{len}", br"{peer}\n{{", br"{peer}\n{{10");
}

#[test]
fn a_mapped_peer_appears_as_ipv4() {
    let template: Template = "{peer} {peer.ip}".parse().expect("a template");
    let peer = &"[::ffff:10.0.0.1]:5".parse().expect("an address");
    assert_eq!(template.render(&Values { peer, ..values(b"") }), b"10.0.0.1:5 10.0.0.1");
}

#[test]
fn errors_say_where_and_what_there_is() {
    check_refused("a {foo} b", 2, "{foo} is not a variable: use {peer} {peer.ip}");
    check_refused("{Data}", 0, "{data}");
    check_refused("{}", 0, "{time:%H:%M:%S}, and {{ for a brace");
    check_refused("a{1}", 1, "a regular expression captured");
    check_refused("x{file:/etc/passwd}", 1, "can't read files");
    check_refused("{n:}", 3, "a whole number is needed");
    check_refused("{n:1:2x}", 5, "2x is not a whole number: a counter is {n}, or {n:START:STEP:WIDTH}");
    check_refused("{n:1:2:21}", 7, "from 0 to 20");
    check_refused("{n:1:2:3:}", 9, "one too many");
    check_refused("{n:9223372036854775808}", 3, "64 bits");
    check_refused("{rand}", 0, "{rand:8}");
    check_refused("{rand:}", 6, "a whole number is needed");
    check_refused("{rand:0}", 6, "from 1 to 65,536");
    check_refused("{rand:65537}", 6, "from 1 to 65,536");
    check_refused("{rand:8:bits}", 8, "no such kind");
    check_refused("{time@Mars:%H}", 6, "Mars is not a time zone: use UTC");
    check_refused("{time@:%H}", 6, "not a time zone");
    check_refused("{time@../../etc/passwd:%H}", 6, "not a time zone");
    check_refused("{time@UTC}", 9, "a time format is needed");
    check_refused("{time@UTC:}", 10, "a time format is needed");
    check_refused("{strftime@}", 10, "not a time zone");
    check_refused("{strftime:%H}", 0, "not a variable");
    check_refused("{\u{202e}}", 0, r"{\u{202e}} is not a variable");
    check_refused("ab{data", 2, "never closed");
    check_refused("ab{", 2, "never closed");
    check_refused("{ {data}", 0, "never closed");
    check_refused(r"{data}\q", 6, r"\q is not an escape");
    check_refused("{time}", 0, "{time:%H:%M:%S}");
}

#[test]
fn any_time_format_is_taken() {
    check_refused("你{time:}", 9, "a time format is needed");
    for format in
        ["%H:%!", "%H %", "%1000d", "%99999999999999999999d", r"%H\n", "%你", "%:z", "%3f 你", "%c %Ez %Q"]
    {
        let template = format!("{{time:{format}}}").parse::<Template>().expect(format);
        assert!(template.render(&values(b"")).len() <= strftime::LONGEST, "{format}");
    }
}

#[test]
fn output_is_bounded() {
    let template: Template = "{data}{repr}{hex}tail".parse().expect("a template");
    let payload = vec![0xff; 6 << 20];
    assert_eq!(template.render(&values(&payload)).len(), MAX_RENDERED);
    let longest: Template = format!("{{time:{}}}", "%320A".repeat(50)).parse().expect("a template");
    assert_eq!(longest.render(&values(b"")).len(), strftime::LONGEST);
    let random: Template = "{rand:65536}".repeat(300).parse().expect("a template");
    assert_eq!(random.render(&values(b"")).len(), MAX_RENDERED);
}

proptest! {
    #[test]
    fn a_template_prints_as_it_was_typed(text in r"([a-z \\{}]|\{data\}|\{n:[0-9:-]{0,6}\}|\{rand:[0-9]{0,2}[:a-z]{0,4}\}|\{time[@:]?[UTC:%]{0,5}\}|\\n){0,8}") {
        if let Ok(template) = text.parse::<Template>() {
            prop_assert_eq!(template.to_string(), text);
        }
    }

    #[test]
    fn text_without_braces_and_escapes_is_itself(text in r"[^\\{}]*", payload: Vec<u8>) {
        let template: Template = text.parse().expect("plain text");
        prop_assert_eq!(template.render(&values(&payload)), text.into_bytes());
    }

    #[test]
    fn no_text_makes_the_parser_or_rendering_panic(text: String, payload: Vec<u8>) {
        match text.parse::<Template>() {
            Ok(template) => prop_assert!(template.render(&values(&payload)).len() <= MAX_RENDERED),
            Err(error) => prop_assert!(text.is_char_boundary(error.position)),
        }
    }

    #[test]
    fn captures_are_never_a_panic(text in r"(\{[0-9a-z]{0,3}\}|[a-z]){0,6}", names in prop::collection::vec("[0-9a-z]{0,3}", 0..6)) {
        if let Err(error) = Template::escaped(&text, Some(Groups { names: &names })) {
            prop_assert!(text.is_char_boundary(error.position));
        }
    }
}
