//! SIGINT and SIGTERM: the first one ends the run in order, a second one at once.

use crossbeam_channel::Receiver;

use crate::error::OpError;

/// A signal that comes this soon after the first one is the same wish: timeout(1) signals its child, and then its whole
/// group.
#[cfg(unix)]
const SAME: std::time::Duration = std::time::Duration::from_millis(250);

/// Tells the first signal.
///
/// # Errors
///
/// When the system gives no thread, or no way to be told.
#[cfg(unix)]
pub(crate) fn start() -> Result<Receiver<()>, OpError> {
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
        let mut asked: Option<std::time::Instant> = None;
        for signal in signals.forever() {
            match asked {
                None => {
                    asked = Some(std::time::Instant::now());
                    // The main thread may be at its end already.
                    let _ = first.try_send(());
                }
                Some(at) if at.elapsed() < SAME => {}
                // As the shell tells of who was ended by a signal.
                Some(_) => std::process::exit(128 + signal),
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
pub(crate) fn start() -> Result<Receiver<()>, OpError> {
    Ok(crossbeam_channel::never())
}
