//! The network interfaces: those of this machine, and changes in a network namespace where one can be made.

use std::process::{Command, Stdio};

use serde_json::Value;

use crate::cli_bench::{Run, command};

/// C: AF_NETLINK shows this machine's loopback with its address and its index.
#[test]
fn loopback_is_there() {
    let out = Run::spawn(&mut command(&["lookup", "interfaces", "--output", "jsonl"])).end().with(0);
    let objects: Vec<Value> = out.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let loopback = objects.iter().find(|it| it["name"] == "lo").expect("it has one");
    assert_eq!((loopback["type"].as_str(), loopback["index"].as_u64()), (Some("interface"), Some(1)));
    let addresses = loopback["addresses"].as_array().expect("a list");
    assert!(addresses.iter().any(|it| it["address"] == "127.0.0.1" && it["prefix"] == 8 && it["scope"] == "host"));
    let text = Run::spawn(&mut command(&["lookup", "interfaces"])).end().with(0);
    assert!(text.starts_with("lo (1): up, MTU ") && text.contains("; 127.0.0.1/8 host"), "{text}");
    let wrong = Run::spawn(&mut command(&["lookup", "localhost", "--watch"])).end();
    assert_eq!(wrong.status, Some(2), "{wrong:?}");
}

/// A shell in a network namespace of its own; `None` where that is not permitted.
fn namespace(script: &str) -> Option<Command> {
    let possible = Command::new("unshare").args(["-n", "ip", "link"]).output();
    if !possible.is_ok_and(|output| output.status.success()) {
        eprintln!("left out: no network namespace can be made here");
        return None;
    }
    let mut shell = Command::new("timeout");
    shell.args(["-s", "KILL", "60", "unshare", "-n", "bash", "-c", script, env!("CARGO_BIN_EXE_sockscope")]);
    shell.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    Some(shell)
}

/// Waits for each line of standard input, then runs it; ends the program in order.
const WATCH: &str = "\"$0\" lookup interfaces --watch & watch=$!
while read -r line; do eval \"$line\"; done
kill -INT $watch; wait $watch";

#[test]
fn each_change_is_told_as_it_happens() {
    let Some(shell) = namespace(WATCH) else { return };
    let mut run = Run::typed(shell);
    run.out.wait_for("lo (1): down");
    let mut does = |line: &str, told: &[&str]| {
        run.types(format!("{line}\n"));
        for words in told {
            run.out.wait_for(words);
        }
    };
    does("ip link set lo up", &["lo is up", "lo: 127.0.0.1/8 host permanent was added"]);
    does("ip link add a0 type veth peer name b0", &["a0 was added: down", "b0 was added: down"]);
    does("ip link set a0 up; ip link set b0 up", &["a0 is up", "b0 is up"]);
    does("ip link set a0 mtu 1400", &["a0: the MTU is 1400, and was 1500"]);
    does("ip addr add 10.9.8.7/24 brd + dev a0", &["a0: 10.9.8.7/24 global permanent was added"]);
    does("ip addr del 10.9.8.7/24 dev a0", &["a0: 10.9.8.7/24 was removed"]);
    does("ip link del a0", &["a0 was removed"]);
    run.ends_input();
    run.end().with(0);
}

/// More news than the socket has room for, while the program does not run: another look finds what was missed.
#[test]
fn what_was_lost_is_found_by_another_look() {
    let Some(shell) = namespace(WATCH) else { return };
    let mut run = Run::typed(shell);
    run.out.wait_for("lo (1): down");
    run.types("kill -STOP $watch; ip link add a0 type veth peer name b0\n");
    // Each message is more than 1 KiB, and the receive buffer has 208 KiB.
    run.types("for i in {1..600}; do echo \"link set a0 mtu $((1000 + i % 2))\"; done | ip -batch -\n");
    run.types("ip link set a0 mtu 1234; ip addr add 10.1.1.1/32 dev a0; kill -CONT $watch\n");
    run.out.wait_for("a0: 10.1.1.1/32 global permanent was added");
    run.types("ip link set a0 name last\n");
    let all = run.out.wait_for("a0 is called last now");
    assert!(all.contains("a0 was added"), "{all}");
    assert!(all.matches("the MTU is").count() < 600, "news were lost, as was meant");
    run.ends_input();
    run.end().with(0);
}
