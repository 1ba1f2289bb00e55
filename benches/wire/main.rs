//! What recording every byte costs on the wire: Sockscope against plain loops that record nothing, and against the
//! peers that are installed, over loopback.
//!
//! ```text
//! cargo bench --bench wire                  every row: first without a window, then, with a display, in the window
//! cargo bench --bench wire -- tcp udp       only rows whose name contains one of these words
//! cargo bench --bench wire -- --no-window   no window even if there is a display
//! cargo bench --bench wire -- --no-window "record to file"
//!                                           only recordings: their speed, and that everything is in them
//! ```
//!
//! Each row takes turns: the plain loop, Sockscope, the plain loop, … five times in one run, fed by the same sender.
//! What is printed are medians of the five ratios, and the smallest and largest. The plain loops are in `linux/plain.rs`.

#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "the figures are the output; a bench may panic")]
#![allow(missing_docs, clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "not a library")]

#[cfg(target_os = "linux")]
mod linux;

#[cfg(target_os = "linux")]
fn main() {
    linux::run();
}

#[cfg(not(target_os = "linux"))]
fn main() {
    println!("The plain loops of this bench are written for Linux.");
}
