//! The engine: the one I/O thread that owns every socket, and the handle through which the faces drive it.

mod command;

pub use command::{
    Answering, Bind, Command, Connect, Event, Listen, Options, Plan, Reply, SessionId, Target, Ticket,
};
