//! What every test of the command line needs: the program itself, what it writes, and waiting for that.

use std::io::{Read, Write};
use std::net::SocketAddr;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, bounded};

use crate::bench::PATIENCE;

/// A program that runs. It is ended with its test.
pub(crate) struct Run {
    child: Child,
    stdin: Option<ChildStdin>,
    pub(crate) out: Stream,
    pub(crate) told: Stream,
}

/// How a program ended.
#[derive(Debug)]
pub(crate) struct End {
    pub(crate) status: Option<i32>,
    pub(crate) out: String,
    pub(crate) told: String,
}

/// What a program writes.
pub(crate) struct Stream {
    chunks: Receiver<Vec<u8>>,
    pub(crate) bytes: Vec<u8>,
}

impl Stream {
    pub(crate) fn new(mut from: impl Read + Send + 'static) -> Self {
        let (sender, chunks) = bounded(1_024);
        let read = move || {
            let mut room = vec![0; 64 * 1024];
            while let Ok(len @ 1..) = from.read(&mut room) {
                if sender.send(room[..len].to_vec()).is_err() {
                    break;
                }
            }
        };
        std::thread::Builder::new().name("reader".to_owned()).spawn(read).expect("a thread");
        Self { chunks, bytes: Vec::new() }
    }

    /// Waits for `text`, and returns all up to its end.
    #[track_caller]
    pub(crate) fn wait_for(&mut self, text: &str) -> String {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let all = String::from_utf8_lossy(&self.bytes).into_owned();
            if let Some(at) = all.find(text) {
                return all[..at + text.len()].to_owned();
            }
            match self.chunks.recv_deadline(deadline) {
                Ok(chunk) => self.bytes.extend(chunk),
                Err(_) => panic!("waited in vain for {text:?} in {all:?}"),
            }
        }
    }

    /// Whether it has not ended, a moment later.
    pub(crate) fn goes_on(&self) -> bool {
        !self.chunks.recv_timeout(Duration::from_millis(100)).is_err_and(|error| error.is_disconnected())
    }

    /// All up to its end.
    #[track_caller]
    pub(crate) fn rest(&mut self) -> Vec<u8> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            match self.chunks.recv_deadline(deadline) {
                Ok(chunk) => self.bytes.extend(chunk),
                Err(error) if error.is_disconnected() => return self.bytes.clone(),
                Err(_) => panic!("it does not end: {:?}", String::from_utf8_lossy(&self.bytes)),
            }
        }
    }
}

/// The program, with arguments as a shell would split them.
pub(crate) fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sockscope"));
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// A folder with the program that everybody may enter: it may stand in one that only root enters.
pub(crate) fn for_everybody() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::copy(env!("CARGO_BIN_EXE_sockscope"), folder.path().join("sockscope")).expect("a copy");
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(folder.path(), mode).expect("everybody may enter");
    folder
}

impl Run {
    /// Starts `command` with what the test writes as its standard input.
    pub(crate) fn typed(mut command: Command) -> Self {
        Self::spawn(command.stdin(Stdio::piped()))
    }

    /// Starts `command`.
    pub(crate) fn spawn(command: &mut Command) -> Self {
        let mut child = command.spawn().expect("the program starts");
        let out = child.stdout.take().map_or_else(|| Stream::new(std::io::empty()), Stream::new);
        let told = Stream::new(child.stderr.take().expect("a pipe"));
        Self { stdin: child.stdin.take(), child, out, told }
    }

    /// Starts a client with nothing on its standard input.
    pub(crate) fn connect(endpoint: &str, arguments: &[&str]) -> Self {
        Self::spawn(&mut command(&[&["connect", endpoint], arguments].concat()))
    }

    /// Starts a server, and waits until it is ready.
    #[track_caller]
    pub(crate) fn listen(arguments: &[&str]) -> (Self, SocketAddr) {
        let mut run = Self::typed(command(&[&["listen"], arguments].concat()));
        let address = run.ready();
        (run, address)
    }

    /// The address that it listens on.
    #[track_caller]
    pub(crate) fn ready(&mut self) -> SocketAddr {
        self.told.wait_for("://");
        let line = self.told.wait_for("\n");
        let (_, address) = line.trim_end().rsplit_once("://").expect("an endpoint");
        address.parse().expect("an address")
    }

    /// Its number among the processes.
    pub(crate) fn process(&self) -> u32 {
        self.child.id()
    }

    /// Types on its standard input.
    pub(crate) fn types(&mut self, text: impl AsRef<[u8]>) {
        self.stdin.as_mut().expect("its input is open").write_all(text.as_ref()).expect("it reads");
    }

    /// Ends its standard input.
    pub(crate) fn ends_input(&mut self) {
        self.stdin = None;
    }

    /// The program that it runs in turn asked to end, as Ctrl-C does; waits for both.
    #[cfg(target_os = "linux")]
    #[track_caller]
    pub(crate) fn interrupt_traced(self) -> End {
        let children = format!("/proc/{0}/task/{0}/children", self.child.id());
        let child = std::fs::read_to_string(children).expect("its children");
        let pid = child.trim().parse().ok().and_then(rustix::process::Pid::from_raw).expect("one child");
        rustix::process::kill_process(pid, rustix::process::Signal::INT).expect("it is there");
        self.end()
    }

    /// Sends it a signal.
    #[cfg(target_os = "linux")]
    pub(crate) fn signal(&self, signal: rustix::process::Signal) {
        let pid = i32::try_from(self.child.id()).ok().and_then(rustix::process::Pid::from_raw);
        // It stays known to the system until it is waited for, also when it is over.
        rustix::process::kill_process(pid.expect("a process"), signal).expect("it is there");
    }

    /// Asks it to end, as Ctrl-C does, and waits for it.
    #[cfg(target_os = "linux")]
    #[track_caller]
    pub(crate) fn interrupt(self) -> End {
        self.signal(rustix::process::Signal::INT);
        self.end()
    }

    /// Waits for its end.
    #[track_caller]
    pub(crate) fn end(mut self) -> End {
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        let out = text(self.out.rest());
        let told = text(self.told.rest());
        let status = self.child.wait().expect("it can be waited for").code();
        assert!(!told.contains("panicked"), "{told}");
        End { status, out, told }
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        // It is over in most cases.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl End {
    /// Its output, where it ended with this status.
    #[track_caller]
    pub(crate) fn with(self, status: i32) -> String {
        assert_eq!(self.status, Some(status), "{}\n{}", self.told, self.out);
        self.out
    }
}

/// `tcp://…`.
pub(crate) fn tcp(address: SocketAddr) -> String {
    format!("tcp://{address}")
}

/// `udp://…`.
pub(crate) fn udp(address: SocketAddr) -> String {
    format!("udp://{address}")
}
