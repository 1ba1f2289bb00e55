use std::sync::Arc;

use super::*;
use crate::form::{ClientForm, ServerForm, Switches, UdpForm};

fn switches(options: &[(SocketOption, &str)]) -> Switches {
    let mut switches = Switches::default();
    options.iter().for_each(|(option, text)| switches.socket_options.set(*option, text));
    switches
}

fn check(form: &Form, options: &[(SocketOption, &str)], expected: Result<&[&str], &str>) {
    let switches = switches(options);
    let result = form.check(&switches, &Arc::default()).map(|mut plan| {
        let settings = Arc::clone(&plan.options_mut().socket_options);
        settings.iter().map(|setting| format!("{} {}", setting.option, setting.value)).collect::<Vec<_>>()
    });
    let result = result.map_err(|errors| match errors.into_iter().next() {
        Some((Field::Option(option), reason)) => {
            assert_eq!(options.iter().filter(|(known, _)| *known == option).count(), 1, "{reason}");
            reason
        }
        other => panic!("{other:?}"),
    });
    let expected = expected.map(|all| all.iter().map(|it| (*it).to_owned()).collect()).map_err(str::to_owned);
    assert_eq!(result, expected, "{options:?}");
}

fn server(address: &str) -> Form {
    Form::Server(ServerForm { address: address.into(), port: "0".into(), ..ServerForm::default() })
}

fn client(host: &str) -> Form {
    Form::Client(ClientForm { host: host.into(), ..ClientForm::default() })
}

fn udp(address: &str) -> Form {
    Form::Udp(UdpForm { address: address.into(), ..UdpForm::default() })
}

#[test]
fn what_is_typed_is_set_in_order_and_what_is_wrong_is_told_at_its_row() {
    use SocketOption as O;
    check(
        &server("127.0.0.1"),
        &[(O::SendBuffer, "64 KiB"), (O::Linger, "0")],
        Ok(&["SO_LINGER 0", "SO_SNDBUF 65536"]),
    );
    check(&server("127.0.0.1"), &[(O::NoDelay, "perhaps")], Err("TCP_NODELAY is on or off, not \"perhaps\""));
    let reason = "TCP_NODELAY can't be set: it is an option of TCP, and this is not a TCP socket";
    check(&udp("127.0.0.1"), &[(O::NoDelay, "on")], Err(reason));
    let reason = "IPV6_UNICAST_HOPS can't be set: it is an option of IPv6, and this is an IPv4 socket";
    check(&server("127.0.0.1"), &[(O::UnicastHops, "9")], Err(reason));
    check(&client("127.0.0.1"), &[(O::UnicastHops, "9")], Err(reason));
    check(&client("example.org"), &[(O::UnicastHops, "9")], Ok(&["IPV6_UNICAST_HOPS 9"]));
    check(&client("::1"), &[(O::UnicastHops, "9")], Ok(&["IPV6_UNICAST_HOPS 9"]));
    check(&udp("127.0.0.1"), &[(O::Type, "1")], Err("SO_TYPE can't be set: it can only be read"));
}

#[test]
fn an_interface_that_is_not_there_is_refused() {
    let switches = switches(&[(SocketOption::MulticastInterface, "nowhere0")]);
    let errors = udp("127.0.0.1").check(&switches, &Arc::default()).expect_err("refused");
    let reason = &errors[&Field::Option(SocketOption::MulticastInterface)];
    assert!(reason.starts_with("there is no interface nowhere0 with an address: there are "), "{reason}");
    // Whether it is there is no question of how it is written.
    assert!(udp("127.0.0.1").wrong_numbers(&switches).is_empty());
}

#[test]
fn only_ipv6_says_whose_peers_there_are() {
    let dual = |form: &Form, only: &str| {
        let plan = form.check(&switches(&[(SocketOption::OnlyV6, only)]), &Arc::default()).expect("a plan");
        match plan {
            Plan::Listen(plan) => plan.dual_stack,
            Plan::Bind(plan) => plan.dual_stack,
            Plan::Connect(_) => panic!("it connects"),
        }
    };
    assert!(!dual(&server("*"), "on"));
    assert!(dual(&server("::"), "off"));
    assert!(dual(&udp("::"), "off"));
    assert!(!dual(&udp("::"), ""));
    let kind = |address: &str, only: &str| {
        let switches = switches(&[(SocketOption::OnlyV6, only)]);
        udp(address).socket_kind(&switches.socket_options).family
    };
    assert_eq!((kind("::", "off"), kind("::", ""), kind("*", "")), (Family::Dual, Family::V6, Family::Dual));
    assert_eq!((kind("0.0.0.0", ""), kind("who knows", "")), (Family::V4, Family::Either));
}

#[test]
fn a_file_may_have_numbers_and_switches_as_such() {
    let text = "SO_RCVBUF = 65536\nTCP_NODELAY = true\nSO_LINGER = \"off\"\n";
    let options: SocketOptions = toml::from_str(text).expect("it can be read");
    let texts: Vec<_> = options.typed().map(|(option, text)| format!("{option}={text}")).collect();
    assert_eq!(texts, ["SO_LINGER=off", "SO_RCVBUF=65536", "TCP_NODELAY=on"]);
    let written = toml::to_string(&options).expect("it can be written");
    assert_eq!(toml::from_str::<SocketOptions>(&written).as_ref(), Ok(&options));
    let error = toml::from_str::<SocketOptions>("SO_RCVBUFF = 1").expect_err("there is none");
    assert!(error.to_string().contains("there is no socket option"), "{error}");
}

#[test]
fn on_the_command_line_it_is_a_name_and_a_value() {
    let check = |text: &str, expected: Result<(&str, &str), &str>| {
        let parsed = named(text).map(|(option, text)| (option.name(), text));
        let parsed = parsed.as_ref().map(|(name, text)| (*name, text.as_str())).map_err(String::as_str);
        match (parsed, expected) {
            (Err(reason), Err(start)) => assert!(reason.starts_with(start), "{reason}"),
            (parsed, expected) => assert_eq!(parsed, expected, "{text}"),
        }
    };
    check("SO_RCVBUF=65536", Ok(("SO_RCVBUF", "65536")));
    check("so_rcvbuf = 64 KiB", Ok(("SO_RCVBUF", "64 KiB")));
    check("SO_RCVBUF", Err("\"SO_RCVBUF\" is not NAME=VALUE"));
    check("SO_RCVBUF=", Err("SO_RCVBUF is 1 to 1073741824 bytes, not \"\""));
    check("NO_SUCH=1", Err("there is no socket option \"NO_SUCH\": there are SO_REUSEADDR, "));
}
