//! ICMP echo on loopback, and across two network namespaces where that is permitted.

use std::net::IpAddr;

use sockscope::endpoint::{Address, Host};
use sockscope::engine::{
    Bind, Command, Event, OptionValue, Options, OptionsOf, Plan, Setting, SocketOption, Target, echo_refusal,
};
use sockscope::journal::{ConnId, Detail, Direction};

use crate::bench::{Bench, Tab};
use crate::cli_bench::{Run, command, for_everybody};

/// A session of ICMP echo; `None` where this machine lets nobody have one, and that is all right.
fn open(bench: &Bench) -> Option<Tab> {
    if let Some(refusal) = echo_refusal() {
        let required = std::env::var("SOCKSCOPE_TOOLS").is_ok_and(|value| value == "required");
        assert!(!required, "{refusal}");
        eprintln!("left out: {refusal}");
        return None;
    }
    let address = Address::Host(IpAddr::from([0, 0, 0, 0]), 0);
    let plan = Bind { address, dual_stack: true, receive_buffer: None, options: Options::default() };
    let tab = bench.open(Plan::Bind(plan));
    bench.event("Ready", |event| match event {
        Event::Ready { session, .. } if *session == tab.session => Some(()),
        Event::Failed { error, .. } => panic!("{error}"),
        _ => None,
    });
    Some(tab)
}

fn to(host: &str) -> Target {
    Target::Address(host.parse::<Host>().expect("a host"), 0)
}

/// The notes and errors of one host.
fn told(tab: &Tab, conn: ConnId) -> Vec<String> {
    let words = |detail| match detail {
        Detail::Note(note) => Some(note),
        Detail::Error(error) => Some(error.to_string()),
        _ => None,
    };
    tab.details(Some(conn)).into_iter().filter_map(words).collect()
}

/// C: echo requests to both families, by address and by name, each with its number and time.
#[test]
fn loopback_answers_with_what_was_sent() {
    let bench = Bench::new();
    let Some(tab) = open(&bench) else { return };
    let mut hosts = vec!["127.0.0.1", "127.1"];
    if std::net::UdpSocket::bind("[::1]:0").is_ok() {
        hosts.push("::1");
    }
    for host in &hosts {
        bench.send(&tab, to(host), "hello").expect("sent");
    }
    let first = ConnId(1);
    bench.received(&tab, first, b"hellohello");
    if hosts.len() == 3 {
        bench.received(&tab, ConnId(2), b"hello");
    }
    let peer = tab.journal.connection(first).expect("a host").peer;
    assert_eq!(peer, Address::Host(IpAddr::from([127, 0, 0, 1]), 0));
    bench.stop(&tab);
    bench.over(&tab).expect("an end in order");
    let told = told(&tab, first);
    assert!(told[0].starts_with("answer to request 1 after ") && told[0].contains(" ms"), "{told:?}");
    assert!(told[1].starts_with("answer to request 2 after "), "{told:?}");
    assert!(told[2].starts_with("2 sent, 2 answered, 0 without an answer (0 %); "), "{told:?}");
}

/// Without a payload the usual 56 bytes go; too many are refused with the number that fits.
#[test]
fn payloads_have_a_usual_and_a_longest_size() {
    let bench = Bench::new();
    let Some(tab) = open(&bench) else { return };
    bench.send(&tab, to("127.0.0.1"), "").expect("sent");
    let expected: Vec<u8> = (0..56).collect();
    bench.received(&tab, ConnId(1), &expected);
    assert_eq!(tab.payload(ConnId(1), Direction::Sent), expected);
    let error = bench.send(&tab, to("127.0.0.1"), vec![0; 65_508]).expect_err("too long");
    assert_eq!(
        error.to_string(),
        "send 127.0.0.1: the payload has 65508 bytes, and an echo request takes 65507 at most"
    );
    let error = bench.send(&tab, to("name.invalid"), "x").expect_err("no such name");
    assert!(error.to_string().contains("name.invalid"), "{error}");
}

/// An option that is set while it runs goes to the socket of each family that can have it.
#[test]
fn options_are_those_of_both_families() {
    let bench = Bench::new();
    let Some(tab) = open(&bench) else { return };
    if std::net::UdpSocket::bind("[::1]:0").is_err() {
        return;
    }
    bench.send(&tab, to("127.0.0.1"), "x").expect("sent");
    bench.send(&tab, to("::1"), "x").expect("sent");
    for (name, text, shown) in
        [("SO_SNDBUF", "20000", "40000"), ("IP_TTL", "9", "9"), ("IPV6_UNICAST_HOPS", "8", "8")]
    {
        let option: SocketOption = name.parse().expect("an option");
        let setting = Setting { option, value: OptionValue::parse(option, text).expect("a value") };
        bench.command(Command::SetOption { session: tab.session, of: OptionsOf::Session, setting });
        bench.event("an answer", |event| match event {
            Event::OptionSet { option: of, now, .. } if *of == option => {
                assert_eq!(now.as_ref().map(ToString::to_string), Ok(shown.to_owned()));
                Some(())
            }
            _ => None,
        });
    }
    for (conn, hops) in [(ConnId(1), "IP_TTL"), (ConnId(2), "IPV6_UNICAST_HOPS")] {
        bench.command(Command::ReadOptions { session: tab.session, conn: Some(conn), record: false });
        let table = bench.event("a table", |event| match event {
            Event::OptionsRead { conn: of, table: Ok(table), .. } if *of == Some(conn) => Some(table.clone()),
            _ => None,
        });
        let now = |name: &str| table.row(name.parse().expect("an option")).and_then(|row| row.now.clone().ok());
        assert_eq!(now("SO_SNDBUF").expect("a size").to_string(), "40000", "{conn:?}");
        assert!(now(hops).is_some(), "{hops}");
    }
}

#[test]
fn it_is_called_what_it_is() {
    if echo_refusal().is_some() {
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("log.jsonl");
    let save = ["listen", "icmp://127.0.0.1", "--save", file.to_str().expect("text")];
    let mut run = Run::spawn(&mut command(&save));
    let told = run.told.wait_for("icmp://0.0.0.0\n");
    assert!(told.starts_with("bound to "), "{told}");
    let end = run.interrupt();
    assert!(!end.told.contains("everyone"), "nobody can connect: {}", end.told);
    let log = std::fs::read_to_string(file).expect("a log");
    assert!(log.contains("\"endpoint\":\"icmp://0.0.0.0\""), "{log}");
}

#[test]
fn the_command_line_repeats_and_sums_up() {
    if echo_refusal().is_some() {
        return;
    }
    let arguments = ["--repeat", "3", "--every", "20", "--wait", "500"];
    let out = Run::connect("icmp://127.0.0.1", &arguments).end().with(0);
    assert!(out.contains("answer to request 3 after "), "{out}");
    assert!(out.contains("3 sent, 3 answered, 0 without an answer (0 %)"), "{out}");
}

/// Two namespaces with a router that knows no way on: a raw socket and the kernel's own both tell of its report.
#[test]
fn what_a_router_reports_is_an_error_with_its_reason() {
    let script = "set -e
ip link set lo up
unshare -n sleep 60 & router=$!
trap 'kill $router' EXIT
while [ \"$(readlink /proc/$router/ns/net)\" = \"$(readlink /proc/self/ns/net)\" ]; do sleep 0.02; done
ip link add near type veth peer name far netns $router
ip addr add 10.9.0.1/24 dev near && ip link set near up
nsenter -t $router -n ip addr add 10.9.0.2/24 dev far
nsenter -t $router -n ip link set far up
nsenter -t $router -n sysctl -q -w net.ipv4.ip_forward=1
nsenter -t $router -n ip route add unreachable 10.8.0.0/16
ip route add default via 10.9.0.2
sysctl -q -w net.ipv4.ping_group_range='0 2147483647' || true
echo '--- raw'
\"$0\" connect icmp://10.8.0.1 --wait 3000 || true
echo '--- ping'
setpriv --reuid 65534 --regid 65534 --clear-groups --bounding-set -all \"$0\" connect icmp://10.8.0.1 --wait 3000 || true";
    let possible = std::process::Command::new("unshare")
        .args(["-n", "true"])
        .output()
        .is_ok_and(|output| output.status.success());
    let needed = ["ip", "setpriv", "nsenter"]
        .iter()
        .all(|tool| std::process::Command::new(tool).arg("--version").output().is_ok());
    if !possible || !needed {
        eprintln!("left out: no network namespace can be made here");
        return;
    }
    let program = for_everybody();
    let mut shell = std::process::Command::new("timeout");
    shell.args(["50", "unshare", "-n", "bash", "-c", script]).arg(program.path().join("sockscope"));
    let output = shell.output().expect("it runs");
    let out = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{out}\n{}", String::from_utf8_lossy(&output.stderr));
    let (raw, ping) = out.split_once("--- ping").expect("both ran");
    assert!(raw.contains("a raw socket") && ping.contains("a ping socket"), "{out}");
    for part in [raw, ping] {
        let expected = "request 1: the host does not answer on its network (type 3, code 1)";
        assert!(part.contains(expected), "{out}");
        assert!(part.contains("of which the network refused 1"), "{out}");
    }
}
