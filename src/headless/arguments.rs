//! What can be written on the command line.

mod calls;
mod limits;
mod multicast;
mod options;
mod proxy;
mod tls;
mod unix;
pub(super) mod values;

pub(super) use calls::CallsArguments;
pub(super) use proxy::password as proxy_password;
pub(super) use values::placed;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::endpoint::Endpoint;
use crate::framing::Framing;
use crate::payload::{Encoding, Format, LineEnding};
use crate::responder::Rule;

/// A desktop oscilloscope for sockets: listen, connect, send, see every byte, save a log that can be trusted.
///
/// Without a command the window opens; with an endpoint or a profile it opens ready, and starts nothing by itself.
#[derive(Debug, Parser)]
#[command(
    name = "sockscope",
    version,
    args_conflicts_with_subcommands = true,
    after_help = "Standard output holds records alone, standard error what else there is to tell.\n\
                  Exit status: 0 done, 1 network, 2 usage, 3 local file.\n\n\
                  Examples:\n  sockscope\n  sockscope tcp://127.0.0.1:8888\n  sockscope listen 8888 --preset echo"
)]
pub(super) struct Arguments {
    #[command(subcommand)]
    pub(super) what: Option<What>,
    /// The endpoint that the window's form is filled in with
    #[arg(value_parser = values::endpoint)]
    pub(super) endpoint: Option<Endpoint>,
    /// The profile that the window opens with
    #[arg(long, value_name = "FILE")]
    pub(super) profile: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub(super) enum What {
    Listen(Box<ListenArguments>),
    Connect(Box<ConnectArguments>),
    Lookup(LookupArguments),
    /// Write a saved log in another form
    #[command(after_help = "Example:\n  sockscope convert log.jsonl log.csv")]
    Convert {
        /// The log: a .jsonl, or a .pcapng
        #[arg(value_name = "IN")]
        from: PathBuf,
        /// The new file; its extension is its form
        #[arg(value_name = "OUT", value_parser = values::log_file())]
        to: PathBuf,
    },
    /// Recompute what a log says of itself; exit status 0 or 3
    #[command(after_help = "Example:\n  sockscope verify log.jsonl && echo 'as it was written'")]
    Verify {
        /// The log
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
    Run(super::run::RunArguments),
    Replay(Box<super::replay::ReplayArguments>),
    /// Write completions for a shell to standard output
    #[command(
        after_help = "Example:\n  sockscope completions bash > ~/.local/share/bash-completion/completions/sockscope"
    )]
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
}

/// Listen for TCP clients or UDP datagrams, and answer by rules
///
/// Lines of standard input are sent to all connected peers (over UDP: to all who were heard from); they wait until one
/// is there. The end of the input finishes sending to those who are connected then; an input without a line
/// (/dev/null) finishes nothing. SIGINT and SIGTERM end in order.
#[derive(Debug, Args)]
#[command(after_help = "A RULE is a reply (a template), or WHEN => ACTS:\n  \
    hello {peer}\n  \
    contains \"q\" => close\n  \
    matches \"^(\\w+)\" => reply \"hi {1}\", wait 100, close\n\
    WHEN: connected, any, is, contains, starts, ends, like, matches; ignoring case, trimmed, once, at most N.\n\
    ACTS: reply \"…\", wait N, close, finish, abort, ignore N, forward, starttls, nothing.\n\n\
    Examples:\n  \
    sockscope listen 8888 --reply '[{ctime}] {data}'\n  \
    sockscope listen udp://127.0.0.1:9090 --preset time-by-strftime --output jsonl\n  \
    sockscope listen 0 --greeting 'Welcome, {peer}\\r\\n' --once --save log.jsonl")]
pub(super) struct ListenArguments {
    /// tcp://HOST:PORT, udp://HOST:PORT, unix:PATH or unix-dgram:PATH (@NAME: abstract); a bare number is a TCP port on loopback, 0 takes a free one
    #[arg(value_parser = values::endpoint)]
    pub(super) endpoint: Endpoint,
    /// Ready-made rules, such as echo, http, welcome-then-close; a wrong name lists them all
    #[arg(long, value_name = "NAME")]
    pub(super) preset: Option<String>,
    /// Send this template to each new connection: connected => reply "TEXT"
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    pub(super) greeting: Option<String>,
    /// Stop listening after the first client
    #[arg(long)]
    pub(super) once: bool,
    /// Finished handshakes that wait, 0 to 4096
    #[arg(long, value_name = "N", default_value = "1024")]
    pub(super) backlog: String,
    /// Send lines of standard input to this peer alone: its address, its address and port, or its number
    #[arg(long, value_name = "PEER", value_parser = super::recipients::peer)]
    pub(super) to: Option<super::recipients::Peer>,
    #[command(flatten)]
    pub(super) access: limits::AccessArguments,
    #[command(flatten)]
    pub(super) common: Common,
}

/// Connect over TCP, or send and receive UDP datagrams
///
/// Payloads of --send go first. Where there is none, lines of standard input are sent. The end finishes sending (FIN),
/// and what comes is received until the peer ends too; with --until sending is not finished before the pattern came.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    printf 'GET / HTTP/1.0\\r\\n\\r\\n' | sockscope connect example.org:80 --output raw\n  \
    sockscope connect 8888 --send 'hello!' --wait 500\n  \
    sockscope connect example.org:25 --until '220 '\n  \
    sockscope connect udp://127.0.0.1:9090 --send '%H:%M:%S' --repeat 5 --every 2000\n  \
    sockscope connect icmp://127.0.0.1 --repeat 4 --every 1000\n  \
    sockscope connect example.org:25 --proxy socks5://127.0.0.1:1080\n  \
    sockscope connect udp://127.0.0.1:9000 --format hex --send 'ff 00 01' --output jsonl")]
pub(super) struct ConnectArguments {
    /// tcp://HOST:PORT, udp://HOST:PORT, icmp://HOST, unix:PATH or unix-dgram:PATH (@NAME: abstract); a bare number is a
    /// TCP port on loopback
    #[arg(value_parser = values::endpoint)]
    pub(super) endpoint: Endpoint,
    /// Send this, in --format; may be given again
    #[arg(long, value_name = "PAYLOAD", allow_hyphen_values = true)]
    pub(super) send: Vec<String>,
    /// Line ending and format of a protocol, such as http, smtp, dns; a wrong name lists them all
    #[arg(long, value_name = "NAME")]
    pub(super) preset: Option<String>,
    /// Send this line of the preset, by its name; may be given again, goes before --send
    #[arg(long, value_name = "NAME", requires = "preset", allow_hyphen_values = true)]
    pub(super) line: Vec<String>,
    /// Send lines of standard input also where there is something else to send
    #[arg(long)]
    pub(super) stdin: bool,
    /// Go on receiving for this many milliseconds after the last was sent; else up to the peer's end, over UDP 1000
    #[arg(long, value_name = "MS")]
    pub(super) wait: Option<u32>,
    /// End with status 0 when this came, and with status 1 when it did not; written in --format, text is escaped
    #[arg(long, value_name = "PATTERN", allow_hyphen_values = true)]
    pub(super) until: Option<String>,
    /// Send the payload this often; 0: until stopped
    #[arg(long, value_name = "N")]
    pub(super) repeat: Option<u64>,
    /// Milliseconds from one send to the next, 1 to 86400000; without --repeat until stopped
    #[arg(long, value_name = "MS")]
    pub(super) every: Option<f64>,
    /// The local address, HOST, HOST:PORT or :PORT; of a Unix datagram socket its own path, @NAME, or @ for one that the system chooses
    #[arg(long, value_name = "ADDR")]
    pub(super) local: Option<String>,
    /// Seconds that connecting may take, names included, from 0.001 to 3600; over UDP that looking up the name may take
    #[arg(long, value_name = "SECONDS", default_value = "10")]
    pub(super) limit: String,
    #[command(flatten)]
    pub(super) reconnect: limits::ReconnectArguments,
    #[command(flatten)]
    pub(super) proxy: proxy::ProxyArguments,
    #[command(flatten)]
    pub(super) common: Common,
}

/// What both have.
#[derive(Debug, Args)]
pub(super) struct Common {
    /// Answer by this rule; may be given again, the first that matches acts
    #[arg(long, value_name = "RULE", value_parser = values::rule, allow_hyphen_values = true)]
    pub(super) reply: Vec<Rule>,
    /// What rules see of a TCP stream.
    #[arg(
        long,
        value_name = "FRAMING",
        value_parser = values::framing,
        help = "What rules see of a TCP stream: chunks, line, fixed:BYTES, gap:MS, or \
                length:WIDTH[le][,self][,offset=N][,extra=N]",
    )]
    pub(super) framing: Option<Framing>,
    /// What standard output gets of each record: a line, a JSON object, or the received payload alone
    #[arg(long, value_enum, default_value_t, value_name = "FORM")]
    pub(super) output: OutputForm,
    #[command(flatten)]
    pub(super) calls: CallsArguments,
    /// Save the log to this file at the end, in the form of its extension: what it still holds of 256 MiB
    #[arg(long, value_name = "FILE", value_parser = values::log_file())]
    pub(super) save: Option<PathBuf>,
    /// Record everything to this new file while it happens, and drop nothing: .jsonl or .pcapng
    #[arg(long, value_name = "FILE", value_parser = values::recording_file())]
    pub(super) record: Option<PathBuf>,
    /// Go on in a next file once one has this many MiB
    #[arg(long, value_name = "MIB", requires = "record", value_parser = clap::value_parser!(u64).range(1..))]
    pub(super) rotate_size: Option<u64>,
    /// Go on in a next file once one is this many seconds old
    #[arg(long, value_name = "SECONDS", requires = "record", value_parser = clap::value_parser!(u64).range(1..))]
    pub(super) rotate_every: Option<u64>,
    /// How payload is written: text, escaped, hex or base64
    #[arg(long, value_parser = values::format())]
    pub(super) format: Option<Format>,
    /// What each payload ends with: none, lf, crlf, cr or nul. Else nothing, and over TCP lines keep their own ending
    #[arg(long, value_parser = values::ending())]
    pub(super) eol: Option<LineEnding>,
    /// How the characters of --format text become bytes
    #[arg(long, value_parser = values::encoding(), default_value = "utf8")]
    pub(super) encoding: Encoding,
    /// Take {peer}, {rand:8}, {time:%H:%M} and so on in payload as variables
    #[arg(long)]
    pub(super) template: bool,
    /// Keep a connection open when its peer has finished sending
    #[arg(long)]
    pub(super) keep_open: bool,
    /// Allow broadcast addresses (UDP)
    #[arg(long)]
    pub(super) broadcast: bool,
    /// MiB that may wait to be sent to each peer
    #[arg(long, value_name = "MIB", default_value = "16")]
    pub(super) queue_limit: String,
    #[command(flatten)]
    pub(super) options: options::OptionArguments,
    /// KiB of receive buffer to ask for (UDP)
    #[arg(long, value_name = "KIB", default_value = "4096")]
    pub(super) receive_buffer: String,
    #[command(flatten)]
    pub(super) limits: limits::LimitArguments,
    #[command(flatten)]
    pub(super) multicast: multicast::MulticastArguments,
    #[command(flatten)]
    pub(super) tls: tls::TlsArguments,
    #[command(flatten)]
    pub(super) unix: unix::UnixArguments,
}

/// Look up names, addresses, services, ports and protocols
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  sockscope lookup localhost 127.0.0.1 http 25/tcp\n  \
    sockscope lookup 'getaddrinfo(\"localhost\", 80)' --output jsonl\n  \
    sockscope lookup 'socket(AF_TIPC, SOCK_STREAM, 0)'\n  sockscope lookup interfaces --watch\n  \
    sockscope lookup --tutorials")]
pub(super) struct LookupArguments {
    /// A name, an address, a port, a service, a protocol, host:port, an endpoint, a call as in a program, or interfaces
    #[arg(value_name = "WHAT", required_unless_present = "tutorials")]
    pub(super) what: Vec<String>,
    /// With `interfaces`: go on, and print each change, until SIGINT or SIGTERM
    #[arg(long)]
    pub(super) watch: bool,
    /// Everything that the tutorials on sockets look up
    #[arg(long)]
    pub(super) tutorials: bool,
    /// A line of call, result and milliseconds with tabs between them, or a JSON object
    #[arg(long, value_enum, default_value_t, value_name = "FORM")]
    pub(super) output: Form,
}

/// What standard output gets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum OutputForm {
    /// A line for each record, as in a .txt file
    #[default]
    Text,
    /// The same, and the calls behind each record: --calls
    #[value(skip)]
    Calls,
    /// A JSON object for each record, as in a .jsonl file
    Jsonl,
    /// The received payload, and nothing else
    Raw,
}

/// What answers are printed as.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum Form {
    /// A line each
    #[default]
    Text,
    /// A JSON object each
    Jsonl,
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_whole() {
        Arguments::command().debug_assert();
        for command in Arguments::command().get_subcommands() {
            let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
            assert!(help.contains("Example"), "{} has no example", command.get_name());
            assert!(command.get_about().is_some(), "{} has no line of its own", command.get_name());
        }
    }
}
