use proptest::prelude::*;

use super::*;

fn values(payload: &[u8]) -> Values<'_> {
    Values {
        peer: "127.0.0.1:50612".parse().expect("an address"),
        local: "[::1]:9000".parse().expect("an address"),
        payload,
        number: 7,
        time: Stamp::default(),
    }
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
    check("at {time:%H:%M:%S}.", b"", format!("at {}.", Stamp::default().strftime("%H:%M:%S").expect("valid")));
}

#[test]
fn every_variable_is_in_the_list_of_an_error() {
    for (name, _) in VARIABLES {
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
    let peer = "[::ffff:10.0.0.1]:5".parse().expect("an address");
    assert_eq!(template.render(&Values { peer, ..values(b"") }), b"10.0.0.1:5 10.0.0.1");
}

#[test]
fn errors_say_where_and_what_there_is() {
    check_refused("a {foo} b", 2, "{foo} is not a variable: use {peer} {peer.ip}");
    check_refused("{Data}", 0, "{data}");
    check_refused("{}", 0, "{time:%H:%M:%S}, and {{ for a brace");
    check_refused("{1}", 0, "not a variable");
    check_refused("{\u{202e}}", 0, r"{\u{202e}} is not a variable");
    check_refused("ab{data", 2, "never closed");
    check_refused("ab{", 2, "never closed");
    check_refused("{ {data}", 0, "never closed");
    check_refused(r"{data}\q", 6, r"\q is not an escape");
    check_refused("{time}", 0, "{time:%H:%M:%S}");
}

#[test]
fn time_formats_are_checked_when_they_are_typed() {
    check_refused("你{time:}", 9, "a time format is needed");
    check_refused("{time:%H:%!}", 9, "%! is not part of a time format");
    check_refused("{time:%H %}", 9, "% is not part");
    check_refused("{time:%1000d}", 6, "too wide");
    check_refused("{time:%255d}", 6, "too wide");
    check_refused("{time:%.99f}", 6, "too wide");
    check_refused("{time:%99999999999999999999d}", 6, "too wide");
    check_refused(r"{time:%H\n}", 8, "takes no escapes");
    check_refused(&format!("{{time:{}}}", "%T".repeat(101)), 6, "too long");
    check_refused("{time:%你}", 6, "%你 is not part");
    for format in ["%H:%M:%S%.3f", "%-d %_d %010Y", "%:z", "%%", "%FT%T%z", "%32d", "%3f 你", "%c %x %X %r %Z %s"]
    {
        assert!(format!("{{time:{format}}}").parse::<Template>().is_ok(), "{format}");
    }
}

#[test]
fn output_is_bounded() {
    let template: Template = "{data}{repr}{hex}tail".parse().expect("a template");
    let payload = vec![0xff; 6 << 20];
    assert_eq!(template.render(&values(&payload)).len(), MAX_RENDERED);
    let longest: Template = format!("{{time:{}}}", "%32A".repeat(50)).parse().expect("a template");
    assert!(longest.render(&values(b"")).len() <= 50 * 32);
}

proptest! {
    #[test]
    fn a_template_prints_as_it_was_typed(text in r"([a-z \\{}]|\{data\}|\{n\}|\{time:%T\}|\\n){0,8}") {
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
    fn no_time_format_does(format in r"(%[-_^#0]?[0-9]{0,3}[.:]{0,2}[0-9]?[a-zA-Z%]?|[ -z]){0,6}") {
        if let Ok(template) = format!("{{time:{format}}}").parse::<Template>() {
            prop_assert!(template.render(&values(b"")).len() < 8 << 10);
        }
    }
}
