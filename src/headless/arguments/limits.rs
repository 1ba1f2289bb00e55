//! Limits, timing, and who may connect, on the command line.

use clap::Args;

use crate::form::{AccessForm, LimitsForm};

/// What every session has.
#[derive(Debug, Args)]
pub(in crate::headless) struct LimitArguments {
    /// Close a connection on which nothing crossed in either direction for this many seconds
    #[arg(long, allow_negative_numbers = true, value_name = "SECONDS", help_heading = "Limits and timing")]
    idle_limit: Option<String>,
    /// Close a connection from which nothing was received for this many seconds
    #[arg(long, allow_negative_numbers = true, value_name = "SECONDS", help_heading = "Limits and timing")]
    receive_limit: Option<String>,
    /// Bytes of each recv of a TCP connection, 1 to 1048576
    #[arg(long, allow_negative_numbers = true, value_name = "BYTES", help_heading = "Limits and timing")]
    read_size: Option<String>,
    /// Show where one recv(BYTES) would cut: TCP is read like that, of a datagram is told what would be lost
    #[arg(
        long,
        allow_negative_numbers = true,
        value_name = "BYTES",
        alias = "recv-once",
        help_heading = "Limits and timing"
    )]
    emulate_recv: Option<String>,
}

/// What a listener has, and a UDP socket.
#[derive(Debug, Args)]
pub(in crate::headless) struct AccessArguments {
    /// Connections that may be open at once, 1 to 20000; those beyond wait in the backlog (TCP)
    #[arg(
        long,
        allow_negative_numbers = true,
        value_name = "N",
        default_value = "1024",
        help_heading = "Who may connect"
    )]
    max_connections: String,
    /// Only peers of these networks: 192.0.2.0/24,::1; may be given again. Others are reset (RST), datagrams dropped
    #[arg(long, value_name = "NETWORKS", help_heading = "Who may connect")]
    allow: Vec<String>,
    /// No peers of these networks, not even allowed ones; may be given again
    #[arg(long, value_name = "NETWORKS", help_heading = "Who may connect")]
    deny: Vec<String>,
}

/// What a client has.
#[derive(Debug, Args)]
pub(in crate::headless) struct ReconnectArguments {
    /// Connect again when the peer is not there or went away; give up after N failures in a row (TCP)
    #[arg(long, value_name = "N", num_args = 0..=1, default_missing_value = "", help_heading = "Limits and timing")]
    reconnect: Option<String>,
    /// Seconds before connecting again; each further wait is twice as long, up to the longest, 30 s
    #[arg(
        long,
        allow_negative_numbers = true,
        value_name = "SECONDS",
        default_value = "1",
        requires = "reconnect",
        help_heading = "Limits and timing"
    )]
    reconnect_delay: String,
    /// The longest wait before connecting again, in seconds
    #[arg(
        long,
        allow_negative_numbers = true,
        value_name = "SECONDS",
        requires = "reconnect",
        help_heading = "Limits and timing"
    )]
    reconnect_longest: Option<String>,
}

impl LimitArguments {
    /// Puts them into a form.
    pub(in crate::headless) fn form(&self) -> LimitsForm {
        let usual = LimitsForm::default();
        LimitsForm {
            idle_limit: self.idle_limit.clone().unwrap_or(usual.idle_limit),
            receive_limit: self.receive_limit.clone().unwrap_or(usual.receive_limit),
            read_size: self.read_size.clone().unwrap_or(usual.read_size),
            emulate: self.emulate_recv.is_some(),
            recv_once: self.emulate_recv.clone().unwrap_or(usual.recv_once),
            ..LimitsForm::default()
        }
    }
}

impl AccessArguments {
    /// Puts the number of connections into a form.
    pub(in crate::headless) fn limits(&self, form: LimitsForm) -> LimitsForm {
        LimitsForm { connections: self.max_connections.clone(), ..form }
    }

    /// The lists.
    pub(in crate::headless) fn form(&self) -> AccessForm {
        AccessForm { allow: self.allow.join(","), deny: self.deny.join(",") }
    }
}

impl ReconnectArguments {
    /// Whether it is asked for.
    pub(in crate::headless) fn is_on(&self) -> bool {
        self.reconnect.is_some()
    }

    /// Puts them into a form.
    pub(in crate::headless) fn limits(&self, form: LimitsForm) -> LimitsForm {
        let Some(attempts) = &self.reconnect else { return form };
        let delay = self.reconnect_delay.clone();
        // A first wait beyond the usual longest one is the longest one too.
        let usual = |longest: &f64| delay.trim().parse::<f64>().is_ok_and(|delay| delay > *longest);
        let longest = form.reconnect_longest.parse::<f64>().ok().filter(usual).map(|_| delay.clone());
        let longest = self.reconnect_longest.clone().or(longest);
        LimitsForm {
            reconnect: true,
            reconnect_attempts: attempts.clone(),
            reconnect_longest: longest.unwrap_or(form.reconnect_longest),
            reconnect_delay: delay,
            ..form
        }
    }
}
