use proptest::prelude::*;
use socket2::{Domain, SockRef, Socket, Type};

use super::catalog::ALL;
use super::*;

#[test]
fn the_catalog_has_each_option_at_its_place_and_no_name_twice() {
    for (place, about) in ALL.iter().enumerate() {
        assert_eq!(about.option as usize, place, "{}", about.name);
        assert_eq!(about.option.name().parse(), Ok(about.option));
        assert_eq!(about.option.name().to_lowercase().parse(), Ok(about.option));
        assert!(about.does.ends_with('.') && !about.does.contains("  "), "{}: {:?}", about.name, about.does);
        let read_only = about.shape == Shape::Word;
        assert_eq!(read_only, about.option.is_read_only(), "{}", about.name);
        assert_eq!(ALL.iter().filter(|other| other.name == about.name).count(), 1, "{}", about.name);
    }
}

#[test]
fn an_unknown_name_lists_all() {
    let error = "SO_RCVBUFF".parse::<SocketOption>().expect_err("there is none");
    assert!(error.starts_with("there is no socket option \"SO_RCVBUFF\": there are SO_REUSEADDR, "), "{error}");
    assert!(error.ends_with(SocketOption::offered().last().expect("there are some").name()), "{error}");
}

fn check(option: &str, text: &str, expected: Result<&str, &str>) {
    let option: SocketOption = option.parse().expect("an option");
    let parsed = OptionValue::parse(option, text).map(|value| value.words(option));
    assert_eq!(parsed, expected.map(str::to_owned).map_err(str::to_owned), "{option}={text}");
}

#[test]
fn values_are_typed_as_a_person_thinks() {
    check("SO_KEEPALIVE", "on", Ok("on"));
    check("SO_KEEPALIVE", " Off ", Ok("off"));
    check("SO_KEEPALIVE", "1", Ok("on"));
    check("SO_KEEPALIVE", "2", Err("SO_KEEPALIVE is on or off, not \"2\""));
    check("SO_RCVBUF", "65536", Ok("65536 bytes"));
    check("SO_RCVBUF", "64 KiB", Ok("65536 bytes"));
    check("SO_RCVBUF", "1m", Ok("1048576 bytes"));
    check("SO_RCVBUF", "0", Err("SO_RCVBUF is 1 to 1073741824 bytes, not \"0\""));
    check(
        "SO_RCVBUF",
        "99999999999999999999",
        Err("SO_RCVBUF is 1 to 1073741824 bytes, not \"99999999999999999999\""),
    );
    check("SO_LINGER", "off", Ok("off"));
    check("SO_LINGER", "0", Ok("0 s"));
    check("SO_LINGER", "5 s", Ok("5 s"));
    check("SO_LINGER", "65536", Err("SO_LINGER is off, or 0 to 65535 s, not \"65536\""));
    check("SO_ERROR", "0", Err("SO_ERROR can only be read"));
}

#[cfg(target_os = "linux")]
#[test]
fn times_classes_and_interfaces_too() {
    check("TCP_KEEPIDLE", "2 min", Ok("120 s"));
    check("TCP_KEEPIDLE", "32768", Err("TCP_KEEPIDLE is 1 to 32767 s, not \"32768\""));
    check("TCP_KEEPIDLE", "100 ms", Err("TCP_KEEPIDLE is 1 to 32767 s, not \"100 ms\""));
    check("TCP_USER_TIMEOUT", "30 s", Ok("30000 ms"));
    check("IP_TOS", "EF", Ok("184 (EF)"));
    check("IP_TOS", "af11", Ok("40 (AF11)"));
    check("IP_TOS", "0x10", Ok("16 (lowdelay)"));
    check("IP_TOS", "184", Ok("184 (EF)"));
    check("IP_TOS", "1", Ok("1"));
    let wrong = "IP_TOS is 0 to 255, or a name such as EF, AF11, CS1, lowdelay, not ";
    check("IP_TOS", "256", Err(&format!("{wrong}\"256\"")));
    check("IP_TOS", "0x+1", Err(&format!("{wrong}\"0x+1\"")));
    check("IP_TOS", "", Err(&format!("{wrong}\"\"")));
    check("SO_BINDTODEVICE", "lo", Ok("lo"));
    check("SO_BINDTODEVICE", "any", Ok("any"));
    let wrong = "SO_BINDTODEVICE is the name of a network interface, or any, not ";
    check("SO_BINDTODEVICE", "", Err(&format!("{wrong}\"\"")));
    check("SO_BINDTODEVICE", "a name too long", Err(&format!("{wrong}\"a name too long\"")));
}

proptest! {
    /// Whatever is typed is refused or printed as something that means the same.
    #[test]
    fn print_and_parse_are_duals(place in 0..ALL.len(), text in "[a-zA-Z0-9 .x]{0,12}|[0-9]{1,6}( ?(KiB|s|ms|h))?|EF|on|off") {
        let option = ALL[place].option;
        if let Ok(value) = OptionValue::parse(option, &text) {
            prop_assert_eq!(OptionValue::parse(option, &value.to_string()), Ok(value.clone()));
            let unit_only = value.words(option);
            let again = OptionValue::parse(option, unit_only.split(" (").next().unwrap_or_default());
            prop_assert_eq!(again, Ok(value));
        }
    }

    #[test]
    fn any_text_is_a_value_or_a_sentence(text in any::<String>()) {
        for about in &ALL {
            if let Err(sentence) = OptionValue::parse(about.option, &text) {
                prop_assert!(sentence.starts_with(about.name) && sentence.chars().count() < 400);
            }
        }
    }
}

const TCP: SocketKind = SocketKind { family: Family::V4, transport: Transport::Tcp, role: Role::Connection };
const LISTENER: SocketKind = SocketKind { role: Role::Listener, ..TCP };
const UDP: SocketKind = SocketKind { family: Family::V4, transport: Transport::Udp, role: Role::Datagrams };
const UNIX: SocketKind =
    SocketKind { family: Family::Unix, transport: Transport::UnixStream, role: Role::Connection };

fn check_fit(kind: SocketKind, name: &str, expected: Result<(), &str>) {
    let option = ALL.iter().find(|about| about.name == name).expect("an option").option;
    let fits = kind.takes(option).map_err(|reason| reason.split([':', ',']).next().unwrap_or_default());
    assert_eq!(fits, expected, "{name} on {kind:?}");
}

#[test]
fn what_does_not_fit_a_kind_is_refused_with_the_reason() {
    check_fit(TCP, "TCP_NODELAY", Ok(()));
    check_fit(UDP, "TCP_NODELAY", Err("it is an option of TCP"));
    check_fit(UNIX, "TCP_NODELAY", Err("a Unix socket does not have it"));
    check_fit(UNIX, "SO_SNDBUF", Ok(()));
    check_fit(UNIX, "SO_TYPE", Ok(()));
    check_fit(UNIX, "IP_TTL", Err("a Unix socket does not have it"));
    check_fit(UDP, "SO_BROADCAST", Ok(()));
    check_fit(TCP, "SO_BROADCAST", Err("it is about datagrams"));
    check_fit(TCP, "IP_MULTICAST_TTL", Err("it is about datagrams"));
    check_fit(UDP, "SO_LINGER", Err("it is about connections"));
    check_fit(UDP, "IPV6_UNICAST_HOPS", Err("it is an option of IPv6"));
    let v6 = SocketKind { family: Family::V6, ..UDP };
    check_fit(v6, "IPV6_UNICAST_HOPS", Ok(()));
    check_fit(v6, "IP_TTL", Err("it is an option of IPv4"));
    check_fit(SocketKind { family: Family::Either, ..UDP }, "IP_TTL", Ok(()));
    check_fit(SocketKind { family: Family::Either, ..UDP }, "IPV6_UNICAST_HOPS", Ok(()));
}

#[cfg(target_os = "linux")]
#[test]
fn what_only_linux_has_is_told_apart_too() {
    check_fit(LISTENER, "TCP_FASTOPEN", Ok(()));
    check_fit(TCP, "TCP_FASTOPEN", Err("only a listener has such a queue"));
    check_fit(SocketKind { family: Family::Dual, ..LISTENER }, "IP_TOS", Ok(()));
}

#[test]
fn some_can_be_set_before_bind_only_and_some_never() {
    let dual = SocketKind { family: Family::Dual, ..UDP };
    assert_eq!(dual.lets_set(SocketOption::OnlyV6, false), Ok(()));
    assert!(dual.lets_set(SocketOption::OnlyV6, true).is_err());
    assert!(dual.lets_set(SocketOption::Type, false).is_err());
}

fn socket(domain: Domain, ty: Type) -> Socket {
    Socket::new(domain, ty, None).expect("a socket")
}

/// A value that a fresh socket does not have.
fn other_than(option: SocketOption, fresh: &OptionValue) -> OptionValue {
    let text = match (&option.about().shape, fresh) {
        (Shape::Switch, OptionValue::Switch(on)) => if *on { "off" } else { "on" }.to_owned(),
        (Shape::Number(_, Unit::Bytes), _) if option == SocketOption::MaxSegment => "1000".to_owned(),
        (Shape::Number(_, Unit::Bytes), _) => "20000".to_owned(),
        (Shape::Number(..), _) => "7".to_owned(),
        (Shape::Linger, _) => "3".to_owned(),
        (Shape::Class, _) => "AF11".to_owned(),
        (Shape::Interface, _) => "lo".to_owned(),
        (shape, _) => panic!("{option}: {shape:?}"),
    };
    OptionValue::parse(option, &text).expect("a value")
}

/// Sets each option that fits, and reads it back by the kernel: what it made of it is never what it was.
fn set_all(socket: &Socket, role: Role) -> Vec<&'static str> {
    let socket = SockRef::from(socket);
    let (table, taken) = table::read(&socket, role).expect("a table");
    assert!(taken.is_none());
    let mut set = Vec::new();
    for row in &table.rows {
        let now = row.now.clone().unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(Some(&now), row.fresh.as_ref(), "{}: this one is fresh too", row.option);
        if table.kind.lets_set(row.option, false).is_err() {
            continue;
        }
        let value = other_than(row.option, &now);
        kernel::set(&socket, row.option, &value).unwrap_or_else(|error| panic!("{} {value}: {error}", row.option));
        let made = kernel::get(&socket, row.option).expect("it can be read");
        let doubled = matches!(row.option, SocketOption::ReceiveBuffer | SocketOption::SendBuffer);
        let expected = if doubled && cfg!(target_os = "linux") { OptionValue::Number(40_000) } else { value };
        assert_eq!(made, expected, "{}", row.option);
        set.push(row.option.name());
    }
    set
}

#[test]
fn every_option_is_set_and_read_back() {
    let mut set = set_all(&socket(Domain::IPV4, Type::STREAM), Role::Listener);
    set.extend(set_all(&socket(Domain::IPV4, Type::DGRAM), Role::Datagrams));
    set.extend(set_all(&socket(Domain::IPV6, Type::STREAM), Role::Connection));
    set.extend(set_all(&socket(Domain::IPV6, Type::DGRAM), Role::Datagrams));
    for option in SocketOption::offered().filter(|option| !option.is_read_only()) {
        assert!(set.contains(&option.name()), "{option} was on none of them");
    }
}

#[cfg(unix)]
#[test]
fn a_unix_socket_has_few() {
    assert_eq!(set_all(&socket(Domain::UNIX, Type::DGRAM), Role::Datagrams), ["SO_RCVBUF", "SO_SNDBUF"]);
}

#[test]
fn what_the_kernel_made_of_a_value_is_told() {
    let setting = |option, text| Setting { option, value: OptionValue::parse(option, text).expect("a value") };
    let buffer = setting(SocketOption::ReceiveBuffer, "64 KiB");
    let doubled = OptionValue::Number(131_072);
    assert_eq!(buffer.told(Some(&doubled)), "setsockopt SO_RCVBUF 65536: the kernel made 131072 of it");
    assert_eq!(buffer.told(None), "setsockopt SO_RCVBUF 65536");
    let nodelay = setting(SocketOption::NoDelay, "on");
    assert_eq!(nodelay.told(Some(&OptionValue::Switch(true))), "setsockopt TCP_NODELAY on");
}

#[test]
fn a_socket_that_must_be_as_asked_is_not_opened_otherwise() {
    let socket = socket(Domain::IPV4, Type::DGRAM);
    let nowhere = OptionValue::Interface(Some("nowhere0".to_owned()));
    let settings = [Setting { option: SocketOption::MulticastInterface, value: nowhere }];
    let error = prepare(&SockRef::from(&socket), Role::Datagrams, &settings, &mut Vec::new()).expect_err("refused");
    let expected = "setsockopt IP_MULTICAST_IF nowhere0: there is no interface nowhere0 with an IPv4 address";
    assert_eq!(error.to_string(), expected);
}

#[test]
fn what_does_not_fit_the_family_of_a_name_is_left_out_and_told() {
    let socket = socket(Domain::IPV4, Type::STREAM);
    let settings = [
        Setting { option: SocketOption::UnicastHops, value: OptionValue::Number(9) },
        Setting { option: SocketOption::Ttl, value: OptionValue::Number(9) },
    ];
    let mut told = Vec::new();
    prepare(&SockRef::from(&socket), Role::Connection, &settings, &mut told).expect("the rest fits");
    let left_out = "IPV6_UNICAST_HOPS is left out: it is an option of IPv6, and this is an IPv4 socket";
    assert_eq!(told, [left_out, "setsockopt IP_TTL 9"]);
    assert_eq!(socket.ttl_v4().expect("a number"), 9);
}

#[test]
fn close_never_waits() {
    let socket = socket(Domain::IPV4, Type::STREAM);
    let socket = SockRef::from(&socket);
    assert_eq!(stop_lingering(&socket), None);
    socket.set_linger(Some(std::time::Duration::from_secs(9))).expect("it lingers");
    assert_eq!(stop_lingering(&socket), Some(9));
    assert_eq!(socket.linger().expect("it can be read"), None);
    // An abort stays one.
    socket.set_linger(Some(std::time::Duration::ZERO)).expect("it aborts");
    assert_eq!(stop_lingering(&socket), None);
    assert_eq!(socket.linger().expect("it can be read"), Some(std::time::Duration::ZERO));
}
