//! The line for Python 3, with nothing but its own library.

use std::fmt::Write as _;

use super::limits::{Sayable, sayable};
use super::shell::quoted;
use super::{Command, Opens, Outline, Place, multicast, options, tls, unix};
use crate::endpoint::{Family, UnixName};
use crate::payload::python_repr;
use crate::profile::Profile;

/// The equal program of Python 3 (3.8 or later).
pub(super) fn command(profile: &Profile) -> Command {
    let mut outline = Outline::of(profile);
    let context = tls::context(&mut outline);
    outline.leave_proxy_out();
    let mut remarks = outline.remarks.clone();
    let said = sayable(profile, &outline, &mut remarks);
    let left_out = [
        (&said.idle, "the idle limit is"),
        (&said.connections, "the number of connections is"),
        (&said.allow, "the allow list is"),
        (&said.deny, "the deny list is"),
    ];
    Sayable::tell(&left_out, "the program", &mut remarks);
    remarks.extend(options::python(&outline.settings, "").1);
    let lines = match &outline.opens {
        Opens::Listen { at, backlog } => server(&outline, at, backlog, &said),
        Opens::Connect { to, local, limit } => {
            if outline.family != Family::Any {
                remarks.push(format!("it takes any family, not {} alone", outline.family));
            }
            client(&outline, to, local.as_ref(), (limit, &said))
        }
        Opens::Bind { at, target } => udp(&outline, at, target, (&said, &mut remarks)),
    };
    let lines = [context, lines].concat();
    Command { line: format!("python3 -c {}", quoted(&lines.join("\n"))), remarks }
}

/// A text of Python, in ASCII (The Python Language Reference, 2.4.1: string and bytes literals).
pub(super) fn text(text: &str) -> String {
    let mut literal = "\"".to_owned();
    for character in text.chars() {
        let written = match (character, u32::from(character)) {
            ('"' | '\\', _) => write!(literal, "\\{character}"),
            (' '..='~', _) => write!(literal, "{character}"),
            (_, code @ ..=0xff) => write!(literal, "\\x{code:02x}"),
            (_, code @ ..=0xffff) => write!(literal, "\\u{code:04x}"),
            (_, code) => write!(literal, "\\U{code:08x}"),
        };
        written.expect("memory takes everything");
    }
    literal + "\""
}

/// A number, or the name of a service to be looked up.
fn port(place: &Place, protocol: &str) -> String {
    match place.port.parse::<u16>() {
        Ok(number) => number.to_string(),
        Err(_) => format!("socket.getservbyname({}, \"{protocol}\")", text(&place.port)),
    }
}

fn pair(place: &Place, protocol: &str) -> String {
    format!("({}, {})", text(&place.bare()), port(place, protocol))
}

/// The bytes of each `recv`.
fn size(said: &Sayable) -> &str {
    said.read_size.as_deref().unwrap_or("65536")
}

/// The lines that set its socket options.
fn set(outline: &Outline, socket: &str, indent: &str) -> Vec<String> {
    options::python(&outline.settings, socket).0.lines().map(|line| format!("{indent}{line}")).collect()
}

/// The program for a Unix socket.
pub(super) fn unix(profile: &Profile, outline: &Outline, opens: &unix::Opens, remarks: &mut Vec<String>) -> String {
    let said = &sayable(profile, outline, remarks);
    let lines = match opens {
        unix::Opens::Listen { at, backlog, mode } => {
            let mut open = vec!["server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)".to_owned()];
            // Nobody can connect before the path has its mode.
            open.extend(set(outline, "server", ""));
            open.push(format!("import os; umask = os.umask(0o{:03o})", 0o777 & !mode));
            open.push(format!("server.bind({}); os.umask(umask)", name(at)));
            open.push(format!("server.listen({backlog})"));
            serve(outline, open, said)
        }
        unix::Opens::Connect { to } => {
            let mut open = vec!["conn = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)".to_owned()];
            open.push(format!("conn.connect({})", name(to)));
            talk(outline, open, said)
        }
        unix::Opens::Bind { at, target } => {
            let mut open = vec!["sock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)".to_owned()];
            open.extend(set(outline, "sock", ""));
            if *at != UnixName::Unnamed {
                open.push(format!("sock.bind({})", name(at)));
            }
            exchange(outline, open, target.as_ref().map(name), "if peer: ", "import socket", said)
        }
    };
    format!("python3 -c {}", quoted(&lines.join("\n")))
}

/// The name of a Unix socket; an abstract one begins with a zero byte, and an empty text has the system choose.
fn name(name: &UnixName) -> String {
    match name {
        UnixName::Path(bytes) => python_repr(bytes),
        UnixName::Abstract(bytes) if bytes.is_empty() => "\"\"".to_owned(),
        UnixName::Abstract(bytes) => python_repr(&[b"\0", &bytes[..]].concat()),
        UnixName::Unnamed | UnixName::Numbered { .. } => "\"\"".to_owned(),
    }
}

fn server(outline: &Outline, at: &Place, backlog: &str, said: &Sayable) -> Vec<String> {
    let family = match (at.is_dual(), at.is_v6()) {
        (true, _) => ", family=socket.AF_INET6, dualstack_ipv6=True",
        (false, true) => ", family=socket.AF_INET6",
        (false, false) => "",
    };
    let address = pair(at, "tcp");
    let mut open = vec![format!("server = socket.create_server({address}, backlog={backlog}{family})")];
    open.extend(set(outline, "server", ""));
    serve(outline, open, said)
}

/// A server, once the lines `open` opened it.
fn serve(outline: &Outline, open: Vec<String>, said: &Sayable) -> Vec<String> {
    let mut lines = vec!["import socket, threading".to_owned(), "def talk(conn, peer):".to_owned()];
    if outline.tls.is_some() {
        lines.push("    conn = context.wrap_socket(conn, server_side=True)".to_owned());
    }
    lines.push("    with conn:".to_owned());
    if let Some(greeting) = &outline.greeting {
        lines.push(format!("        conn.sendall({})", python_repr(greeting)));
    }
    if outline.closes {
        lines.push("        conn.shutdown(socket.SHUT_WR)".to_owned());
    }
    if let Some(limit) = &said.receive {
        lines.push(format!("        conn.settimeout({limit})"));
    }
    lines.push(format!("        while chunk := conn.recv({}):", size(said)));
    lines.push("            print(peer, chunk, flush=True)".to_owned());
    if outline.echoes && !outline.closes {
        lines.push("            conn.sendall(chunk)".to_owned());
    }
    lines.extend(open);
    lines.push("print(\"listening on\", server.getsockname(), flush=True)".to_owned());
    if outline.once {
        lines.push("conn, peer = server.accept()".to_owned());
        lines.push("server.close()".to_owned());
        lines.push("talk(conn, peer)".to_owned());
    } else {
        lines.push("while True:".to_owned());
        lines.push("    threading.Thread(target=talk, args=server.accept(), daemon=True).start()".to_owned());
    }
    lines
}

fn client(outline: &Outline, to: &Place, local: Option<&Place>, (limit, said): (&str, &Sayable)) -> Vec<String> {
    let source = local.map_or_else(String::new, |local| {
        let host = if local.host.is_empty() { String::new() } else { local.bare() };
        let port = if local.port.is_empty() { "0".to_owned() } else { port(local, "tcp") };
        format!(", source_address=({}, {port})", text(&host))
    });
    let connect = format!("conn = socket.create_connection({}, timeout={limit}{source})", pair(to, "tcp"));
    let open = std::iter::once(connect).chain(tls::wrapped(outline, to)).collect();
    talk(outline, open, said)
}

/// A client, once the lines `open` connected it.
fn talk(outline: &Outline, open: Vec<String>, said: &Sayable) -> Vec<String> {
    let mut lines = vec!["import socket".to_owned()];
    lines.extend(open);
    lines.push("with conn:".to_owned());
    lines.push(format!("    conn.settimeout({})", said.receive.as_deref().unwrap_or("None")));
    lines.extend(set(outline, "conn", "    "));
    if let Some(message) = &outline.message {
        lines.push(format!("    conn.sendall({})", python_repr(message)));
        lines.push("    conn.shutdown(socket.SHUT_WR)".to_owned());
    }
    lines.push(format!("    while chunk := conn.recv({}):", size(said)));
    lines.push("        print(chunk, flush=True)".to_owned());
    if outline.echoes && outline.message.is_none() {
        lines.push("        conn.sendall(chunk)".to_owned());
    }
    lines
}

fn udp(
    outline: &Outline,
    at: &Place,
    target: &Place,
    (said, remarks): (&Sayable, &mut Vec<String>),
) -> Vec<String> {
    let family = if at.is_v6() { "AF_INET6" } else { "AF_INET" };
    let groups = multicast::python_after(outline, at.is_v6(), remarks);
    let modules = if groups.is_empty() { "import socket" } else { "import socket, struct" };
    let mut open = vec![format!("sock = socket.socket(socket.{family}, socket.SOCK_DGRAM)")];
    if at.is_dual() {
        open.push("sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)".to_owned());
    }
    if outline.broadcast {
        open.push("sock.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)".to_owned());
    }
    open.extend(set(outline, "sock", ""));
    open.extend(multicast::python_before(&outline.multicast));
    open.push(format!("sock.bind({})", pair(at, "udp")));
    open.extend(groups);
    exchange(outline, open, Some(pair(target, "udp")), "", modules, said)
}

/// A socket for datagrams, once the lines `open` opened it. It answers those that `may_answer`.
fn exchange(
    outline: &Outline,
    open: Vec<String>,
    target: Option<String>,
    may_answer: &str,
    modules: &str,
    said: &Sayable,
) -> Vec<String> {
    let mut lines = vec![modules.to_owned()];
    lines.extend(open);
    lines.push("print(\"bound to\", sock.getsockname(), flush=True)".to_owned());
    if let (Some(message), Some(target)) = (&outline.message, target) {
        lines.push(format!("sock.sendto({}, {target})", python_repr(message)));
    }
    if let Some(limit) = &said.receive {
        lines.push(format!("sock.settimeout({limit})"));
    }
    lines.push("while True:".to_owned());
    lines.push(format!("    datagram, peer = sock.recvfrom({})", size(said)));
    lines.push("    print(peer, datagram, flush=True)".to_owned());
    if outline.echoes {
        lines.push(format!("    {may_answer}sock.sendto(datagram, peer)"));
    }
    lines
}
