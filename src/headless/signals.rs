//! SIGINT and SIGTERM: the first one ends the run in order, the second one at once.

use crossbeam_channel::Receiver;

use crate::error::OpError;

/// Tells the first signal.
///
/// # Errors
///
/// When the system gives no thread, or no way to be told.
#[cfg(unix)]
pub(super) fn start() -> Result<Receiver<()>, OpError> {
    use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
    use signal_hook::iterator::Signals;

    let error = |error: std::io::Error| OpError::io("start", "signal thread", &error);
    let mut wanted = vec![SIGINT, SIGTERM];
    // Under nohup(1) the end of a terminal is to be survived.
    if !is_hangup_ignored() {
        wanted.push(SIGHUP);
    }
    let mut signals = Signals::new(wanted).map_err(error)?;
    let (first, received) = crossbeam_channel::bounded(1);
    let run = move || {
        for (count, signal) in signals.forever().enumerate() {
            if count > 0 || first.send(()).is_err() {
                // As the shell tells of who was ended by a signal.
                std::process::exit(128 + signal);
            }
        }
    };
    std::thread::Builder::new().name("signals".to_owned()).spawn(run).map_err(error)?;
    Ok(received)
}

/// Whether whoever started this program wants SIGHUP ignored: bit 0 of `SigIgn` (proc_pid_status(5)).
#[cfg(unix)]
fn is_hangup_ignored() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    ignored.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).is_some_and(|mask| mask & 1 == 1)
}

/// Elsewhere Ctrl-C ends at once.
#[cfg(not(unix))]
pub(super) fn start() -> Result<Receiver<()>, OpError> {
    Ok(crossbeam_channel::never())
}
