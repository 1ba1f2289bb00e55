//! Integration tests: the engine with real sockets on loopback, and the rule of the floors.

#![allow(
    clippy::unwrap_used,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a test that fails here is a test that fails"
)]

mod attempts;
mod bench;
mod bulk;
#[cfg(target_os = "linux")]
mod calls;
#[cfg(target_os = "linux")]
mod calls_traced;
#[cfg(all(target_os = "linux", feature = "window"))]
mod calls_window;
#[cfg(target_os = "linux")]
mod cli;
#[cfg(target_os = "linux")]
mod cli_bench;
#[cfg(target_os = "linux")]
mod cli_files;
#[cfg(target_os = "linux")]
mod cli_programs;
#[cfg(target_os = "linux")]
mod cli_protocols;
#[cfg(target_os = "linux")]
mod cli_replay;
#[cfg(target_os = "linux")]
mod cli_run;
#[cfg(all(target_os = "linux", feature = "window"))]
mod cli_window;
#[cfg(feature = "window")]
mod colors;
#[cfg(feature = "window")]
mod composer;
mod coverage;
mod crowd;
#[cfg(feature = "window")]
mod detail;
mod dual_stack;
#[cfg(feature = "window")]
mod encodings;
mod files;
#[cfg(feature = "window")]
mod finding;
mod floors;
#[cfg(feature = "window")]
mod framing;
mod import;
mod interfaces;
mod limits;
mod limits_access;
#[cfg(target_os = "linux")]
mod limits_cli;
#[cfg(feature = "window")]
mod limits_window;
mod many;
#[cfg(feature = "window")]
mod messages;
#[cfg(target_os = "linux")]
mod multicast;
#[cfg(target_os = "linux")]
mod multicast_pair;
#[cfg(feature = "window")]
mod multicast_window;
#[cfg(feature = "window")]
mod opened;
#[cfg(target_os = "linux")]
mod options;
#[cfg(all(target_os = "linux", feature = "window"))]
mod options_window;
#[cfg(feature = "window")]
mod outgoing;
mod pcapng;
#[cfg(target_os = "linux")]
mod ping;
#[cfg(feature = "window")]
mod playing;
#[cfg(feature = "window")]
mod profile_menu;
#[cfg(target_os = "linux")]
mod profiles;
#[cfg(feature = "window")]
mod programs;
#[cfg(feature = "window")]
mod programs_udp;
#[cfg(target_os = "linux")]
mod proxy;
mod queues;
mod quitting;
mod recording;
mod recording_middle;
#[cfg(feature = "window")]
mod recording_window;
mod repeat;
mod replays;
#[cfg(feature = "window")]
mod rows;
mod rules;
#[cfg(feature = "window")]
mod rules_page;
mod saving;
#[cfg(feature = "window")]
mod saving_window;
#[cfg(feature = "window")]
mod sequences;
#[cfg(target_os = "linux")]
mod sockets;
#[cfg(feature = "window")]
mod statistics;
mod tcp_client;
mod tcp_closing;
mod tcp_server;
mod tls;
mod tls_bench;
#[cfg(target_os = "linux")]
mod tls_cli;
mod tls_closing;
mod tls_identity;
#[cfg(unix)]
mod tls_key_log;
mod tls_limits;
#[cfg(target_os = "linux")]
mod tls_programs;
mod tls_refused;
mod tls_starttls;
#[cfg(feature = "window")]
mod tls_window;
mod udp;
#[cfg(target_os = "linux")]
mod unix;
#[cfg(target_os = "linux")]
mod unix_datagrams;
#[cfg(target_os = "linux")]
mod unix_programs;
#[cfg(all(target_os = "linux", feature = "window"))]
mod unix_window;
#[cfg(feature = "window")]
mod window;
