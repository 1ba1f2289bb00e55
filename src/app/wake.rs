//! Waking the window from other threads: at most one repaint is asked for at a time, and no faster than frames can be
//! drawn.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

/// The shortest time between two repaints that data causes: 60 a second.
const FASTEST: Duration = Duration::from_millis(16);

/// The longest: also with software GL, where a frame costs 50 ms of CPU, a person sees data within 200 ms. What a person
/// does shows at once whatever the pace.
const SLOWEST: Duration = Duration::from_millis(200);

/// A handle that any thread may use.
#[derive(Clone, Debug)]
pub struct Wake {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    context: egui::Context,
    /// A repaint is asked for and has not begun.
    pending: AtomicBool,
    /// Nanoseconds between repaints.
    pace: AtomicU64,
}

impl Wake {
    /// Wakes `context`.
    pub fn new(context: egui::Context) -> Self {
        let pace = AtomicU64::new(nanos(FASTEST));
        Self { shared: Arc::new(Shared { context, pending: AtomicBool::new(false), pace }) }
    }

    /// Something changed: a repaint follows at the current pace.
    pub fn soon(&self) {
        if !self.shared.pending.swap(true, Ordering::AcqRel) {
            let pace = Duration::from_nanos(self.shared.pace.load(Ordering::Relaxed));
            self.shared.context.request_repaint_after(pace);
        }
    }

    /// Something is to be looked at after `wait`.
    pub fn after(&self, wait: Duration) {
        self.shared.context.request_repaint_after(wait);
    }

    /// A person waits for this: a repaint follows at once.
    pub fn now(&self) {
        self.shared.context.request_repaint();
    }

    /// Called before shared state is read, so that whatever changes after it asks for another repaint.
    pub fn awake(&self) {
        self.shared.pending.store(false, Ordering::Release);
    }

    /// Sets the pace by what the last frame cost: drawing what comes takes at most about a quarter of a core.
    pub fn frame_took(&self, took: Duration) {
        let pace = (took * 4).clamp(FASTEST, SLOWEST);
        self.shared.pace.store(nanos(pace), Ordering::Relaxed);
    }
}

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}
