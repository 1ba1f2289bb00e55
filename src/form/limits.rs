//! Limits and timing as they are typed, and what they mean for the engine.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Errors, Field, note};
use crate::engine::{Reconnect, SessionLimits, room_for};

/// The limits of a session as typed. An empty limit is none.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct LimitsForm {
    /// Seconds without a byte in either direction.
    pub idle_limit: String,
    /// Seconds without a received byte.
    pub receive_limit: String,
    /// Bytes of each `recv`, 1 to 1,048,576 (TCP).
    pub read_size: String,
    /// Show where one `recv` of `recv_once` bytes would cut.
    pub emulate: bool,
    /// Bytes, 1 to 1,048,576.
    pub recv_once: String,
    /// Receive only when a person says so.
    pub by_hand: bool,
    /// How many connections may be open, 1 to 20,000 (TCP server).
    pub connections: String,
    /// Connect again (TCP client).
    pub reconnect: bool,
    /// Seconds before the first attempt; each further wait is twice as long.
    pub reconnect_delay: String,
    /// The longest wait, in seconds.
    pub reconnect_longest: String,
    /// Attempts in a row; empty is any number.
    pub reconnect_attempts: String,
}

impl Default for LimitsForm {
    fn default() -> Self {
        let (idle_limit, receive_limit, read_size, reconnect_attempts) = Default::default();
        Self {
            idle_limit,
            receive_limit,
            read_size,
            emulate: false,
            recv_once: "1024".to_owned(),
            by_hand: false,
            connections: SessionLimits::CONNECTIONS.to_string(),
            reconnect: false,
            reconnect_delay: "1".to_owned(),
            reconnect_longest: "30".to_owned(),
            reconnect_attempts,
        }
    }
}

/// The largest number of attempts in a row that can be asked for.
const MOST_ATTEMPTS: u32 = 1_000_000;

impl LimitsForm {
    /// What they mean; errors go to `errors`. This asks the system for nothing.
    pub(super) fn check(&self, errors: &mut Errors) -> SessionLimits {
        let usual = SessionLimits::default();
        let idle = note(errors, Field::IdleLimit, limit(&self.idle_limit));
        let receive = note(errors, Field::ReceiveLimit, limit(&self.receive_limit));
        let read_size = match self.read_size.trim() {
            "" => None,
            text => note(errors, Field::ReadSize, size(text)),
        };
        let recv_once = match self.emulate {
            true => note(errors, Field::RecvOnce, size(&self.recv_once)),
            false => None,
        };
        let connections = note(errors, Field::Connections, connections(&self.connections));
        SessionLimits {
            idle: idle.flatten(),
            receive: receive.flatten(),
            read_size,
            recv_once,
            by_hand: self.by_hand,
            connections: connections.unwrap_or(usual.connections),
            reconnect: if self.reconnect { self.reconnect(errors) } else { None },
        }
    }

    fn reconnect(&self, errors: &mut Errors) -> Option<Reconnect> {
        let delay = note(errors, Field::ReconnectDelay, wait(&self.reconnect_delay));
        let longest = note(errors, Field::ReconnectLongest, wait(&self.reconnect_longest));
        let attempts = note(errors, Field::ReconnectAttempts, attempts(&self.reconnect_attempts));
        let (delay, longest, attempts) = (delay?, longest?, attempts?);
        if longest < delay {
            let reason = "the longest wait is at least as long as the first one".to_owned();
            errors.insert(Field::ReconnectLongest, reason);
            return None;
        }
        Some(Reconnect { delay, longest, attempts })
    }
}

/// Whether this process may have so many descriptors: a server's form asks.
pub(super) fn room(limits: &SessionLimits) -> Result<(), String> {
    room_for(limits.connections).map_err(|error| {
        let advice = error.advice.as_deref().unwrap_or_default();
        format!("{}: {advice}", error.message)
    })
}

/// A number of seconds in `range`; nothing is no limit.
fn limit(text: &str) -> Result<Option<Duration>, String> {
    if text.trim().is_empty() {
        return Ok(None);
    }
    let seconds = text.trim().parse::<f64>().ok().filter(|seconds| (0.001..=86_400.0).contains(seconds));
    seconds
        .map(|seconds| Some(Duration::from_secs_f64(seconds)))
        .ok_or_else(|| "the limit is a number of seconds from 0.001 to 86400, a day; empty is none".to_owned())
}

fn wait(text: &str) -> Result<Duration, String> {
    let seconds = text.trim().parse::<f64>().ok().filter(|seconds| (0.1..=3600.0).contains(seconds));
    seconds
        .map(Duration::from_secs_f64)
        .ok_or_else(|| "the wait is a number of seconds from 0.1 to 3600, an hour".to_owned())
}

fn attempts(text: &str) -> Result<Option<u32>, String> {
    if text.trim().is_empty() {
        return Ok(None);
    }
    let number = text.trim().parse().ok().filter(|number| (1..=MOST_ATTEMPTS).contains(number));
    number.map(Some).ok_or_else(|| "the attempts are a whole number from 1 to 1000000; empty is any".to_owned())
}

fn size(text: &str) -> Result<u32, String> {
    let size = text.trim().parse().ok().filter(|size| SessionLimits::READ_SIZE.contains(size));
    size.ok_or_else(|| "the size is a whole number of bytes from 1 to 1048576 (1 MiB)".to_owned())
}

fn connections(text: &str) -> Result<usize, String> {
    let most = SessionLimits::MOST_CONNECTIONS;
    let number = text.trim().parse().ok().filter(|number| (1..=most).contains(number));
    number.ok_or_else(|| format!("the number of connections is a whole number from 1 to {most}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(change: impl FnOnce(&mut LimitsForm), expected: Result<SessionLimits, &[Field]>) {
        let (mut form, mut errors) = (LimitsForm::default(), Errors::new());
        change(&mut form);
        let limits = form.check(&mut errors);
        let wrong: Vec<_> = errors.keys().copied().collect();
        match expected {
            Ok(expected) => assert_eq!((limits, wrong), (expected, Vec::new()), "{form:?}"),
            Err(fields) => assert_eq!(wrong, fields, "{form:?}"),
        }
    }

    #[test]
    fn the_usual_form_is_the_usual_limits() {
        check(|_| {}, Ok(SessionLimits::default()));
    }

    #[test]
    fn what_is_typed_is_meant() {
        let typed = |form: &mut LimitsForm| {
            form.idle_limit = " 30 ".to_owned();
            form.receive_limit = "0.25".to_owned();
            form.read_size = "1048576".to_owned();
            form.emulate = true;
            form.connections = "20000".to_owned();
            form.reconnect = true;
            form.reconnect_attempts = "3".to_owned();
        };
        let reconnect = Reconnect { attempts: Some(3), ..Reconnect::default() };
        let limits = SessionLimits {
            idle: Some(Duration::from_secs(30)),
            receive: Some(Duration::from_millis(250)),
            read_size: Some(1 << 20),
            recv_once: Some(1_024),
            by_hand: false,
            connections: 20_000,
            reconnect: Some(reconnect),
        };
        check(typed, Ok(limits));
    }

    #[test]
    fn each_wrong_number_is_an_error_at_its_field() {
        check(|form| form.idle_limit = "0".into(), Err(&[Field::IdleLimit]));
        check(|form| form.idle_limit = "86401".into(), Err(&[Field::IdleLimit]));
        check(|form| form.receive_limit = "soon".into(), Err(&[Field::ReceiveLimit]));
        check(|form| form.receive_limit = "NaN".into(), Err(&[Field::ReceiveLimit]));
        check(|form| form.read_size = "0".into(), Err(&[Field::ReadSize]));
        check(|form| form.read_size = "1048577".into(), Err(&[Field::ReadSize]));
        check(|form| form.connections = "0".into(), Err(&[Field::Connections]));
        check(|form| form.connections = "20001".into(), Err(&[Field::Connections]));
        check(|form| (form.emulate, form.recv_once) = (true, String::new()), Err(&[Field::RecvOnce]));
        check(|form| (form.reconnect, form.reconnect_delay) = (true, "0".into()), Err(&[Field::ReconnectDelay]));
        check(|form| (form.reconnect, form.reconnect_delay) = (true, "31".into()), Err(&[Field::ReconnectLongest]));
        check(
            |form| (form.reconnect, form.reconnect_attempts) = (true, "0".into()),
            Err(&[Field::ReconnectAttempts]),
        );
    }

    #[test]
    fn what_is_off_is_not_looked_at() {
        check(|form| form.recv_once = "x".into(), Ok(SessionLimits::default()));
        check(|form| form.reconnect_delay = "x".into(), Ok(SessionLimits::default()));
    }
}
