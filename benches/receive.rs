//! One-way TCP over loopback: what recording every byte costs, as a ratio to a loop that throws everything away.
//!
//! ```text
//! cargo bench --bench receive                        the engine without a window, against the plain loop
//! cargo bench --bench receive -- 127.0.0.1:8888      a Sockscope that listens there, window and all, likewise
//! ```
//!
//! Both are fed by the same sender in turn (A B A B …) within one run; the time ends when the receiver has read
//! everything and closed. The SHA-256 of what was sent is printed, to be compared with that of the saved log.

#![allow(clippy::print_stdout, reason = "the figures are the output")]

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::time::{Duration, Instant};

use sha2::{Digest, Sha256};
use sockscope::engine::{Command, Engine, Event, Listen, Plan, SessionId};
use sockscope::journal::{Journal, Limits};
use sockscope::lookup::Pool;

const TOTAL: usize = 1 << 30;
const WRITE: usize = 64 * 1024;
const PAIRS: usize = 5;

fn main() {
    // Cargo adds `--bench`.
    let given = std::env::args().skip(1).find_map(|argument| argument.parse::<SocketAddr>().ok());
    let pattern: Vec<u8> = (b' '..=b'~').cycle().take(WRITE).collect();
    let digest = (0..TOTAL / WRITE).fold(Sha256::new(), |digest, _| digest.chain_update(&pattern)).finalize();
    println!("{} MiB in writes of {} KiB, SHA-256 {}", TOTAL >> 20, WRITE >> 10, const_hex::encode(digest));
    let recorder = Recorder::start();
    let mut ratios = Vec::new();
    for pair in 1..=PAIRS {
        let plain = feed(plain_loop(), &pattern);
        let recorded = match given {
            Some(address) => feed(address, &pattern),
            None => {
                let took = feed(recorder.local, &pattern);
                recorder.check(pair * TOTAL);
                took
            }
        };
        let ratio = plain.as_secs_f64() / recorded.as_secs_f64();
        println!("pair {pair}: plain loop {}, recorded {}, ratio {ratio:.2}", rate(plain), rate(recorded));
        ratios.push(ratio);
    }
    ratios.sort_by(f64::total_cmp);
    println!("median ratio {:.2}", ratios[PAIRS / 2]);
}

fn rate(took: Duration) -> String {
    format!("{:.2} GB/s", TOTAL as f64 / took.as_secs_f64() / 1e9)
}

/// Sends everything to `address`; the time until the receiver closed.
fn feed(address: SocketAddr, pattern: &[u8]) -> Duration {
    let mut stream = TcpStream::connect(address).expect("connected");
    let began = Instant::now();
    for _ in 0..TOTAL / WRITE {
        stream.write_all(pattern).expect("sent");
    }
    stream.shutdown(Shutdown::Write).expect("finished");
    stream.read_to_end(&mut Vec::new()).expect("closed by the receiver");
    began.elapsed()
}

/// A receiver that discards.
fn plain_loop() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("bound");
    let address = listener.local_addr().expect("bound");
    let receive = move || {
        let (mut stream, _) = listener.accept().expect("accepted");
        let mut buffer = vec![0; 256 * 1024];
        while stream.read(&mut buffer).expect("received") > 0 {}
    };
    std::thread::Builder::new().name("plain".into()).spawn(receive).expect("a thread");
    address
}

/// A listener of the engine with its journal at the default limits: one for all pairs, as a session is.
struct Recorder {
    engine: Engine,
    journal: Arc<Journal>,
    local: SocketAddr,
}

impl Recorder {
    fn start() -> Self {
        let engine = Engine::start(Pool::new(), Arc::new(|| {})).expect("started");
        let journal = Arc::new(Journal::new(Limits::default()));
        let (session, plan) = (SessionId(1), Plan::Listen(Listen::loopback(0)));
        engine.command(Command::Open { session, journal: Arc::clone(&journal), plan }).expect("taken");
        let Ok(Event::Ready { local, .. }) = engine.events().recv() else { panic!("it listens") };
        Self { engine, journal, local }
    }

    /// Every byte that was sent so far is counted; the socket closes before the last records are published.
    fn check(&self, total: usize) {
        while self.journal.status().received.bytes < total as u64 {
            std::thread::yield_now();
        }
        assert_eq!(self.journal.status().received.bytes, total as u64);
        assert_eq!(self.engine.events().len(), 0, "nothing failed");
    }
}
