//! A pair across two network namespaces, and peers that socat plays. Both need what not every machine has: where it is
//! not there, a test says so and passes, unless `SOCKSCOPE_TOOLS=required`.

use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Instant;

use crate::bench::PATIENCE;
use crate::cli_bench::Run;

/// Whether what a test needs has to be there.
fn is_required() -> bool {
    std::env::var("SOCKSCOPE_TOOLS").is_ok_and(|value| value == "required")
}

fn ip(arguments: &str) -> bool {
    let mut command = Command::new("ip");
    command.args(arguments.split(' ')).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

/// Addresses on a new interface are there at once, without asking the network for duplicates.
fn without_waiting(side: &str) -> bool {
    let settings = ["net.ipv6.conf.all.accept_dad=0", "net.ipv6.conf.default.accept_dad=0"];
    let mut command = Pair::program(side, "sysctl", &["-qw", settings[0], settings[1]]);
    command.status().is_ok_and(|status| status.success())
}

/// Two machines with a cable between them: 10.77.0.1 and 10.77.0.2, fd77::1 and fd77::2, each at its end `cable`.
struct Pair {
    left: String,
    right: String,
}

impl Pair {
    /// `None` where the system does not let this program make namespaces.
    fn new() -> Option<Self> {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = |side: &str| format!("sockscope-{}-{number}-{side}", std::process::id());
        let pair = Self { left: name("l"), right: name("r") };
        let (left, right) = (&pair.left, &pair.right);
        let cable = format!("-n {left} link add cable type veth peer name cable netns {right}");
        let made = [left, right].iter().all(|side| ip(&format!("netns add {side}")) && without_waiting(side));
        let made = made && ip(&cable);
        if !made {
            assert!(!is_root() || !is_required(), "namespaces are asked for, and can't be made");
            eprintln!("left out: no network namespaces here");
            return None;
        }
        for (side, number) in [(left, 1), (right, 2)] {
            for arguments in [
                format!("-n {side} addr add 10.77.0.{number}/24 brd 10.77.0.255 dev cable"),
                format!("-n {side} addr add fd77::{number}/64 dev cable nodad"),
                format!("-n {side} link set lo up"),
                format!("-n {side} link set cable up"),
            ] {
                assert!(ip(&arguments), "ip {arguments}");
            }
        }
        pair.wait_until_up();
        Some(pair)
    }

    /// The kernel takes a moment until IPv6 works over a new cable.
    fn wait_until_up(&self) {
        let deadline = Instant::now() + PATIENCE;
        for side in [&self.left, &self.right] {
            let routes = || {
                let out = Command::new("ip").args(["-n", side, "-6", "route", "show", "table", "local"]).output();
                String::from_utf8_lossy(&out.expect("ip runs").stdout).into_owned()
            };
            while !routes().contains("multicast ff00::/8 dev cable") {
                assert!(Instant::now() < deadline, "the cable never came up: {}", routes());
                std::thread::yield_now();
            }
        }
    }

    /// A program in one of them.
    fn program(side: &str, program: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new("ip");
        command.args(["netns", "exec", side, program]).args(arguments);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// Sockscope in one of them.
    fn run(side: &str, arguments: &[&str]) -> Run {
        Run::spawn(&mut Self::program(side, env!("CARGO_BIN_EXE_sockscope"), arguments))
    }
}

impl Drop for Pair {
    fn drop(&mut self) {
        ip(&format!("netns del {}", self.left));
        ip(&format!("netns del {}", self.right));
    }
}

fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// A receiver on the right that has joined, and its port.
fn receiver(pair: &Pair, endpoint: &str, more: &[&str]) -> (Run, u16) {
    let mut run = Pair::run(&pair.right, &[&["listen", endpoint, "--output", "jsonl"], more].concat());
    let port = run.ready().port();
    run.out.wait_for("joined");
    (run, port)
}

/// C: multicast between two machines, both families: the datagram comes to who joined, by its group, and the answer goes
/// to the sender alone.
#[test]
fn a_pair_talks_through_a_group_of_either_family() {
    let Some(pair) = Pair::new() else { return };
    let cases = [("udp://0.0.0.0:0", "239.77.0.1", "10.77.0.2"), ("udp://[::]:0", "ff15::77", "fd77::2")];
    for (endpoint, group, answers_from) in cases {
        let join = format!("{group}@cable");
        let (receiver, port) = receiver(&pair, endpoint, &["--join", &join, "--reply", "heard {data}"]);
        let bare = if group.contains(':') { format!("[{group}]") } else { group.to_owned() };
        let to = format!("udp://{bare}:{port}");
        let through = ["--multicast-interface", "cable", "--multicast-ttl", "4"];
        let sends = ["connect", &to, "--send", "hello", "--until", "heard hello", "--wait", "15000"];
        let sent = Pair::run(&pair.left, &[&sends[..], &through].concat()).end().with(0);
        assert!(sent.contains(answers_from) && !sent.contains("received*"), "{sent}");
        let out = receiver.interrupt().with(0);
        let came = out.lines().find(|line| line.contains("\"received\"")).expect("a record");
        assert!(came.contains(&format!("\"local\":\"{bare}:{port}\"")), "{came}");
    }
}

/// C: a socket of both families is in groups of both.
#[test]
fn a_dual_stack_socket_is_in_groups_of_both_families() {
    let Some(pair) = Pair::new() else { return };
    let (mut ours, port) =
        receiver(&pair, "udp://*:0", &["--join", "239.77.0.1@cable", "--join", "ff15::77@cable"]);
    for group in ["239.77.0.1", "[ff15::77]"] {
        let to = format!("udp://{group}:{port}");
        let words = ["connect", &to, "--send", "hello", "--wait", "0", "--multicast-interface", "cable"];
        Pair::run(&pair.left, &words).end().with(0);
        ours.out.wait_for(&format!("\"local\":\"{group}:{port}\",\"len\":5"));
    }
    ours.interrupt().with(0);
}

/// C: what is sent to a group comes to receivers on the same machine, unless that is switched off.
#[test]
fn receivers_on_this_machine_get_it_unless_switched_off() {
    let Some(pair) = Pair::new() else { return };
    let (mut here, port) = receiver(&pair, "udp://0.0.0.0:0", &["--join", "239.77.0.1@cable"]);
    for (what, more) in [("unheard", &["--no-multicast-loop"][..]), ("looped", &[])] {
        let to = format!("udp://239.77.0.1:{port}");
        let words = ["connect", &to, "--send", what, "--wait", "0", "--multicast-interface", "cable"];
        Pair::run(&pair.right, &[&words[..], more].concat()).end().with(0);
    }
    here.out.wait_for("looped");
    let out = here.interrupt().with(0);
    assert!(!out.contains("unheard"), "{out}");
}

/// C: one source of a group, across two machines; the other one's datagrams don't come.
#[test]
fn one_source_of_either_family_across_the_cable() {
    let Some(pair) = Pair::new() else { return };
    for (endpoint, group, source, wrong) in [
        ("udp://0.0.0.0:0", "232.77.0.1", "10.77.0.1", "10.77.0.9"),
        ("udp://[::]:0", "ff35::77", "fd77::1", "fd77::9"),
    ] {
        for (source, hears) in [(source, true), (wrong, false)] {
            let join = format!("{group},source={source}@cable");
            let (mut receiver, port) = receiver(&pair, endpoint, &["--join", &join]);
            let bare = if group.contains(':') { format!("[{group}]") } else { group.to_owned() };
            let own = if group.contains(':') { "[fd77::2]" } else { "10.77.0.2" };
            let send = |to: String, what| {
                let words = ["connect", &to, "--send", what, "--wait", "0", "--multicast-interface", "cable"];
                Pair::run(&pair.left, &words).end().with(0);
            };
            send(format!("udp://{bare}:{port}"), "to-all");
            send(format!("udp://{own}:{port}"), "to-you");
            receiver.out.wait_for("to-you");
            let out = receiver.interrupt().with(0);
            assert_eq!(out.contains("to-all"), hears, "{join}: {out}");
        }
    }
}

/// C: broadcast: refused with what to do about it, and taken with the switch; the log has the address that it went to.
#[test]
fn broadcast_needs_its_switch_and_reaches_everyone() {
    let Some(pair) = Pair::new() else { return };
    let mut receiver = Pair::run(&pair.right, &["listen", "udp://0.0.0.0:0", "--output", "jsonl"]);
    let port = receiver.ready().port();
    let to = format!("udp://10.77.0.255:{port}");
    let refused = Pair::run(&pair.left, &["connect", &to, "--send", "hello", "--wait", "0"]).end();
    assert_eq!(refused.status, Some(1), "{}", refused.told);
    assert!(refused.told.contains("EACCES") && refused.told.contains("--broadcast"), "{}", refused.told);
    Pair::run(&pair.left, &["connect", &to, "--send", "hello", "--wait", "0", "--broadcast"]).end().with(0);
    receiver.out.wait_for("hello");
    let everyone = format!("udp://255.255.255.255:{port}");
    let words = ["connect", &everyone, "--send", "hello", "--wait", "0", "--broadcast"];
    let unrouted = Pair::run(&pair.left, &words).end();
    assert!(unrouted.told.contains("there is none: send to the broadcast address"), "{}", unrouted.told);
    let out = receiver.interrupt().with(0);
    let came = out.lines().find(|line| line.contains("\"received\"")).expect("a record");
    assert!(came.contains(&format!("\"local\":\"10.77.0.255:{port}\"")), "{came}");
}

/// Happy eyeballs past a black hole: the first address of the name answers nothing, the other family does after 250 ms.
#[test]
fn a_black_holed_family_costs_its_head_start_alone() {
    let Some(pair) = Pair::new() else { return };
    // Packets to it leave the machine, and nothing comes back.
    assert!(ip(&format!("-n {} neigh add fd77::99 lladdr 02:00:00:00:00:99 dev cable nud permanent", pair.left)));
    let hosts = std::env::temp_dir().join(format!("sockscope-hosts-{}", std::process::id()));
    std::fs::write(&hosts, "fd77::99 twofold.test\n10.77.0.2 twofold.test\n").expect("written");
    let mut server = Pair::run(&pair.right, &["listen", "tcp://10.77.0.2:0", "--greeting", "hi"]);
    let port = server.ready().port();
    // A mount of its own has another table of hosts.
    let binary = env!("CARGO_BIN_EXE_sockscope");
    let script = format!(
        "mount --bind {} /etc/hosts && exec {binary} connect twofold.test:{port} --wait 200 --until hi",
        hosts.display()
    );
    let mut client = Pair::program(&pair.left, "unshare", &["-m", "sh", "-c", &script]);
    let end = Run::spawn(&mut client).end();
    std::fs::remove_file(&hosts).expect("it was there");
    let out = end.with(0);
    assert!(out.contains(&format!("trying [fd77::99]:{port}, 1 of 2 addresses")), "{out}");
    let given_up = out.lines().find(|line| line.contains("given up after")).expect("the black hole");
    let (_, took) = given_up.split_once("given up after ").expect("a time");
    let ms: f64 = took.split(' ').next().and_then(|text| text.parse().ok()).expect("a number");
    assert!(took.contains(" ms") && (250.0..900.0).contains(&ms), "{given_up}");
}

fn has_socat() -> bool {
    let has = Command::new("socat").arg("-V").stdout(Stdio::null()).status().is_ok();
    assert!(has || !is_required(), "socat is asked for");
    has
}

/// B, C: socat as sender and as receiver of a group, and as a peer over both families.
#[test]
fn socat_at_the_other_end_of_a_group() {
    let Some(pair) = Pair::new().filter(|_| has_socat()) else { return };
    let (mut ours, port) = receiver(&pair, "udp://0.0.0.0:0", &["--join", "239.77.0.1@cable", "--reuse"]);
    let send =
        format!("printf from-socat | socat -u STDIN UDP4-DATAGRAM:239.77.0.1:{port},ip-multicast-if=10.77.0.1");
    Run::spawn(&mut Pair::program(&pair.left, "sh", &["-c", &send])).end().with(0);
    ours.out.wait_for("from-socat");
    // Beside ours on the same machine and port, so that one datagram comes to both.
    let receive = format!("UDP4-RECV:{port},reuseaddr,reuseport,ip-add-membership=239.77.0.1:cable");
    let mut theirs = Run::spawn(&mut Pair::program(&pair.right, "socat", &["-u", &receive, "STDOUT"]));
    let to = format!("udp://239.77.0.1:{port}");
    let words =
        ["connect", &to, "--send", "ours", "--multicast-interface", "cable", "--repeat", "0", "--every", "50"];
    let sender = Pair::run(&pair.left, &words);
    theirs.out.wait_for("ours");
    sender.interrupt();
    ours.out.wait_for("ours");
    ours.interrupt().with(0);
}

/// B, C: socat on tcp4, tcp6, udp4 and udp6, as client of one dual-stack listener, and as server.
#[test]
fn socat_over_every_family_both_ends() {
    let Some(pair) = Pair::new().filter(|_| has_socat()) else { return };
    for (transport, connect, accept) in [("tcp", "TCP", "TCP{}-LISTEN"), ("udp", "UDP", "UDP{}-RECVFROM")] {
        let mut ours = Pair::run(&pair.right, &["listen", &format!("{transport}://*:0"), "--preset", "echo"]);
        let port = ours.ready().port();
        for (family, ip) in [("4", "10.77.0.2"), ("6", "[fd77::2]")] {
            let script = format!("printf over-{family} | socat -t 5 - {connect}{family}:{ip}:{port} | head -c 6");
            let out = Run::spawn(&mut Pair::program(&pair.left, "sh", &["-c", &script])).end().with(0);
            assert_eq!(out, format!("over-{family}"), "{transport}{family}");
            let peer = if family == "4" { "10.77.0.1:" } else { "[fd77::1]:" };
            ours.out.wait_for(peer);
            // The other way round.
            let address = format!("{}:7707,fork", accept.replace("{}", family));
            let server = Pair::program(&pair.right, "socat", &["-d", "-d", &address, "PIPE"]);
            let mut server = Run::spawn(&mut { server });
            server.told.wait_for(if transport == "tcp" { "listening on" } else { "receiving on" });
            let to = format!("{transport}://{ip}:7707");
            let words = ["connect", &to, "--send", "to-socat", "--until", "to-socat", "--wait", "15000"];
            Pair::run(&pair.left, &words).end().with(0);
        }
        ours.interrupt().with(0);
    }
}
