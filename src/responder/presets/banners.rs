//! Protocols in which the client asks line by line, or once.

use super::{Group, Over, Preset, anything, command, connected, is, lines, payload, reply, rules};
use crate::payload::Format;
use crate::responder::{Act, Pattern, Rule, Rules, Test};

pub(super) const ALL: &[Preset] = &[
    Preset::new(
        "HTTP",
        Group::Protocols,
        Over::Tcp,
        "A small page for every request without a body, then closes (RFC 9112)",
        || lines([is("End of the head", r"\r\n", [reply(&http()), Act::Close])]),
    ),
    Preset::new("FTP", Group::Protocols, Over::Tcp, "Log-in and first commands; no data connection (RFC 959)", ftp),
    Preset::new("NNTP", Group::Protocols, Over::Tcp, "One group, one article (RFC 3977)", nntp),
    Preset::new("Telnet", Group::Protocols, Over::Tcp, "A log-in and an echo, without options (RFC 854)", telnet),
    Preset::new("Gopher", Group::Protocols, Over::Tcp, "A menu and a text (RFC 1436)", gopher),
    Preset::new("Whois", Group::Protocols, Over::Tcp, "The same few lines for every name (RFC 3912)", || {
        let answer = r"Domain Name: {1}\r\nRegistrar: Sockscope\r\nDomain Status: ok\r\n";
        lines([command("Query", "^(.*)$", [reply(answer), Act::Close])])
    }),
    Preset::new("DNS", Group::Protocols, Over::Udp, "Every name has the address 127.0.0.1 (RFC 1035)", dns),
];

/// `Content-Length` counts the body (RFC 9110 §8.6).
fn http() -> String {
    let body = "Hello from Sockscope\n";
    let head = r"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: ";
    format!(r"{head}{}\r\nConnection: close\r\n\r\n{}", body.len(), body.replace('\n', r"\n"))
}

fn ftp() -> Rules {
    lines([
        connected("Greeting", [reply(r"220 Sockscope FTP\r\n")]),
        command("USER", "^USER ", [reply(r"331 Any password will do\r\n")]),
        command("PASS", "^PASS ", [reply(r"230 Logged in\r\n")]),
        command("PWD", "^PWD$", [reply(r#"257 "/" is the current directory\r\n"#)]),
        command("SYST", "^SYST$", [reply(r"215 UNIX Type: L8\r\n")]),
        command("FEAT", "^FEAT$", [reply(r"211-Features:\r\n SIZE\r\n211 End\r\n")]),
        command("TYPE", "^TYPE ", [reply(r"200 Type set\r\n")]),
        command("CWD", "^(CWD|CDUP)", [reply(r"250 Directory changed\r\n")]),
        command("SIZE", "^SIZE ", [reply(r"213 21\r\n")]),
        command("REST", "^REST ", [reply(r"350 Restart accepted\r\n")]),
        command("NOOP", "^NOOP$", [reply(r"200 Done\r\n")]),
        command("QUIT", "^QUIT$", [reply(r"221 Goodbye\r\n"), Act::Close]),
        anything("Anything else", [reply(r"502 Not implemented\r\n")]),
    ])
}

fn nntp() -> Rules {
    let head = r"From: Sockscope <test@example.org>\r\nNewsgroups: misc.test\r\nSubject: A test\r\nMessage-ID: <1@example.org>\r\nDate: Sat, 21 Nov 2026 03:05:00 +0000\r\n";
    let body = r"Hello from Sockscope\r\n";
    let overview =
        r"1\tA test\tSockscope <test@example.org>\tSat, 21 Nov 2026 03:05:00 +0000\t<1@example.org>\t\t22\t1";
    lines([
        connected("Greeting", [reply(r"201 Sockscope NNTP, no posting\r\n")]),
        command(
            "CAPABILITIES",
            "^CAPABILITIES",
            [reply(r"101 Capabilities\r\nVERSION 2\r\nREADER\r\nOVER\r\nLIST ACTIVE OVERVIEW.FMT\r\n.\r\n")],
        ),
        command("MODE READER", "^MODE READER$", [reply(r"201 No posting\r\n")]),
        command("DATE", "^DATE$", [reply(r"111 {time@UTC:%Y%m%d%H%M%S}\r\n")]),
        command(
            "LIST OVERVIEW.FMT",
            "^LIST OVERVIEW.FMT$",
            [reply(
                r"215 Fields\r\nSubject:\r\nFrom:\r\nDate:\r\nMessage-ID:\r\nReferences:\r\n:bytes\r\n:lines\r\n.\r\n",
            )],
        ),
        command("LIST", "^LIST", [reply(r"215 Groups\r\nmisc.test 1 1 n\r\n.\r\n")]),
        command("GROUP", "^GROUP misc[.]test$", [reply(r"211 1 1 1 misc.test\r\n")]),
        command("Unknown group", "^GROUP ", [reply(r"411 No such group\r\n")]),
        command("OVER", "^X?OVER", [reply(&format!(r"224 Overview\r\n{overview}\r\n.\r\n"))]),
        command("ARTICLE", "^ARTICLE", [reply(&format!(r"220 1 <1@example.org>\r\n{head}\r\n{body}.\r\n"))]),
        command("HEAD", "^HEAD", [reply(&format!(r"221 1 <1@example.org>\r\n{head}.\r\n"))]),
        command("BODY", "^BODY", [reply(&format!(r"222 1 <1@example.org>\r\n{body}.\r\n"))]),
        command("STAT", "^STAT", [reply(r"223 1 <1@example.org>\r\n")]),
        command("QUIT", "^QUIT$", [reply(r"205 Goodbye\r\n"), Act::Close]),
        anything("Anything else", [reply(r"500 Unknown command\r\n")]),
    ])
}

/// The first line is the name, the second one the password: each of those rules acts once on a connection.
fn telnet() -> Rules {
    let once = |rule| Rule { limit: 1, ..rule };
    lines([
        connected("Greeting", [reply(r"Sockscope\r\nlogin: ")]),
        once(anything("Name", [reply("Password: ")])),
        once(anything("Password", [reply(r"\r\nWelcome\r\n$ ")])),
        command("exit", "^exit$", [reply(r"logout\r\n"), Act::Close]),
        anything("Echo", [reply("{data}$ ")]),
    ])
}

fn gopher() -> Rules {
    let entry = r"0About\tabout\t{local.ip}\t{local.port}\r\n";
    let menu = format!(r"iHello from Sockscope\t\terror.host\t1\r\n{entry}.\r\n");
    lines([
        command("Menu", "^/?$", [reply(&menu), Act::Close]),
        command("About", "^/?about$", [reply(r"Rules answer this.\r\n.\r\n"), Act::Close]),
        command("Anything else", "^(.*)$", [reply(r"3There is no {1}\t\terror.host\t1\r\n.\r\n"), Act::Close]),
    ])
}

/// The number and the question of the query come back before the answer (RFC 1035 §4.1); a name is at most 255 bytes
/// long, and only addresses of IPv4 are known.
fn dns() -> Rules {
    let query = |kind: &str| Pattern {
        test: Test::Regex,
        text: format!(r"(?s-u)^(..)[\x00-\x7f].\x00\x01.{{6}}([^\x00]{{0,254}}\x00{kind}\x00\x01)"),
        format: Format::Text,
        ..Pattern::default()
    };
    let address = r"\xc0\x0c\0\x01\0\x01\0\0\0\x3c\0\x04\x7f\0\0\x01";
    let answer = format!(r"{{1}}\x81\x80\0\x01\0\x01\0\0\0\0{{2}}{address}");
    rules([
        payload("Address", query(r"\x00\x01"), [reply(&answer)]),
        payload("Nothing known", query(".."), [reply(r"{1}\x81\x80\0\x01\0\0\0\0\0\0{2}")]),
    ])
}
