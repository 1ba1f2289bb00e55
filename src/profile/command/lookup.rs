//! Look-ups as a command: the line of Sockscope, and the same calls of Python 3. ncat and socat look nothing up for
//! itself.

use super::shell::{line, quoted};
use super::{Command, refuse_control};
use crate::endpoint::{Host, Port};
use crate::lookup::{Query, SocketCall};

/// The line of Sockscope that looks up `what`, each as it is typed or as a call.
///
/// # Errors
/// Why there is no such command: there is nothing to look up, or a text has control characters.
pub fn sockscope(what: &[String]) -> Result<Command, String> {
    if what.is_empty() {
        return Err(NOTHING.to_owned());
    }
    let mut words = vec!["sockscope", "lookup"];
    if what.iter().any(|word| word.starts_with('-')) {
        words.push("--");
    }
    words.extend(what.iter().map(String::as_str));
    refuse_control(Command { line: line(words), remarks: Vec::new() })
}

/// The program of Python 3 that makes the same calls; one that fails keeps the others from nothing.
///
/// # Errors
/// Why there is no such command: there is nothing to look up, or a text has control characters.
pub fn python(queries: &[Query]) -> Result<Command, String> {
    let mut remarks = Vec::new();
    let calls: Vec<String> = queries.iter().map(call).collect();
    let program = match calls.as_slice() {
        [] => return Err(NOTHING.to_owned()),
        [call] => format!("import socket; print({call})"),
        calls => {
            let mut lines = vec!["import socket".to_owned(), "for call in (".to_owned()];
            lines.extend(calls.iter().map(|call| format!("    lambda: {call},")));
            lines.extend([
                "):".to_owned(),
                "    try:".to_owned(),
                "        print(call())".to_owned(),
                "    except (OSError, UnicodeError) as error:".to_owned(),
                "        print(error)".to_owned(),
            ]);
            lines.join("\n")
        }
    };
    if queries.iter().any(|query| matches!(query, Query::HostByName(_))) {
        remarks.push("gethostbyname of Python knows IPv4 alone: it became getaddrinfo".to_owned());
    }
    refuse_control(Command { line: format!("python3 -c {}", quoted(&program)), remarks })
}

const NOTHING: &str = "nothing is typed, and nothing was looked up";

/// A call of Python's `socket` module.
fn call(query: &Query) -> String {
    match query {
        Query::Socket(socket) => python_socket(socket),
        Query::HostName => "socket.gethostname()".to_owned(),
        Query::HostByName(host) => {
            format!("socket.getaddrinfo({}, None, type=socket.SOCK_STREAM)", name(host))
        }
        Query::AddressName(host) => format!("socket.gethostbyaddr({})", name(host)),
        Query::ServiceByName { name, protocol } => {
            format!("socket.getservbyname({}{})", text(name), second(protocol.as_deref()))
        }
        Query::ServiceByPort { port, protocol } => {
            format!("socket.getservbyport({port}{})", second(protocol.as_deref()))
        }
        Query::ProtocolByName(name) => format!("socket.getprotobyname({})", text(name)),
        Query::GetAddrInfo { host, port, scheme } => {
            let port = match port {
                None => "None".to_owned(),
                Some(Port::Number(number)) => number.to_string(),
                Some(Port::Service(name)) => text(name),
            };
            let kind = if scheme.is_stream() { "SOCK_STREAM" } else { "SOCK_DGRAM" };
            format!("socket.getaddrinfo({}, {port}, type=socket.{kind})", name(host))
        }
        Query::GetNameInfo { host, port, scheme } => {
            let flags = if scheme.is_stream() { "0" } else { "socket.NI_DGRAM" };
            format!("socket.getnameinfo(({}, {port}), {flags})", name(host))
        }
    }
}

/// The numbers, with the names beside them: Python has not all of the names.
fn python_socket(socket: &SocketCall) -> String {
    let SocketCall { family, kind, protocol } = socket;
    format!("socket.socket({}, {}, {})", family.number, kind.number, protocol.number)
}

fn name(host: &Host) -> String {
    text(&host.query())
}

fn second(protocol: Option<&str>) -> String {
    protocol.map_or_else(String::new, |protocol| format!(", {}", text(protocol)))
}

/// A text of Python (its reference, §2.5.1): what is not printable ASCII as `\xHH`, `\uHHHH` or `\UHHHHHHHH`.
fn text(text: &str) -> String {
    let mut literal = String::from('"');
    for c in text.chars() {
        match (c, u32::from(c)) {
            ('"' | '\\', _) => literal.extend(['\\', c]),
            (' '..='~', _) => literal.push(c),
            (_, code @ ..=0xff) => literal += &format!("\\x{code:02x}"),
            (_, code @ ..=0xffff) => literal += &format!("\\u{code:04x}"),
            (_, code) => literal += &format!("\\U{code:08x}"),
        }
    }
    literal.push('"');
    literal
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lookup::{recognize, tutorials};

    #[track_caller]
    fn check(typed: &str, expected: &str) {
        let queries = recognize(typed).expect("it can be looked up");
        assert_eq!(python(&queries).map(|command| command.line), Ok(expected.to_owned()), "{typed}");
    }

    #[test]
    fn python_makes_the_same_call() {
        check(
            r#"getaddrinfo("localhost", 80, type=SOCK_STREAM)"#,
            r#"python3 -c 'import socket; print(socket.getaddrinfo("localhost", 80, type=socket.SOCK_STREAM))'"#,
        );
        check(
            r#"getnameinfo(("127.0.0.1", 53), NI_DGRAM)"#,
            r#"python3 -c 'import socket; print(socket.getnameinfo(("127.0.0.1", 53), socket.NI_DGRAM))'"#,
        );
        check(
            r#"getservbyname("http", "tcp")"#,
            r#"python3 -c 'import socket; print(socket.getservbyname("http", "tcp"))'"#,
        );
        check("gethostname()", "python3 -c 'import socket; print(socket.gethostname())'");
    }

    #[test]
    fn texts_of_python_are_ascii() {
        assert_eq!(text("a\"b\\c é 你 😀"), r#""a\"b\\c \xe9 \u4f60 \U0001f600""#);
    }

    #[test]
    fn what_is_typed_is_one_word_of_the_shell() {
        let lines = |what: &[&str]| {
            let what: Vec<String> = what.iter().map(|word| (*word).to_owned()).collect();
            sockscope(&what).map(|command| command.line)
        };
        assert_eq!(lines(&["localhost", "80/tcp"]), Ok("sockscope lookup localhost 80/tcp".to_owned()));
        let call = r#"gethostbyname("a b;c")"#;
        assert_eq!(lines(&[call]), Ok(format!("sockscope lookup '{call}'")));
        assert_eq!(lines(&["-1"]), Ok("sockscope lookup -- -1".to_owned()));
        assert!(lines(&["a\u{1b}[2J"]).is_err_and(|reason| reason.contains("control characters")));
        assert!(lines(&[]).is_err());
    }

    /// It is run: what is copied is no text that only looks like a program.
    #[cfg(unix)]
    #[test]
    fn several_calls_are_made_though_one_fails() {
        let mut queries = recognize("getservbyname(\"nonsuch-é\")").expect("a call");
        queries.extend(recognize("getprotobyname(\"udp\")").expect("a call"));
        let Ok(Command { line, .. }) = python(&queries) else { panic!("no command") };
        let Ok(output) = std::process::Command::new("sh").args(["-c", &line]).output() else { return };
        // Where it has to be there it is no excuse that it is not.
        let required = std::env::var("SOCKSCOPE_TOOLS").is_ok_and(|tools| tools == "required");
        if output.status.code() == Some(127) && !required {
            return;
        }
        let (out, error) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(out.contains("not found") && out.ends_with("17\n"), "{out}{error}");
        assert!(python(&tutorials()).is_ok());
    }
}
