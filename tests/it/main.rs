//! Integration tests: the engine with real sockets on loopback, and the rule of the floors.

#![allow(
    clippy::unwrap_used,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a test that fails here is a test that fails"
)]

mod bench;
mod bulk;
mod colors;
mod composer;
mod crowd;
mod detail;
mod encodings;
mod files;
mod finding;
mod floors;
mod framing;
mod messages;
mod outgoing;
mod programs;
mod programs_udp;
mod queues;
mod quitting;
mod repeat;
mod rows;
mod rules;
mod rules_page;
mod sequences;
mod statistics;
mod tcp_client;
mod tcp_closing;
mod tcp_server;
mod udp;
mod window;
