//! Bytes and nothing else, and all of them.

use super::*;

/// What a `.bin` holds, or why there is none.
fn raw(snapshot: &Snapshot, conn: Option<u32>, direction: Direction) -> Result<Vec<u8>, String> {
    let mut out = Vec::new();
    let format = FileFormat::Raw { conn: conn.map(ConnId), direction };
    match write(format, &mut out, &header(Role::Listener), snapshot, &mut |_| ControlFlow::Continue(())) {
        Ok(()) => Ok(out),
        Err(Halt::Io(error)) => Err(error.to_string()),
        Err(Halt::Canceled) => panic!("nobody canceled"),
    }
}

fn opened(writer: &mut Writer, port: u16) -> ConnId {
    writer.open(Detail::Note("opened".to_owned()), addr(port), addr(1), State::Connected)
}

#[test]
fn one_direction_of_one_connection_and_nothing_else() {
    let (journal, mut writer) = journal();
    let (first, second) = (opened(&mut writer, 9), opened(&mut writer, 10));
    receive(&mut writer, first, b"one\0", false);
    writer.sent(second, b"out");
    receive(&mut writer, first, b"\xfftwo", false);
    writer.publish(true);
    let snapshot = journal.snapshot();
    assert_eq!(raw(&snapshot, None, Direction::Received), Ok(b"one\0\xfftwo".to_vec()));
    assert_eq!(raw(&snapshot, None, Direction::Sent), Ok(b"out".to_vec()));
    assert_eq!(raw(&snapshot, Some(1), Direction::Sent), Ok(Vec::new()));

    receive(&mut writer, second, b"!", false);
    writer.publish(true);
    let snapshot = journal.snapshot();
    assert_eq!(raw(&snapshot, Some(1), Direction::Received), Ok(b"one\0\xfftwo".to_vec()));
    assert_eq!(raw(&snapshot, Some(2), Direction::Received), Ok(b"!".to_vec()));
    let error = raw(&snapshot, None, Direction::Received).expect_err("two of them");
    assert!(error.contains("127.0.0.1:9 and 127.0.0.1:10") && error.contains("choose one"), "{error}");
}

#[test]
fn what_can_not_be_whole_is_refused() {
    let (journal, mut writer) = journal();
    let conn = opened(&mut writer, 9);
    receive(&mut writer, conn, b"lost", false);
    writer.sent(conn, b"whole");
    writer.publish(true);
    journal.clear();
    receive(&mut writer, conn, b"kept", false);
    writer.publish(true);
    let snapshot = journal.snapshot();
    for chosen in [None, Some(1)] {
        let error = raw(&snapshot, chosen, Direction::Received).expect_err("some is missing");
        assert!(error.starts_with("4 of the bytes received are no longer in the log"), "{error}");
        assert!(raw(&snapshot, chosen, Direction::Sent).is_err(), "all of it is missing");
    }
}
