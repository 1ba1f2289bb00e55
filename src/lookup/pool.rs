//! The threads that wait for the system's resolver.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use crossbeam_channel::{Receiver, Sender, TrySendError, bounded};

use crate::error::OpError;

/// Threads at most: as many look-ups can hang in the resolver before one has to wait.
const THREADS: usize = 8;

/// Jobs that wait for a thread at most.
const WAITING: usize = 64;

type Job = Box<dyn FnOnce() + Send>;

/// A bounded pool of threads named `lookup-1`…`lookup-8`, started when there is work for them.
///
/// Nothing interrupts a thread that hangs in the resolver; it is abandoned when the program ends. The threads end by
/// themselves once every clone of the pool is gone and the jobs that wait are done.
#[derive(Clone)]
pub struct Pool {
    shared: Arc<Shared>,
}

struct Shared {
    queue: Sender<Job>,
    jobs: Receiver<Job>,
    /// Jobs that run or wait. Threads hold this alone, so that they never keep the queue open.
    unfinished: Arc<AtomicUsize>,
    /// How many threads there are. Its lock orders the calls of [`Pool::run`]; it is never held during a job.
    threads: Mutex<usize>,
}

impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pool").field("unfinished", &self.shared.unfinished).finish_non_exhaustive()
    }
}

impl Default for Pool {
    fn default() -> Self {
        Self::new()
    }
}

impl Pool {
    /// A pool without threads yet.
    pub fn new() -> Self {
        let (queue, jobs) = bounded(WAITING);
        let shared = Shared { queue, jobs, unfinished: Arc::default(), threads: Mutex::new(0) };
        Self { shared: Arc::new(shared) }
    }

    /// Has `job` run on one of the threads; never waits. A job that panics ends alone.
    ///
    /// # Errors
    ///
    /// With op `lookup` when all threads are busy and 64 jobs wait already, or when the system has no thread left.
    pub fn run(&self, job: impl FnOnce() + Send + 'static) -> Result<(), OpError> {
        let shared = &*self.shared;
        let mut threads = shared.threads.lock().unwrap_or_else(PoisonError::into_inner);
        if *threads < THREADS && shared.unfinished.load(Ordering::Acquire) >= *threads {
            match shared.start(*threads + 1) {
                Ok(()) => *threads += 1,
                // Fewer threads still do the work, none would leave it lying.
                Err(error) if *threads == 0 => return Err(OpError::io("lookup", "", &error)),
                Err(_) => {}
            }
        }
        shared.unfinished.fetch_add(1, Ordering::AcqRel);
        shared.queue.try_send(Box::new(job)).map_err(|error| {
            shared.unfinished.fetch_sub(1, Ordering::AcqRel);
            let message = match error {
                TrySendError::Full(_) => format!("{WAITING} look-ups are waiting already"),
                TrySendError::Disconnected(_) => "the look-up threads are gone".to_owned(),
            };
            OpError::new("lookup", "", message).advise("the name server may not answer: try again in a minute")
        })
    }
}

impl Shared {
    fn start(&self, number: usize) -> std::io::Result<()> {
        let (jobs, unfinished) = (self.jobs.clone(), Arc::clone(&self.unfinished));
        let builder = thread::Builder::new().name(format!("lookup-{number}"));
        builder.spawn(move || work(&jobs, &unfinished)).map(drop)
    }
}

fn work(jobs: &Receiver<Job>, unfinished: &AtomicUsize) {
    for job in jobs {
        // The panic has been reported by the hook; who waits for the job sees its channel closed.
        let _ = catch_unwind(AssertUnwindSafe(job));
        unfinished.fetch_sub(1, Ordering::AcqRel);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    const LIMIT: Duration = Duration::from_secs(10);

    #[test]
    fn a_job_runs_on_a_named_thread() {
        let (name_out, name) = bounded(1);
        let job = move || name_out.send(thread::current().name().map(str::to_owned)).expect("the test waits");
        Pool::new().run(job).expect("the pool is empty");
        assert_eq!(name.recv_timeout(LIMIT), Ok(Some("lookup-1".to_owned())));
    }

    #[test]
    fn a_job_that_panics_ends_alone() {
        let pool = Pool::new();
        // More panics than threads: none of them may cost a thread.
        for _ in 0..2 * THREADS {
            pool.run(|| std::panic::resume_unwind(Box::new("on purpose"))).expect("there is room");
        }
        let (done_out, done) = bounded(1);
        pool.run(move || done_out.send(()).expect("the test waits")).expect("there is room");
        assert_eq!(done.recv_timeout(LIMIT), Ok(()));
    }

    /// Fills `count` threads of `pool` with jobs that run until the returned sender is dropped.
    fn block(pool: &Pool, count: usize) -> Sender<()> {
        let (release, released) = bounded::<()>(0);
        let (started_out, started) = bounded(count);
        for _ in 0..count {
            let (released, started_out) = (released.clone(), started_out.clone());
            let job = move || {
                started_out.send(()).expect("the test waits");
                let _ = released.recv();
            };
            pool.run(job).expect("there is room");
        }
        for _ in 0..count {
            started.recv_timeout(LIMIT).expect("every blocked job has a thread of its own");
        }
        release
    }

    #[test]
    fn seven_stuck_threads_do_not_keep_the_eighth_from_work() {
        let pool = Pool::new();
        let release = block(&pool, THREADS - 1);
        let (done_out, done) = bounded(1);
        pool.run(move || done_out.send(()).expect("the test waits")).expect("there is room");
        assert_eq!(done.recv_timeout(LIMIT), Ok(()));
        drop(release);
    }

    #[test]
    fn a_full_queue_refuses_and_recovers() {
        let pool = Pool::new();
        let release = block(&pool, THREADS);
        let (done_out, done) = bounded(WAITING);
        for _ in 0..WAITING {
            let done_out = done_out.clone();
            pool.run(move || done_out.send(()).expect("the test waits")).expect("there is room");
        }
        let error = pool.run(|| {}).expect_err("the queue is full");
        assert_eq!((&*error.op, error.message.as_str()), ("lookup", "64 look-ups are waiting already"));
        assert!(done.is_empty(), "eight threads are blocked");
        drop(release);
        for _ in 0..WAITING {
            assert_eq!(done.recv_timeout(LIMIT), Ok(()));
        }
        pool.run(|| {}).expect("there is room again");
    }
}
