//! What TLS costs: Sockscope, which records every byte, against `openssl s_server` and `s_client` and `socat`, which
//! record nothing, over loopback in the same run.
//!
//! ```text
//! cargo bench --bench tls --no-default-features
//! ```
//!
//! Each row takes turns, five times; what is printed are the medians, and the ratio of the medians. The other end is the
//! same program in both columns of a row.

#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "the figures are the output; a bench may panic")]
#![allow(missing_docs, reason = "not a library")]

#[cfg(target_os = "linux")]
mod linux {
    use std::io::{BufRead, BufReader, Write};
    use std::net::{SocketAddr, TcpListener, TcpStream};
    use std::path::Path;
    use std::process::{Child, Command, Stdio};
    use std::sync::Arc;
    use std::time::{Duration, Instant};

    use bytes::Bytes;
    use sockscope::endpoint::Host;
    use sockscope::engine::tls::{Identity, Settings, Tls, self_signed};
    use sockscope::engine::{
        self, Connect, Destination, Engine, Event, Listen, Options, Plan, QueueLimit, SessionId, Target, Ticket,
    };
    use sockscope::journal::{Journal, Limits};
    use sockscope::lookup::Pool;

    /// What crosses in each turn, in bytes.
    const LEN: usize = 256 << 20;
    const TURNS: usize = 5;

    struct Program(Child);

    impl Drop for Program {
        fn drop(&mut self) {
            let _ = self.0.kill();
            let _ = self.0.wait();
        }
    }

    fn start(line: &str, output: Stdio) -> Program {
        let mut command = Command::new("timeout");
        command.args(["120", "sh", "-c", &format!("exec {line}")]);
        Program(command.stdin(Stdio::piped()).stdout(output).stderr(Stdio::null()).spawn().unwrap())
    }

    /// Feeds a program until all is sent, and waits for `done`.
    fn feed(program: &mut Program) {
        let mut input = program.0.stdin.take().unwrap();
        let block = vec![b'x'; 1 << 20];
        for _ in 0..LEN >> 20 {
            input.write_all(&block).unwrap();
        }
    }

    /// A server whose output is counted until all came.
    fn count(program: &mut Program) {
        let mut output = BufReader::with_capacity(1 << 20, program.0.stdout.take().unwrap());
        let mut came = 0;
        while came < LEN {
            let len = output.fill_buf().unwrap().len();
            assert!(len > 0, "it ended after {came} bytes");
            output.consume(len);
            came += len;
        }
    }

    fn free_port() -> u16 {
        TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
    }

    /// Waits until a server that was just started takes connections.
    fn listening(port: u16) {
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    struct Ours {
        engine: Engine,
        journal: Arc<Journal>,
    }

    fn ours(plan: Plan) -> Ours {
        let engine = Engine::start(Pool::new(), Arc::new(|_| {})).unwrap();
        let journal = Arc::new(Journal::new(Limits::default()));
        let command = engine::Command::Open { session: SessionId(1), journal: Arc::clone(&journal), plan };
        engine.command(command).unwrap();
        Ours { engine, journal }
    }

    impl Ours {
        fn local(&self) -> SocketAddr {
            loop {
                match self.engine.events().recv().unwrap() {
                    Event::Ready { local, .. } => return local.socket().unwrap(),
                    Event::Failed { error, .. } => panic!("{error}"),
                    _ => {}
                }
            }
        }

        fn receive(&self) {
            while self.journal.status().received.bytes < LEN as u64 {
                std::thread::sleep(Duration::from_millis(1));
            }
        }

        fn send(&self) {
            let payload = Bytes::from(vec![b'x'; LEN]);
            let send = engine::Command::Send { session: SessionId(1), to: Target::All, payload, ticket: Ticket(1) };
            self.engine.command(send).unwrap();
        }
    }

    fn options(settings: &Settings) -> Options {
        let queue_limit = QueueLimit::new(LEN);
        Options { secure: true, tls: Tls::load(settings).unwrap(), queue_limit, ..Options::default() }
    }

    fn server() -> Plan {
        let settings = Settings { identity: Identity::SelfSigned, ..Settings::default() };
        Plan::Listen(Listen { options: options(&settings), ..Listen::loopback(0) })
    }

    fn client(port: u16) -> Plan {
        let to = Destination::Port(Host::Address([127, 0, 0, 1].into(), 0), port);
        let settings = Settings { verify: false, ..Settings::default() };
        {
            let (family, limit) = (sockscope::endpoint::Family::Any, Duration::from_secs(10));
            Plan::Connect(Connect { to, family, proxy: None, local: None, limit, options: options(&settings) })
        }
    }

    /// What one end does, measured from the first byte that is sent.
    fn timed(work: impl FnOnce()) -> f64 {
        let began = Instant::now();
        work();
        began.elapsed().as_secs_f64()
    }

    /// A server receives what `s_client` sends.
    fn receiving(line: impl Fn(u16) -> String, is_ours: bool) -> f64 {
        if is_ours {
            let it = ours(server());
            let port = it.local().port();
            let mut sender = start(&format!("openssl s_client -quiet -connect 127.0.0.1:{port}"), Stdio::null());
            return timed(|| {
                feed(&mut sender);
                it.receive();
            });
        }
        let port = free_port();
        let mut receiver = start(&line(port), Stdio::piped());
        listening(port);
        let mut sender = start(&format!("openssl s_client -quiet -connect 127.0.0.1:{port}"), Stdio::null());
        timed(|| {
            std::thread::scope(|scope| {
                scope.spawn(|| feed(&mut sender));
                count(&mut receiver);
            });
        })
    }

    /// A client sends to `s_server`.
    fn sending(line: impl Fn(u16) -> String, folder: &Path, is_ours: bool) -> f64 {
        let port = free_port();
        let keys = folder.join("own.pem").display().to_string();
        let server =
            format!("openssl s_server -quiet -naccept 2 -accept 127.0.0.1:{port} -cert {keys} -key {keys}");
        let mut receiver = start(&server, Stdio::piped());
        listening(port);
        if is_ours {
            let it = ours(client(port));
            while !matches!(it.engine.events().recv().unwrap(), Event::Connected { .. }) {}
            return timed(|| {
                it.send();
                count(&mut receiver);
            });
        }
        let mut sender = start(&line(port), Stdio::null());
        timed(|| {
            std::thread::scope(|scope| {
                scope.spawn(|| feed(&mut sender));
                count(&mut receiver);
            });
        })
    }

    fn row(name: &str, measure: impl Fn(bool) -> f64) {
        let (mut theirs, mut mine) = (Vec::new(), Vec::new());
        for _ in 0..TURNS {
            theirs.push(measure(false));
            mine.push(measure(true));
        }
        theirs.sort_by(f64::total_cmp);
        mine.sort_by(f64::total_cmp);
        #[allow(clippy::cast_precision_loss, reason = "a figure for people")]
        let speed = |seconds: f64| LEN as f64 / 1e6 / seconds;
        let (theirs, mine) = (speed(theirs[TURNS / 2]), speed(mine[TURNS / 2]));
        println!("{name:<46} {theirs:>7.0} MB/s   Sockscope {mine:>7.0} MB/s   ratio {:.2}", mine / theirs);
    }

    pub(crate) fn run() {
        let folder = tempfile::tempdir().unwrap();
        self_signed().unwrap();
        let keys = folder.path().join("own.pem");
        let made = Command::new("openssl")
            .args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"])
            .args(["-subj", "/CN=localhost", "-keyout"])
            .arg(&keys)
            .arg("-out")
            .arg(folder.path().join("certificate.pem"))
            .stderr(Stdio::null())
            .status()
            .unwrap();
        assert!(made.success(), "openssl makes a certificate");
        let certificate = std::fs::read_to_string(folder.path().join("certificate.pem")).unwrap();
        let both = format!("{}{certificate}", std::fs::read_to_string(&keys).unwrap());
        std::fs::write(&keys, both).unwrap();
        let keys = keys.display().to_string();
        let s_server = |port: u16| {
            format!("openssl s_server -quiet -naccept 2 -accept 127.0.0.1:{port} -cert {keys} -key {keys}")
        };
        let socat_listens = |port: u16| {
            format!(
                "socat -u -b 65536 OPENSSL-LISTEN:{port},bind=127.0.0.1,fork,verify=0,cert={keys},key={keys} STDOUT"
            )
        };
        let s_client = |port: u16| format!("openssl s_client -quiet -connect 127.0.0.1:{port}");
        let socat_connects = |port: u16| format!("socat -u -b 65536 STDIN OPENSSL:127.0.0.1:{port},verify=0");
        println!("{} MiB a turn, medians of {TURNS} turns; the other end is openssl in every row", LEN >> 20);
        row("receive as server, against openssl s_server", |ours| receiving(s_server, ours));
        row("receive as server, against socat OPENSSL", |ours| receiving(socat_listens, ours));
        row("send as client, against openssl s_client", |ours| sending(s_client, folder.path(), ours));
        row("send as client, against socat OPENSSL", |ours| sending(socat_connects, folder.path(), ours));
    }
}

#[cfg(target_os = "linux")]
fn main() {
    linux::run();
}

#[cfg(not(target_os = "linux"))]
fn main() {
    println!("This bench is written for Linux.");
}
