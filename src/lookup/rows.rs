//! The look-ups that the window shows: pending, answered, canceled.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crossbeam_channel::{Receiver, TryRecvError, bounded};

use super::answer::{Answer, answer};
use super::pool::Pool;
use super::query::Query;
use crate::clock::Stamp;
use crate::error::OpError;

/// Rows at most; the oldest finished one leaves for a new one.
const ROWS_LIMIT: usize = 10_000;

/// A look-up that was started. Never reused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct JobId(pub u64);

/// Where a look-up is in its life.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RowState {
    /// Nothing came yet.
    Pending,
    /// It has an answer, which may be an error.
    Done(Answer),
    /// The person lost interest; what still comes is ignored.
    Canceled,
}

/// A look-up in the table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Its number.
    pub id: JobId,
    /// What is asked.
    pub query: Query,
    /// When it was asked.
    pub started: Stamp,
    /// Where it is in its life.
    pub state: RowState,
}

/// Called from a look-up's thread when there is something to [`poll`](Lookups::poll) for.
type Wake = Arc<dyn Fn() + Send + Sync>;

/// The table of look-ups. None of its functions waits for one.
pub struct Lookups {
    pool: Pool,
    wake: Wake,
    /// By number.
    rows: Vec<Row>,
    pending: Vec<Pending>,
    next: u64,
}

/// The window's end of a look-up: dropping it makes a late answer go nowhere.
struct Pending {
    id: JobId,
    answer: Receiver<Answer>,
    canceled: Arc<AtomicBool>,
}

impl fmt::Debug for Lookups {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lookups").field("rows", &self.rows).finish_non_exhaustive()
    }
}

impl Lookups {
    /// An empty table whose look-ups run on `pool`. `wake` is called from there after each answer.
    pub fn new(pool: Pool, wake: Wake) -> Self {
        Self { pool, wake, rows: Vec::new(), pending: Vec::new(), next: 1 }
    }

    /// Starts `query` as a new row, the last one.
    ///
    /// # Errors
    ///
    /// As [`Pool::run`]; then there is no row.
    pub fn start(&mut self, query: Query) -> Result<JobId, OpError> {
        self.start_with(query, answer)
    }

    /// [`start`](Self::start) with what answers as a parameter, for tests.
    fn start_with(
        &mut self,
        query: Query,
        answer: impl FnOnce(&Query) -> Answer + Send + 'static,
    ) -> Result<JobId, OpError> {
        let (answered, receiver) = bounded(1);
        let canceled = Arc::new(AtomicBool::new(false));
        let wake = Arc::clone(&self.wake);
        let job = {
            let (query, canceled) = (query.clone(), Arc::clone(&canceled));
            move || {
                // Also when the look-up panics; and `answered` is gone before, so that poll sees that nothing comes.
                let _wake = WakeAtEnd(wake);
                let answered = answered;
                if !canceled.load(Ordering::Acquire) {
                    // Whoever canceled meanwhile has dropped the receiver.
                    let _ = answered.try_send(answer(&query));
                }
            }
        };
        self.pool.run(job)?;
        let id = JobId(self.next);
        self.next += 1;
        self.pending.push(Pending { id, answer: receiver, canceled });
        self.make_room();
        self.rows.push(Row { id, query, started: Stamp::now(), state: RowState::Pending });
        Ok(id)
    }

    fn make_room(&mut self) {
        if self.rows.len() >= ROWS_LIMIT
            && let Some(oldest) = self.rows.iter().position(|row| row.state != RowState::Pending)
        {
            self.rows.remove(oldest);
        }
    }

    /// Loses interest in a pending look-up; one that is over stays as it is.
    pub fn cancel(&mut self, id: JobId) {
        if let Some(place) = self.pending.iter().position(|pending| pending.id == id) {
            let pending = self.pending.remove(place);
            self.set_canceled(&pending);
        }
    }

    /// Loses interest in all pending look-ups.
    pub fn cancel_all(&mut self) {
        for pending in std::mem::take(&mut self.pending) {
            self.set_canceled(&pending);
        }
    }

    fn set_canceled(&mut self, pending: &Pending) {
        pending.canceled.store(true, Ordering::Release);
        self.set_state(pending.id, RowState::Canceled);
    }

    /// Collects the answers that have come.
    pub fn poll(&mut self) {
        let mut finished = Vec::new();
        self.pending.retain(|pending| match pending.answer.try_recv() {
            Ok(answer) => {
                finished.push((pending.id, Some(answer)));
                false
            }
            Err(TryRecvError::Empty) => true,
            Err(TryRecvError::Disconnected) => {
                finished.push((pending.id, None));
                false
            }
        });
        for (id, answer) in finished {
            let answer = answer.or_else(|| self.row(id).map(lost));
            if let Some(answer) = answer {
                self.set_state(id, RowState::Done(answer));
            }
        }
    }

    /// All rows, the oldest first.
    pub fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// How many look-ups are pending.
    pub fn pending(&self) -> usize {
        self.pending.len()
    }

    /// Removes all rows but the pending ones.
    pub fn clear(&mut self) {
        self.rows.retain(|row| row.state == RowState::Pending);
    }

    /// The answered rows as lines of call, result and milliseconds, with a tab between them and values that belong
    /// together joined by `; `.
    pub fn table(&self) -> String {
        let mut table = String::new();
        for row in &self.rows {
            let RowState::Done(answer) = &row.state else {
                continue;
            };
            let result = match &answer.outcome {
                Ok(values) => values.join("; "),
                Err(error) => error.to_string(),
            };
            let milliseconds = answer.took.as_secs_f64() * 1000.0;
            table += &format!("{}\t{}\t{milliseconds:.3}\n", one_cell(&row.query.call()), one_cell(&result));
        }
        table
    }

    fn row(&self, id: JobId) -> Option<&Row> {
        self.rows.binary_search_by_key(&id, |row| row.id).ok().map(|place| &self.rows[place])
    }

    fn set_state(&mut self, id: JobId, state: RowState) {
        if let Ok(place) = self.rows.binary_search_by_key(&id, |row| row.id) {
            self.rows[place].state = state;
        }
    }
}

impl Drop for Lookups {
    fn drop(&mut self) {
        self.cancel_all();
    }
}

/// The answer to a look-up that panicked.
fn lost(row: &Row) -> Answer {
    let error = OpError::new("lookup", "", "the look-up ended without an answer").advise("try again");
    Answer { query: row.query.clone(), took: Stamp::now().since(row.started), outcome: Err(error) }
}

/// Text that can't end its cell or its line.
fn one_cell(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// Wakes the window when it is dropped.
struct WakeAtEnd(Wake);

impl Drop for WakeAtEnd {
    fn drop(&mut self) {
        (self.0)();
    }
}

#[cfg(test)]
mod tests;
