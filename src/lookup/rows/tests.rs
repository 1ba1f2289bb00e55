//! The table of look-ups with answers that come when a test wants them to.

use std::time::Duration;

use crossbeam_channel::Sender;

use super::*;

const LIMIT: Duration = Duration::from_secs(10);

/// A table, and a channel on which its wake-ups arrive.
fn table() -> (Lookups, Receiver<()>) {
    let (woken, wakes) = bounded(1024);
    let wake = Arc::new(move || {
        let _ = woken.try_send(());
    });
    (Lookups::new(Pool::new(), wake), wakes)
}

fn query() -> Query {
    Query::ProtocolByName("udp".to_owned())
}

fn answer_with(value: &str) -> Answer {
    Answer { query: query(), took: Duration::from_micros(1500), outcome: Ok(vec![value.to_owned()]) }
}

/// Starts a look-up that is answered when the returned channel says so.
fn start_slow(lookups: &mut Lookups) -> (JobId, Sender<&'static str>) {
    let (answer, wanted) = bounded(1);
    let slow = move |_: &Query| answer_with(wanted.recv().unwrap_or("abandoned"));
    (lookups.start_with(query(), slow).expect("there is room"), answer)
}

#[test]
fn a_look_up_is_pending_and_then_done() {
    let (mut lookups, wakes) = table();
    let (id, answer) = start_slow(&mut lookups);
    lookups.poll();
    assert_eq!((lookups.rows()[0].id, &lookups.rows()[0].state), (id, &RowState::Pending));
    answer.send("17").expect("the job waits");
    wakes.recv_timeout(LIMIT).expect("an answer wakes the window");
    lookups.poll();
    assert_eq!(lookups.rows()[0].state, RowState::Done(answer_with("17")));
    assert_eq!(lookups.pending(), 0);
}

#[test]
fn start_asks_the_tables_of_this_machine() {
    let (mut lookups, wakes) = table();
    lookups.start(query()).expect("there is room");
    wakes.recv_timeout(LIMIT).expect("an answer wakes the window");
    lookups.poll();
    let RowState::Done(answer) = &lookups.rows()[0].state else {
        panic!("{:?}", lookups.rows());
    };
    assert_eq!(answer.outcome, Ok(vec!["17".to_owned()]));
}

#[test]
fn a_late_answer_to_a_canceled_look_up_is_ignored() {
    let (mut lookups, wakes) = table();
    let (id, answer) = start_slow(&mut lookups);
    lookups.cancel(id);
    assert_eq!(lookups.rows()[0].state, RowState::Canceled);
    // The job has perhaps not begun, and then never will.
    let _ = answer.send("late");
    wakes.recv_timeout(LIMIT).expect("its thread is free again");
    lookups.poll();
    assert_eq!(lookups.rows()[0].state, RowState::Canceled);
    lookups.cancel(id);
    lookups.cancel(JobId(99));
    assert_eq!(lookups.rows().len(), 1);
}

#[test]
fn a_finished_look_up_is_not_canceled() {
    let (mut lookups, wakes) = table();
    let (id, answer) = start_slow(&mut lookups);
    answer.send("17").expect("the job waits");
    wakes.recv_timeout(LIMIT).expect("an answer wakes the window");
    lookups.poll();
    lookups.cancel(id);
    lookups.cancel_all();
    assert_eq!(lookups.rows()[0].state, RowState::Done(answer_with("17")));
}

#[test]
fn a_canceled_look_up_that_waits_for_a_thread_never_runs() {
    let (mut lookups, wakes) = table();
    let slow: Vec<_> = (0..8).map(|_| start_slow(&mut lookups)).collect();
    let (ran_out, ran) = bounded(1);
    let waiting = lookups.start_with(query(), move |_| {
        let _ = ran_out.send(());
        answer_with("ran")
    });
    lookups.cancel(waiting.expect("there is room"));
    drop(slow);
    for _ in 0..9 {
        wakes.recv_timeout(LIMIT).expect("each job ends");
    }
    assert!(ran.try_recv().is_err());
    lookups.poll();
    assert_eq!(lookups.rows()[8].state, RowState::Canceled);
    assert_eq!(lookups.rows()[0].state, RowState::Done(answer_with("abandoned")));
}

#[test]
fn a_look_up_that_panics_is_an_error() {
    let (mut lookups, wakes) = table();
    let panics = |_: &Query| -> Answer { std::panic::resume_unwind(Box::new("on purpose")) };
    lookups.start_with(query(), panics).expect("there is room");
    wakes.recv_timeout(LIMIT).expect("a panic wakes the window too");
    lookups.poll();
    let RowState::Done(Answer { outcome: Err(error), .. }) = &lookups.rows()[0].state else {
        panic!("{:?}", lookups.rows());
    };
    assert_eq!(error.to_string(), "lookup: the look-up ended without an answer: try again");
}

#[test]
fn a_full_queue_makes_no_row() {
    let (mut lookups, wakes) = table();
    // The first eight have a thread each before the queue is filled.
    let (begun_out, begun) = bounded(8);
    let (release, released) = bounded::<()>(0);
    for _ in 0..8 {
        let (begun_out, released) = (begun_out.clone(), released.clone());
        let slow = move |_: &Query| {
            begun_out.send(()).expect("the test waits");
            let _ = released.recv();
            answer_with("17")
        };
        lookups.start_with(query(), slow).expect("there is room");
    }
    for _ in 0..8 {
        begun.recv_timeout(LIMIT).expect("each has a thread");
    }
    for _ in 0..64 {
        lookups.start_with(query(), |_| answer_with("17")).expect("there is room");
    }
    assert!(lookups.start(query()).is_err());
    assert_eq!((lookups.rows().len(), lookups.pending()), (72, 72));
    lookups.cancel_all();
    assert_eq!(lookups.pending(), 0);
    assert!(lookups.rows().iter().all(|row| row.state == RowState::Canceled));
    drop(release);
    for _ in 0..72 {
        wakes.recv_timeout(LIMIT).expect("each job ends");
    }
    assert!(wakes.is_empty(), "the one that was refused wakes nobody");
    lookups.start(query()).expect("there is room again");
}

#[test]
fn clearing_keeps_what_is_pending() {
    let (mut lookups, _wakes) = table();
    let (first, _held) = start_slow(&mut lookups);
    let (second, _held) = start_slow(&mut lookups);
    lookups.cancel(first);
    lookups.clear();
    assert_eq!(lookups.rows().iter().map(|row| row.id).collect::<Vec<_>>(), [second]);
}

/// A table with `states` as rows, without threads.
fn table_of(states: impl IntoIterator<Item = RowState>) -> Lookups {
    let (mut lookups, _) = table();
    for state in states {
        lookups.make_room();
        let id = JobId(lookups.next);
        lookups.next += 1;
        lookups.rows.push(Row { id, query: query(), started: Stamp::default(), state });
    }
    lookups
}

#[test]
fn the_oldest_finished_row_leaves_for_a_new_one() {
    let states = std::iter::once(RowState::Pending).chain(std::iter::repeat_n(RowState::Canceled, ROWS_LIMIT + 5));
    let lookups = table_of(states);
    assert_eq!(lookups.rows().len(), ROWS_LIMIT);
    assert_eq!(lookups.rows()[0].id, JobId(1), "pending rows stay");
    assert_eq!(lookups.rows()[1].id, JobId(8));
}

#[test]
fn the_table_has_a_line_for_each_answer() {
    let error = OpError::new("resolve", "x\ty", "no such host\n");
    let several = Answer { outcome: Ok(vec!["a".into(), "b".into()]), ..answer_with("") };
    let failed = Answer { outcome: Err(error), ..answer_with("") };
    let lookups = table_of([
        RowState::Done(answer_with("17")),
        RowState::Pending,
        RowState::Done(several),
        RowState::Canceled,
        RowState::Done(failed),
    ]);
    let call = "getprotobyname(\"udp\")";
    let expected = format!("{call}\t17\t1.500\n{call}\ta; b\t1.500\n{call}\tresolve x y: no such host \t1.500\n");
    assert_eq!(lookups.table(), expected);
}
