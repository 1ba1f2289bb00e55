use super::*;
use crate::payload::{Format, LineEnding};
use crate::responder::Rule;

fn sockscope(profile: &Profile) -> Command {
    super::sockscope(profile).expect("a command")
}

fn ncat(profile: &Profile) -> Command {
    super::ncat(profile).expect("a command")
}

fn socat(profile: &Profile) -> Command {
    super::socat(profile).expect("a command")
}

fn python(profile: &Profile) -> Command {
    super::python(profile).expect("a command")
}

fn server(rules: Vec<Rule>) -> Profile {
    let form = ServerForm { port: "8888".into(), ..ServerForm::default() };
    let rules = Rules { list: rules, ..Rules::default() };
    Profile { rules, ..Profile::new(Form::Server(form)) }
}

fn greeting(text: &str, rest: &[Act]) -> Rule {
    let mut then = vec![Act::Reply(Message::template(text))];
    then.extend_from_slice(rest);
    Rule { when: When::Connected, then, ..Rule::default() }
}

fn client(text: &str) -> Profile {
    let envelope = crate::payload::Envelope { ending: LineEnding::Crlf, ..Default::default() };
    let draft = Message { text: text.to_owned(), envelope, ..Message::default() };
    Profile { draft, ..Profile::client("::1", 25) }
}

fn check(made: &Command, line: &str, remarks: usize) {
    assert_eq!(made.line, line);
    assert_eq!(made.remarks.len(), remarks, "{:?}", made.remarks);
}

#[test]
fn a_server_with_an_echo() {
    let echo = server(vec![Rule::default()]);
    check(&sockscope(&echo), "sockscope listen tcp://127.0.0.1:8888 --reply '{data}'", 0);
    check(&ncat(&echo), "ncat --listen --keep-open 127.0.0.1 8888 --sh-exec cat", 0);
    check(&socat(&echo), "socat TCP4-LISTEN:8888,bind=127.0.0.1,reuseaddr,backlog=1024,fork PIPE", 0);
    assert!(python(&echo).line.contains("conn.sendall(chunk)"));
}

/// Names of hosts in any script, and what would end a text or begin an escape, are texts that Python takes.
#[test]
fn texts_of_python_are_ascii() {
    let host = "b\u{fc}cher.例え.\u{20bb7}";
    let profile = Profile::client(host, 80);
    let made = python(&profile);
    assert!(made.line.is_ascii(), "{}", made.line);
    let expected = r#"socket.create_connection(("b\xfccher.\u4f8b\u3048.\U00020bb7", 80), timeout=10)"#;
    assert!(made.line.contains(expected), "{}", made.line);
    if let Some(read) = evaluated(r#""b\xfccher.\u4f8b\u3048.\U00020bb7""#) {
        assert_eq!(read, host);
    }
    let program = made.line.strip_prefix("python3 -c '").and_then(|rest| rest.strip_suffix('\''));
    let program = program.expect("one program in quotes").to_owned();
    if let Some(said) = said_by_python("import sys; compile(sys.argv[1], 'line', 'exec'); print('fine')", &program)
    {
        assert_eq!(said, "fine\n");
    }
}

/// What Python takes a literal for.
fn evaluated(literal: &str) -> Option<String> {
    let program = "import ast, sys; sys.stdout.buffer.write(ast.literal_eval(sys.argv[1]).encode())";
    said_by_python(program, literal)
}

/// Runs `program` in Python with one argument; `None` where there is no Python.
fn said_by_python(program: &str, argument: &str) -> Option<String> {
    let output = std::process::Command::new("python3").args(["-I", "-c", program, argument]).output().ok()?;
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Some(String::from_utf8(output.stdout).expect("UTF-8"))
}

#[test]
fn a_preset_is_named() {
    let rules = crate::responder::presets::presets().find(|preset| preset.name == "Echo with the time");
    let profile = Profile { rules: (rules.expect("it is there").rules)(), ..server(Vec::new()) };
    check(&sockscope(&profile), "sockscope listen tcp://127.0.0.1:8888 --preset echo-with-the-time", 0);
    assert_eq!(ncat(&profile).remarks.len(), 1);
}

#[test]
fn a_greeting_goes_where_a_tool_can_say_it() {
    let profile = server(vec![greeting("it's 5 %\\r\\n", &[])]);
    check(&sockscope(&profile), r"sockscope listen tcp://127.0.0.1:8888 --greeting 'it'\''s 5 %\r\n'", 0);
    check(
        &ncat(&profile),
        r"ncat --listen --keep-open 127.0.0.1 8888 --sh-exec 'printf '\''it'\''\'\'''\''s 5 %%\r\n'\''; cat >&2'",
        0,
    );
    let closes = server(vec![greeting("bye", &[Act::Close])]);
    assert!(python(&closes).line.contains("conn.shutdown"));
    let line = "sockscope listen tcp://127.0.0.1:8888 --reply 'connected => reply \"bye\", close'";
    check(&sockscope(&closes), line, 0);
    let variables = server(vec![greeting("{peer}", &[])]);
    assert_eq!(socat(&variables).remarks, ["1 rule is left out: this tool has none"]);
}

#[test]
fn a_client_with_a_message() {
    let profile = client("100% -- don't");
    check(&sockscope(&profile), r"sockscope connect 'tcp://[::1]:25' --send '100% -- don'\''t' --eol crlf", 0);
    check(&ncat(&profile), r"printf '100%% -- don'\''t\r\n' | ncat --wait 10s ::1 25", 0);
    check(&socat(&profile), r"printf '100%% -- don'\''t\r\n' | socat 'TCP:[::1]:25,connect-timeout=10' STDIO", 0);
    let hex = Message { format: Format::Hex, text: "ff 00".into(), ..Message::default() };
    let profile = Profile { draft: hex, ..client("") };
    assert!(sockscope(&profile).line.ends_with("--send 'ff 00' --format hex"));
    assert!(ncat(&profile).line.starts_with(r"printf '\377\000' | "));
    assert!(python(&profile).line.contains(r"conn.sendall(b"));
}

#[test]
fn tls_is_said_in_the_words_of_each_tool() {
    let mut profile = client("hi");
    let Form::Client(form) = &mut profile.form else { panic!("a client") };
    form.kind = crate::endpoint::Scheme::Tls;
    profile.switches.tls.server_name = "example.org".into();
    let line = "sockscope connect 'tls://[::1]:25' --server-name example.org --send hi --eol crlf";
    check(&sockscope(&profile), line, 0);
    let line = r"printf 'hi\r\n' | ncat --ssl --ssl-verify --ssl-servername example.org --wait 10s ::1 25";
    check(&ncat(&profile), line, 0);
    let line = r"printf 'hi\r\n' | socat 'OPENSSL:[::1]:25,connect-timeout=10,verify=1,commonname=example.org,snihost=example.org' STDIO";
    check(&socat(&profile), line, 0);
    assert!(python(&profile).line.contains("conn = context.wrap_socket(conn, server_hostname=\"example.org\")"));
    profile.switches.tls.no_verify = true;
    assert!(sockscope(&profile).line.contains(" --no-verify "));
    assert!(!ncat(&profile).line.contains("--ssl-verify") && socat(&profile).line.contains(",verify=0"));
    assert!(python(&profile).line.contains("context.verify_mode = ssl.CERT_NONE"));
    let form = ServerForm { kind: crate::endpoint::Scheme::Tls, ..ServerForm::default() };
    let profile = Profile::new(Form::Server(form));
    check(&sockscope(&profile), "sockscope listen tls://127.0.0.1:8888 --self-signed", 0);
    check(&ncat(&profile), "ncat --ssl --listen --keep-open 127.0.0.1 8888", 0);
    let line = "socat OPENSSL-LISTEN:8888,pf=ip4,bind=127.0.0.1,reuseaddr,backlog=1024,verify=0,fork STDIO";
    check(&socat(&profile), line, 1);
}

#[test]
fn a_udp_socket_listens_or_connects() {
    let form = UdpForm { port: "9001".into(), target_port: "9000".into(), ..UdpForm::default() };
    let profile = Profile::new(Form::Udp(form));
    check(&sockscope(&profile), "sockscope connect udp://127.0.0.1:9000 --local 127.0.0.1:9001", 0);
    let echo = Profile { rules: Rules { list: vec![Rule::default()], ..Rules::default() }, ..profile };
    check(&sockscope(&echo), "sockscope listen udp://127.0.0.1:9001 --reply '{data}'", 0);
    check(&socat(&echo), "socat UDP4-RECVFROM:9001,bind=127.0.0.1,reuseaddr,fork PIPE", 0);
}

#[test]
fn what_a_line_can_not_say_is_told() {
    let mut profile = server(vec![Rule { limit: 1, ..Rule::default() }]);
    profile.sequence.steps.push(crate::sequence::Step::Close);
    for made in [sockscope(&profile), ncat(&profile), socat(&profile), python(&profile)] {
        assert!(made.remarks.iter().any(|remark| remark.contains("sequence")), "{made:?}");
        let is_ours = made.line.starts_with("sockscope");
        assert_eq!(made.remarks.iter().any(|remark| remark.contains("rule")), !is_ours, "{made:?}");
    }
}

#[test]
fn no_profile_puts_words_into_a_command() {
    let listens = |address: &str| {
        let form = ServerForm { address: address.into(), ..ServerForm::default() };
        Profile { form: Form::Server(form), ..server(Vec::new()) }
    };
    let connects = |local_address: &str| {
        let form = ClientForm { local_address: local_address.into(), ..ClientForm::default() };
        Profile { form: Form::Client(form), ..server(Vec::new()) }
    };
    let backlog = Form::Server(ServerForm { backlog: "5,fork".into(), ..ServerForm::default() });
    let to = |host: &str| Form::Client(ClientForm { host: host.into(), ..ClientForm::default() });
    let hostile = [
        listens("--sh-exec=sh"),
        connects("127.0.0.1!!EXEC:touch pwned"),
        connects("127.0.0.1,fork"),
        Profile { form: backlog, ..server(Vec::new()) },
        Profile { form: to("--sh-exec=id"), ..server(Vec::new()) },
        Profile { form: to("a,exec"), ..server(Vec::new()) },
        server(vec![greeting("\u{1b}[201~\u{3}", &[])]),
    ];
    for profile in &hostile[..6] {
        for make in [super::sockscope, super::ncat, super::socat, super::python] {
            assert!(make(profile).is_err(), "{profile:?}");
        }
    }
    assert!(super::sockscope(&hostile[6]).is_err_and(|reason| reason.contains("control characters")));
}

#[test]
fn socket_options_are_said_or_their_lack_is_told() {
    let mut profile = server(Vec::new());
    let options = &mut profile.switches.socket_options;
    options.set(crate::engine::SocketOption::ReceiveBuffer, "64 KiB");
    let line = sockscope(&profile).line;
    assert!(line.contains("--socket-option 'SO_RCVBUF=64 KiB'"), "{line}");
    assert!(socat(&profile).line.contains(",so-rcvbuf=65536"), "{:?}", socat(&profile));
    let line = python(&profile).line;
    assert!(line.contains("\nserver.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)\nprint("), "{line}");
    let remarks = ncat(&profile).remarks;
    assert!(remarks.iter().any(|remark| remark.contains("SO_RCVBUF")), "{remarks:?}");
}

fn unix_server(path: &str) -> Profile {
    let form = ServerForm { kind: Scheme::Unix, path: path.into(), ..ServerForm::default() };
    Profile { form: Form::Server(form), ..server(vec![Rule::default()]) }
}

#[cfg(unix)]
#[test]
fn a_unix_server_with_an_echo() {
    let mut echo = unix_server("/run/a b.sock");
    check(&sockscope(&echo), "sockscope listen 'unix:/run/a b.sock' --reply '{data}'", 0);
    check(&ncat(&echo), "ncat --listen --keep-open --unixsock '/run/a b.sock' --sh-exec cat", 1);
    check(&socat(&echo), "socat 'UNIX-LISTEN:/run/a b.sock,backlog=1024,mode=600,fork' PIPE", 0);
    assert!(python(&echo).line.contains("server.bind(b"), "{:?}", python(&echo));
    echo.switches.unix = crate::form::UnixSwitches { mode: "660".into(), remove_stale: true };
    let line = "sockscope listen 'unix:/run/a b.sock' --mode 660 --remove-stale --reply '{data}'";
    check(&sockscope(&echo), line, 0);
    assert!(socat(&echo).line.contains("mode=660") && python(&echo).line.contains("umask(0o117)"));
}

#[cfg(target_os = "linux")]
#[test]
fn unix_datagrams_and_abstract_names() {
    let form = UdpForm {
        kind: Scheme::UnixDatagram,
        path: "@own".into(),
        target_path: "@a,b".into(),
        ..UdpForm::default()
    };
    let draft = Message { text: "hi".into(), ..Message::default() };
    let sends = Profile { draft, ..Profile::new(Form::Udp(form)) };
    check(&sockscope(&sends), "sockscope connect unix-dgram:@a,b --local @own --send hi", 0);
    check(&socat(&sends), "printf hi | socat 'ABSTRACT-SENDTO:a\\,b,bind=own' STDIO", 0);
    assert_eq!(super::ncat(&sends), Err("ncat knows no abstract names".to_owned()));
    assert!(python(&sends).line.contains(r"sock.sendto(b"), "{:?}", python(&sends));
}

#[cfg(unix)]
#[test]
fn no_name_of_a_unix_socket_puts_words_into_a_command() {
    assert!(super::socat(&unix_server("/run/x,fork\\x1b")).is_err());
    let made = socat(&unix_server("/run/x,exec=y"));
    assert!(made.line.contains("/run/x\\,exec"), "{made:?}");
    assert!(super::socat(&unix_server("/run/\\xff")).is_err_and(|reason| reason.contains("UTF-8")));
    assert!(super::ncat(&unix_server("")).is_err());
}
