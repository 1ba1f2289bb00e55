//! Sockscope: a desktop oscilloscope for sockets.
//!
//! A window in which a person listens, connects, sends, and sees every byte that crosses a socket, with its time,
//! direction and peer; and a log of it that can be saved and trusted.
//!
//! # The house
//!
//! A file stands on a floor above everything it imports; `tests/it/floors.rs` holds that.
//!
//! | floor | module | what lives there |
//! |---|---|---|
//! | 0 words | [`clock`] | time stamps: wall and monotonic clock, one anchor a run |
//! | | [`error`] | operation, address, system code, sentence, advice |
//! | | [`endpoint`] | `tcp://host:port` parsed and printed |
//! | | [`figures`] | `65,507` and `2.3 MiB` |
//! | 1 knowledge, no I/O | [`payload`] | text ⇄ bytes: text, escaped, hex; foreign bytes made visible; hex dumps, encodings, numbers, comparing |
//! | | [`framing`] | a TCP stream cut into frames: by line, length prefix, size or pause |
//! | | [`search`] | text, bytes and regular expressions found in payload |
//! | | [`moment`] | times as a person types them |
//! | | [`template`] | `{peer} {data} {ctime}`: sends and replies with variables |
//! | | [`message`] | a text in its notation, with length, checksum and line ending: what is sent |
//! | | [`library`] | saved messages, presets of protocols, and the files that they come from and go to |
//! | | [`responder`] | rules: when this arrives, answer that |
//! | | [`sequence`] | send, wait, expect, close: a conversation as a list of steps |
//! | 2 the record | [`journal`] | every byte in order, bounded memory, what was dropped is counted |
//! | | [`lookup`] | names, services, protocols, interfaces: a small pool of threads |
//! | 3 the machine | [`engine`] | the I/O thread: sockets, state machines, timers; command in, event out |
//! | | [`form`] | what is typed to open a session, and the plan that it means |
//! | | [`export`] | the journal → `.txt`, `.csv`, `.jsonl`, `.pcapng`, `.html`, `.bin` |
//! | | [`import`] | `.jsonl` and `.pcapng` → the journal; what differs from what a file says of itself |
//! | | [`recording`] | the journal → a file while it grows, and nothing is dropped meanwhile |
//! | | [`replay`] | a log played again, and its new answers compared with the old ones |
//! | | [`profile`] | what is set up in a tab, as one TOML file; the same as a command |
//! | 4 the faces | [`headless`] | the same engine from a terminal |
//! | | [`app`] | the window's state: tabs, settings, what a press of a button does |
//! | | [`ui`] | panels and widgets: draws state, returns actions |
//!
//! Nothing below floor 4 knows egui, nor does `headless`: without the feature `window` neither `app` nor `ui` is there,
//! and nothing of a desktop is linked. Only `engine` and `lookup` touch the network; only `export`, `recording`,
//! `profile` and `app::stored` write files, and `engine` the secrets of TLS where that is asked for; `engine` reads the
//! one that is sent and those of certificates, `import` logs, and `app` the small ones; `ui` opens neither socket nor file.
//!
//! # How data flows
//!
//! ```text
//! person -> ui -> Action -> app --Command (bounded channel) + waker--> I/O thread -> socket
//! person <- ui <- the rows it shows <- Journal <--at most one lock a turn-- I/O thread <- socket
//!                    app <--Event (bounded channel)-- I/O thread
//! ```
//!
//! Payload does not travel through a channel: the I/O thread reads from the socket straight into the journal's
//! current block, which is shared when it is full; what does not fill one is published after a pause at once and else
//! within 5 ms; the window copies the rows that it shows. So memory is bounded, a slow window never slows a peer, and
//! nothing is lost without being counted.
//!
//! # Threads
//!
//! `main` draws; `io` owns the sockets; `digest` brings the SHA-256 of what crossed up to date, at the lowest priority;
//! `search` looks through a long log for a filter, or for what is to be found; `align` sets two payloads side by side,
//! for about a second at most; `lookup-N` wait for the system's resolver, and `netlink` for changes of the network
//! interfaces; `save` writes a log, and `record` one that grows; `disk` hands what either wrote to the system, and
//! `sums` digests it for a `.jsonl` or `.pcapng`; `open`, `verify` and `replay` have a log each; `file` reads one ahead
//! that is being sent; `files` reads and writes those of messages and sequences; `keep` writes what is on a person's
//! desk; `ender` ends the sessions when a signal comes; `dialog` waits for the desktop's file dialog. Without a window
//! `main` decides, `input` reads standard input, `output` writes the records, and `signals` waits for SIGINT and
//! SIGTERM. Each is named, bounded, and can be cancelled or abandoned.

// `tests/fuzz` builds the floors and modules on which all parsers live, without the rest.
#[cfg(all(feature = "window", not(fuzzing)))]
pub mod app;
pub mod clock;
pub mod endpoint;
pub mod engine;
pub mod error;
pub mod export;
pub mod figures;
pub mod form;
pub mod framing;
#[cfg(not(fuzzing))]
pub mod headless;
pub mod import;
pub mod journal;
pub mod library;
pub mod lookup;
pub mod message;
pub mod moment;
pub mod payload;
pub mod profile;
#[cfg(not(fuzzing))]
pub mod recording;
#[cfg(not(fuzzing))]
pub mod replay;
pub mod responder;
pub mod search;
pub mod sequence;
pub mod template;
#[cfg(all(feature = "window", not(fuzzing)))]
pub mod ui;
