//! TLS against programs of other makers: openssl, curl, Python and nginx. Where one is not installed its test says so and
//! passes, unless the environment has `SOCKSCOPE_TOOLS=required`.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use sockscope::engine::tls::{ClientCerts, Identity, Settings};
use sockscope::engine::{Answers, Options, Target};
use sockscope::journal::Direction;
use sockscope::responder::{Act, Rules, Test};

use crate::bench::{Bench, Tab, always, free_port, loopback, reply, when};
use crate::tls_bench::{Authority, notes, secure};

fn has(tool: &str) -> bool {
    let found = Command::new("sh").args(["-c", &format!("command -v {tool}")]).stdout(Stdio::null()).status();
    let found = found.is_ok_and(|status| status.success());
    let required = std::env::var("SOCKSCOPE_TOOLS").is_ok_and(|value| value == "required");
    assert!(found || !required, "{tool} is missing");
    if !found {
        eprintln!("{tool} is not installed: nothing was tried");
    }
    found
}

/// A program that ends with its test, and within half a minute.
struct Program(Child);

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn start(words: &[&str]) -> Program {
    let mut command = Command::new("timeout");
    command.arg("30").args(words).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    Program(command.spawn().expect("it starts"))
}

impl Program {
    fn types(&mut self, text: &str) {
        let input = self.0.stdin.as_mut().expect("a pipe");
        input.write_all(text.as_bytes()).expect("typed");
        input.flush().expect("typed");
    }

    /// The next so many bytes of its output.
    #[track_caller]
    fn says(&mut self, text: &str) {
        let mut bytes = vec![0; text.len()];
        self.0.stdout.as_mut().expect("a pipe").read_exact(&mut bytes).expect("its output");
        assert_eq!(String::from_utf8_lossy(&bytes), text);
    }

    /// All that is left of its output.
    fn rest(&mut self) -> String {
        drop(self.0.stdin.take());
        let mut text = String::new();
        self.0.stdout.as_mut().expect("a pipe").read_to_string(&mut text).expect("its output");
        text
    }
}

fn serving(settings: &Settings, list: Vec<sockscope::responder::Rule>) -> Options {
    let answers = Answers::default().with(&Rules { list, ..Rules::default() }).expect("rules");
    Options { answers: Arc::new(answers), ..secure(settings) }
}

#[track_caller]
fn noted(bench: &Bench, tab: &Tab, part: &str) -> String {
    bench.wait_for(part, || notes(tab).into_iter().find(|note| note.contains(part)))
}

fn text(path: &Path) -> String {
    path.display().to_string()
}

/// The file of a certificate and its key.
fn file(identity: &Identity) -> String {
    match identity {
        Identity::Files { certificate, .. } => text(certificate),
        Identity::None | Identity::SelfSigned => String::new(),
    }
}

fn for_clients(params: &mut rcgen::CertificateParams) {
    params.extended_key_usages = vec![rcgen::ExtendedKeyUsagePurpose::ClientAuth];
}

/// openssl s_client with both versions, protocols and a certificate of its own.
#[test]
fn openssl_is_a_client() {
    if !has("openssl") {
        return;
    }
    let (bench, authority) = (Bench::new(), Authority::new());
    let server = Settings {
        identity: authority.issue("server.pem", |_| {}),
        ca: Some(authority.ca()),
        client_certs: ClientCerts::Required,
        alpn: vec!["h2".to_owned(), "imap".to_owned()],
        ..Settings::default()
    };
    let own = file(&authority.issue("client.pem", for_clients));
    for (flag, version) in [("-tls1_2", "TLS 1.2 is on: TLS_ECDHE_ECDSA"), ("-tls1_3", "TLS 1.3 is on: TLS_AES")] {
        let (tab, address) = bench.listen(serving(&server, vec![always([reply("<{data}>")])]));
        let (ca, address) = (text(&authority.ca()), address.to_string());
        let words = ["openssl", "s_client", "-connect", &address, "-CAfile", &ca, "-verify_return_error", "-quiet"];
        let ends = "-no_ign_eof";
        let more = ["-servername", "localhost", "-alpn", "imap,smtp", "-cert", &own, "-key", &own, flag, ends];
        let mut client = start(&[&words[..], &more].concat());
        client.types("hello\n");
        client.says("<hello\n>");
        let note = noted(&bench, &tab, version);
        assert!(note.ends_with("protocol imap (ALPN)"), "{note}");
        noted(&bench, &tab, "asks for localhost (SNI), and offers imap, smtp (ALPN)");
        // The program sends the whole chain, its root included.
        noted(&bench, &tab, "the client's certificate 1 of 2: CN=localhost");
        // The end of its input ends it, with close_notify.
        client.rest();
        bench.wait_for("its end", || (tab.journal.status().open == 0).then_some(()));
        assert_eq!(tab.errors(), []);
    }
}

/// openssl s_server with both versions and a client's certificate. It answers each line backwards.
#[test]
fn openssl_is_a_server() {
    if !has("openssl") {
        return;
    }
    let (bench, authority) = (Bench::new(), Authority::new());
    let server = file(&authority.issue("server.pem", |_| {}));
    let own = authority.issue("client.pem", for_clients);
    for (flag, version) in [("-tls1_2", "TLS 1.2 is on"), ("-tls1_3", "TLS 1.3 is on")] {
        let ca = text(&authority.ca());
        let words = ["openssl", "s_server", "-accept", "127.0.0.1:0", "-cert", &server, "-key", &server, flag];
        let more = ["-rev", "-Verify", "1", "-CAfile", &ca, "-verify_return_error", "-alpn", "x,y"];
        let mut program = start(&[&words[..], &more].concat());
        let lines = BufReader::new(program.0.stdout.take().expect("a pipe")).lines();
        let port = lines
            .map_while(Result::ok)
            .find_map(|line| line.strip_prefix("ACCEPT ")?.rsplit(':').next()?.parse().ok());
        let settings = Settings {
            ca: Some(authority.ca()),
            identity: own.clone(),
            alpn: vec!["y".to_owned()],
            ..Settings::default()
        };
        let tab = bench.connect(loopback(port.expect("a port")), secure(&settings));
        let conn = bench.connected(&tab);
        bench.send(&tab, Target::All, "stressed\n").expect("queued");
        bench.received(&tab, conn, b"desserts\n");
        let note = noted(&bench, &tab, version);
        assert!(note.ends_with("protocol y (ALPN)"), "{note}");
        bench.stop(&tab);
        bench.over(&tab).expect("in order");
    }
}

/// curl over https, with the authority's certificate, and without.
#[test]
fn curl_is_a_client() {
    if !has("curl") {
        return;
    }
    let (bench, authority) = (Bench::new(), Authority::new());
    let server = Settings {
        identity: authority.issue("server.pem", |_| {}),
        alpn: vec!["http/1.1".to_owned()],
        ..Settings::default()
    };
    let page = reply("HTTP/1.1 200 OK\\r\\nContent-Length: 6\\r\\n\\r\\nhello\\n");
    let (tab, address) = bench.listen(serving(&server, vec![when(Test::StartsWith, "GET /", [page, Act::Close])]));
    let (url, ca) = (format!("https://localhost:{}/", address.port()), text(&authority.ca()));
    let words = ["curl", "--silent", "--show-error", "--noproxy", "*", "--ipv4", &url, "--cacert", &ca];
    assert_eq!(start(&words).rest(), "hello\n");
    assert!(noted(&bench, &tab, "is on").ends_with("protocol http/1.1 (ALPN)"));
    let mut refuses = start(&words[..7]);
    assert_eq!(refuses.rest(), "");
    let error = bench.wait_for("its alert", || tab.errors().pop());
    assert!(error.message.contains("the client ended TLS with the alert `unknown_ca`"), "{error}");
}

const PYTHON_CLIENT: &str = "
import socket, ssl, sys
context = ssl.create_default_context(cafile=sys.argv[2])
with socket.create_connection(('127.0.0.1', int(sys.argv[1])), timeout=20) as conn:
    with context.wrap_socket(conn, server_hostname='localhost') as tls:
        tls.sendall(b'hello')
        print(tls.recv(100).decode(), tls.version(), len(tls.recv(100)), flush=True)
";

/// Python's ssl, which reads the end as one with close_notify.
#[test]
fn python_is_a_client() {
    if !has("python3") {
        return;
    }
    let (bench, authority) = (Bench::new(), Authority::new());
    let server = Settings { identity: authority.issue("server.pem", |_| {}), ..Settings::default() };
    let (tab, address) = bench.listen(serving(&server, vec![always([reply("<{data}>"), Act::Close])]));
    let (port, ca) = (address.port().to_string(), text(&authority.ca()));
    let told = start(&["python3", "-c", PYTHON_CLIENT, &port, &ca]).rest();
    assert_eq!(told.trim(), "<hello> TLSv1.3 0");
    bench.wait_for("its end", || (tab.journal.status().open == 0).then_some(()));
    assert_eq!(tab.errors(), []);
}

const PYTHON_STARTTLS: &str = "
import smtplib, ssl, sys
with smtplib.SMTP('localhost', int(sys.argv[1]), timeout=20) as mail:
    mail.ehlo()
    mail.starttls(context=ssl.create_default_context(cafile=sys.argv[2]))
    print(mail.ehlo(), mail.noop(), flush=True)
";

/// A mail program that switches to TLS, against rules that play a mail server.
#[test]
fn python_switches_a_mail_session_to_tls() {
    if !has("python3") {
        return;
    }
    let (bench, authority) = (Bench::new(), Authority::new());
    let server = Settings { identity: authority.issue("server.pem", |_| {}), ..Settings::default() };
    let greeting = crate::bench::connected([reply("220 ready\\r\\n")]);
    let list = vec![
        greeting,
        when(Test::StartsWith, "ehlo", [reply("250-localhost\\r\\n250 STARTTLS\\r\\n")]),
        when(Test::StartsWith, "STARTTLS", [reply("220 go ahead\\r\\n"), Act::StartTls]),
        when(Test::StartsWith, "quit", [reply("221 bye\\r\\n"), Act::Close]),
        always([reply("250 ok\\r\\n")]),
    ];
    let options = Options { secure: false, ..serving(&server, list) };
    let (tab, address) = bench.listen(options);
    let (port, ca) = (address.port().to_string(), text(&authority.ca()));
    let told = start(&["python3", "-c", PYTHON_STARTTLS, &port, &ca]).rest();
    assert_eq!(told.trim(), r"(250, b'localhost\nSTARTTLS') (250, b'ok')");
    noted(&bench, &tab, "TLS 1.3 is on");
    // What was said before and after is in the log as plain text.
    bench.wait_for("its end", || (tab.journal.status().open == 0).then_some(()));
    let conn = tab.records().iter().find_map(|record| record.conn).expect("a connection");
    let came = tab.payload(conn, Direction::Received);
    let came = String::from_utf8_lossy(&came);
    assert!(
        came.starts_with("ehlo ") && came.contains("\r\nSTARTTLS\r\nehlo ") && came.contains("\r\nnoop\r\n"),
        "{came}"
    );
}

/// nginx answers a request over TLS.
#[test]
fn nginx_is_a_server() {
    if !has("nginx") {
        return;
    }
    let (bench, authority) = (Bench::new(), Authority::new());
    let (server, port) = (file(&authority.issue("server.pem", |_| {})), free_port());
    let config = authority.file("nginx.conf");
    let folder = text(config.parent().expect("a folder"));
    let lines = format!(
        "daemon off; master_process off; pid {folder}/pid; error_log {folder}/errors;
        events {{}}
        http {{
            access_log off; client_body_temp_path {folder}; proxy_temp_path {folder}; fastcgi_temp_path {folder};
            uwsgi_temp_path {folder}; scgi_temp_path {folder};
            server {{
                listen 127.0.0.1:{port} ssl; ssl_certificate {server}; ssl_certificate_key {server};
                ssl_protocols TLSv1.2 TLSv1.3;
                location / {{ return 200 'served over $ssl_protocol'; }}
            }}
        }}"
    );
    std::fs::write(&config, lines).expect("a file");
    let config = text(&config);
    let _nginx = start(&["nginx", "-p", &folder, "-e", &format!("{folder}/errors"), "-c", &config]);
    bench.wait_for("nginx", || TcpStream::connect(loopback(port)).ok());
    let tab = bench.connect(loopback(port), secure(&Settings { ca: Some(authority.ca()), ..Settings::default() }));
    let conn = bench.connected(&tab);
    bench.send(&tab, Target::All, "GET / HTTP/1.0\r\n\r\n").expect("queued");
    bench.over(&tab).expect("in order");
    let page = tab.payload(conn, Direction::Received);
    let page = String::from_utf8_lossy(&page);
    assert!(page.starts_with("HTTP/1.1 200 OK\r\n") && page.ends_with("served over TLSv1.3"), "{page}");
}
