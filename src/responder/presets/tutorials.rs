//! The servers of the tutorials, exact to the byte.

use super::{Group, Over, Preset, anything, connected, is, reply, rules};
use crate::responder::{Act, Rule};

pub(super) const ALL: &[Preset] = &[
    Preset::new("Welcome, then close", Group::Tutorials, Over::Tcp, "Welcome,('127.0.0.1', 52403)", || {
        rules([connected("Welcome", [reply("Welcome,('{peer.ip}', {peer.port})"), Act::Close])])
    }),
    Preset::new("Echo with the time", Group::Tutorials, Over::Both, "[Sat Nov 21 03:05:00 2026] what came", || {
        rules([anything("Echo with the time", [reply("[{ctime}] {data}")])])
    }),
    Preset {
        keep_open: true,
        ..Preset::new(
            "Hello client, once",
            Group::Tutorials,
            Over::Tcp,
            "Answers the first data of a connection alone, and never closes",
            || rules([Rule { limit: 1, ..anything("Hello client", [reply("Hello client")]) }]),
        )
    },
    Preset::new(
        "Time and repr",
        Group::Tutorials,
        Over::Both,
        "at Sat Nov 21 03:05:00 2026 :b'what came' as Python prints bytes",
        || rules([anything("Time and repr", [reply("at {ctime} :{repr}")])]),
    ),
    Preset {
        once: true,
        ..Preset::new(
            "One shot: hi",
            Group::Tutorials,
            Over::Tcp,
            "One client, one answer, then connection and server are closed",
            || rules([Rule { limit: 1, ..anything("hi", [reply("hi"), Act::Close]) }]),
        )
    },
    Preset::new(
        "Chat that ends on q",
        Group::Tutorials,
        Over::Tcp,
        "You answer by hand; q closes that talk, and the server goes on",
        || rules([is("Bye", "q", [Act::Close])]),
    ),
    Preset::new(
        "Chat, q isn't answered",
        Group::Tutorials,
        Over::Udp,
        "Everything is answered but q alone; alex : q is an ordinary message",
        || rules([is("Not answered", "q", []), anything("Answer", [reply("{data}")])]),
    ),
    Preset::new(
        "Time by strftime",
        Group::Tutorials,
        Over::Udp,
        r"The datagram is a time format such as %Y-%m\%d %H:%M:%S",
        || rules([anything("Time by strftime", [reply("{strftime}")])]),
    ),
];
