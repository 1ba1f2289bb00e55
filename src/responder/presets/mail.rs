//! The protocols of mail: one message can be handed in, and one be fetched.

use super::{Group, Over, Preset, anything, command, connected, lines, reply};
use crate::responder::{Act, Rules};

pub(super) const ALL: &[Preset] = &[
    Preset::new("SMTP", Group::Protocols, Over::Tcp, "Takes every message and forgets it (RFC 5321)", smtp),
    Preset::new("POP3", Group::Protocols, Over::Tcp, "One message for every name (RFC 1939)", pop3),
    Preset::new("IMAP4", Group::Protocols, Over::Tcp, "One message in INBOX for every name (RFC 3501)", imap),
];

/// The message that can be fetched.
const MESSAGE: &str =
    r"From: test@example.org\r\nTo: you@example.org\r\nSubject: A test\r\n\r\nHello from Sockscope\r\n";

/// Its size in bytes, as the protocols announce it.
const MESSAGE_SIZE: &str = "86";

/// Lines of a message must not be answered, so there is no rule for anything else.
fn smtp() -> Rules {
    lines([
        connected("Greeting", [reply(r"220 Sockscope ESMTP\r\n")]),
        command("EHLO", "^(EHLO|HELO) ", [reply(r"250 Sockscope\r\n")]),
        command("MAIL", "^MAIL FROM:", [reply(r"250 Sender ok\r\n")]),
        command("RCPT", "^RCPT TO:", [reply(r"250 Recipient ok\r\n")]),
        command("DATA", "^DATA$", [reply(r"354 End with a line that is only a dot\r\n")]),
        command("End of the message", "^[.]$", [reply(r"250 Taken\r\n")]),
        command("RSET", "^(RSET|NOOP)$", [reply(r"250 Done\r\n")]),
        command("QUIT", "^QUIT$", [reply(r"221 Goodbye\r\n"), Act::Close]),
    ])
}

fn pop3() -> Rules {
    let retrieved = format!(r"+OK {MESSAGE_SIZE} octets\r\n{MESSAGE}.\r\n");
    lines([
        connected("Greeting", [reply(r"+OK Sockscope POP3\r\n")]),
        command("CAPA", "^CAPA$", [reply(r"+OK\r\nUSER\r\nUIDL\r\n.\r\n")]),
        command("USER", "^USER ", [reply(r"+OK Any password will do\r\n")]),
        command("PASS", "^PASS ", [reply(r"+OK Logged in\r\n")]),
        command("STAT", "^STAT$", [reply(&format!(r"+OK 1 {MESSAGE_SIZE}\r\n"))]),
        command("LIST", "^LIST$", [reply(&format!(r"+OK 1 message\r\n1 {MESSAGE_SIZE}\r\n.\r\n"))]),
        command("LIST 1", "^LIST 1$", [reply(&format!(r"+OK 1 {MESSAGE_SIZE}\r\n"))]),
        command("UIDL", "^UIDL$", [reply(r"+OK\r\n1 sockscope-1\r\n.\r\n")]),
        command("UIDL 1", "^UIDL 1$", [reply(r"+OK 1 sockscope-1\r\n")]),
        command("RETR 1", "^(RETR 1|TOP 1 [0-9]+)$", [reply(&retrieved)]),
        command("DELE 1", "^DELE 1$", [reply(r"+OK Deleted\r\n")]),
        command("NOOP", "^(NOOP|RSET)$", [reply(r"+OK\r\n")]),
        command("QUIT", "^QUIT$", [reply(r"+OK Goodbye\r\n"), Act::Close]),
        anything("Anything else", [reply(r"-ERR Unknown command or message\r\n")]),
    ])
}

/// Each answer ends with the tag of its command (RFC 3501 §2.2.1).
fn imap() -> Rules {
    let inbox = r"* 1 EXISTS\r\n* 0 RECENT\r\n* FLAGS (\\Seen)\r\n* OK [UIDVALIDITY 1] Valid\r\n* OK [UIDNEXT 2] Next\r\n{1} OK [READ-ONLY] Selected\r\n";
    let fetched = format!(r"{{{{{MESSAGE_SIZE}}}\r\n{MESSAGE})\r\n{{1}} OK Fetched\r\n");
    let parts = r"(?:(BODY)(?:[.]PEEK)?(\[\])|(RFC822))";
    lines([
        connected("Greeting", [reply(r"* OK Sockscope IMAP4rev1\r\n")]),
        command("CAPABILITY", r"^(\S+) CAPABILITY$", [reply(r"* CAPABILITY IMAP4rev1\r\n{1} OK Done\r\n")]),
        command("LOGIN", r"^(\S+) LOGIN ", [reply(r"{1} OK Logged in\r\n")]),
        command("LIST", r"^(\S+) LIST ", [reply(r#"* LIST () "/" INBOX\r\n{1} OK Listed\r\n"#)]),
        command("SELECT", r#"^(\S+) (?:SELECT|EXAMINE) "?INBOX"?$"#, [reply(inbox)]),
        command("SEARCH", r"^(\S+) (?:UID )?SEARCH ", [reply(r"* SEARCH 1\r\n{1} OK Found\r\n")]),
        command(
            "FETCH",
            &format!(r"^(\S+) FETCH 1 \(?{parts}\)?$"),
            [reply(&format!("* 1 FETCH ({{2}}{{3}}{{4}} {fetched}"))],
        ),
        command(
            "UID FETCH",
            &format!(r"^(\S+) UID FETCH 1 \(?{parts}\)?$"),
            [reply(&format!("* 1 FETCH (UID 1 {{2}}{{3}}{{4}} {fetched}"))],
        ),
        command("NOOP", r"^(\S+) (?:NOOP|CLOSE|CHECK)$", [reply(r"{1} OK Done\r\n")]),
        command("LOGOUT", r"^(\S+) LOGOUT$", [reply(r"* BYE Goodbye\r\n{1} OK Done\r\n"), Act::Close]),
        command("Anything else", r"^(\S+)", [reply(r"{1} BAD Unknown command\r\n")]),
    ])
}
