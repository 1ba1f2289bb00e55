use proptest::prelude::*;

use super::*;
use crate::form::{AccessForm, LimitsForm};
use crate::library::{Color, Saved, Shortcut};
use crate::payload::checksum::Checksum;
use crate::payload::{ChecksumField, Envelope, Format, LengthField, LineEnding};
use crate::responder::{self, Act, Mode, Rule, When};
use crate::sequence::{self, Expect, Step};

/// A form with sound numbers.
fn form() -> impl Strategy<Value = Form> {
    let port = prop_oneof![
        (1..=u16::MAX).prop_map(|port| port.to_string()),
        Just("http".to_owned()),
        Just(" 080".to_owned())
    ];
    let limit = prop_oneof![
        Just("10".to_owned()),
        Just("0.25".to_owned()),
        Just("1e1".to_owned()),
        Just("2.50".to_owned())
    ];
    (any::<String>(), port, limit, 0..3u8, 0..=4096u32).prop_map(|(host, port, limit, kind, backlog)| match kind {
        0 => {
            Form::Server(ServerForm { address: host, port, backlog: backlog.to_string(), ..ServerForm::default() })
        }
        // A host with an endpoint in it has a port of its own.
        1 => Form::Client(ClientForm { host: host.replace(':', ""), port, limit, ..ClientForm::default() }),
        _ => Form::Udp(UdpForm { address: host, target_port: port, ..UdpForm::default() }),
    })
}

fn message() -> impl Strategy<Value = Message> {
    let checksum =
        prop::option::of(Just(ChecksumField { kind: Checksum::default(), to: Some(9), ..Default::default() }));
    let length = prop::option::of(Just(LengthField { counts_itself: true, ..LengthField::default() }));
    let ending = prop::sample::select(LineEnding::ALL.to_vec());
    let format = prop::sample::select(Format::ALL.to_vec());
    (any::<String>(), format, any::<bool>(), checksum, length, ending).prop_map(
        |(text, format, variables, checksum, length, ending)| Message {
            text,
            format,
            variables,
            encoding: Encoding::Gbk,
            envelope: Envelope { length, checksum, ending },
        },
    )
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        message().prop_map(Act::Reply),
        (0..=responder::LONGEST_WAIT).prop_map(Act::Wait),
        Just(Act::Close),
        Just(Act::FinishSending),
        Just(Act::Abort),
        any::<u32>().prop_map(Act::Ignore),
        Just(Act::Forward),
        Just(Act::StartTls),
    ]
}

fn rule() -> impl Strategy<Value = Rule> {
    let pattern = (any::<String>(), any::<bool>()).prop_map(|(text, trim)| {
        When::Payload(responder::Pattern { test: responder::Test::Wildcard, text, trim, ..Default::default() })
    });
    let when = prop_oneof![Just(When::Connected), pattern];
    (any::<String>(), any::<bool>(), when, any::<u32>(), prop::collection::vec(act(), 0..4))
        .prop_map(|(name, on, when, limit, then)| Rule { name, on, when, limit, then })
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        message().prop_map(Step::Send),
        (0..=sequence::LONGEST).prop_map(|ms| Step::Wait { ms }),
        (any::<String>(), 0..=sequence::LONGEST).prop_map(|(text, limit)| {
            Step::Expect(Expect { test: sequence::Test::Regex, text, limit, ..Expect::default() })
        }),
        Just(Step::StartTls),
        Just(Step::Close),
    ]
}

fn library() -> impl Strategy<Value = Library> {
    let shortcut = prop::option::of(prop::sample::select(Shortcut::all().collect::<Vec<_>>()));
    let saved = (any::<String>(), message(), shortcut, any::<bool>()).prop_map(|(name, message, shortcut, bar)| {
        let target = bar.then(|| "udp://127.0.0.1:9".parse().expect("an endpoint"));
        Saved { name, message, color: Some(Color::Teal), shortcut, bar, target }
    });
    prop::collection::vec((any::<String>(), prop::collection::vec(saved, 0..3)), 0..3).prop_map(|groups| {
        let mut library = Library::default();
        for (name, messages) in groups {
            library.group(&name).expect("there is room");
            library.extend(&name, messages).expect("there is room");
        }
        library
    })
}

fn framing() -> impl Strategy<Value = Framing> {
    prop_oneof![
        Just(Framing::Chunks),
        Just(Framing::Line),
        Just(Framing::LengthPrefix(crate::framing::LengthPrefix { offset: 4, extra: -2, ..Default::default() })),
        Just(Framing::Fixed(std::num::NonZeroU32::MIN)),
        Just(Framing::Gap(std::time::Duration::from_millis(1_500))),
    ]
}

fn profile() -> impl Strategy<Value = Profile> {
    let rules = (prop::collection::vec(rule(), 0..3), framing(), any::<bool>())
        .prop_map(|(list, framing, all)| Rules { mode: if all { Mode::All } else { Mode::First }, framing, list });
    let sequence = (any::<String>(), prop::collection::vec(step(), 0..4));
    let sequence = sequence.prop_map(|(name, steps)| Sequence { name, steps });
    let schedule = (1..=MOST_RUNS, any::<bool>()).prop_map(|(times, earlier)| Schedule {
        often: Often::Times,
        times,
        pause: 5,
        earlier,
    });
    (form(), rules, library(), sequence, schedule, message(), framing()).prop_map(
        |(form, rules, messages, sequence, schedule, draft, framing)| Profile {
            form,
            switches: Switches {
                keep_open: true,
                queue_limit: "0.5".into(),
                limits: LimitsForm { idle_limit: "30".into(), reconnect: true, ..LimitsForm::default() },
                access: AccessForm { deny: "10.0.0.0/8\n::1".into(), ..AccessForm::default() },
                ..Switches::default()
            },
            rules,
            messages,
            sequence,
            schedule,
            draft,
            encoding: Encoding::Big5,
            framing,
        },
    )
}

proptest! {
    #[test]
    fn parse_and_print_are_duals(profile in profile()) {
        let text = profile.print();
        prop_assert_eq!(profile.problem(), None);
        prop_assert_eq!(Profile::parse(&text), Ok(profile), "{}", text);
    }

    #[test]
    fn a_torn_or_spoiled_file_is_no_panic(profile in profile(), at in any::<prop::sample::Index>(), put in any::<char>()) {
        let text = profile.print();
        let places: Vec<usize> = text.char_indices().map(|(place, _)| place).collect();
        let at = places[at.index(places.len())];
        let _ = Profile::parse(&text[..at]);
        let rest = text[at..].chars().skip(1).collect::<String>();
        if let Ok(read) = Profile::parse(&format!("{}{put}{rest}", &text[..at])) {
            prop_assert_eq!(Profile::parse(&read.print()), Ok(read));
        }
    }
}

/// Where an error is, and a part of what it says.
fn check(text: &str, line: usize, column: usize, part: &str) {
    let error = Profile::parse(text).expect_err(text);
    assert_eq!((error.line, error.column), (line, column), "{error}\n{text}");
    assert!(error.reason.contains(part), "{error}");
}

#[test]
fn the_least_profile_has_the_defaults() {
    let read = Profile::parse("version = 1\n[client]\nhost = \"::1\"\nport = 80\nlimit = 2.5\n");
    let form = ClientForm { host: "::1".into(), port: "80".into(), limit: "2.5".into(), ..ClientForm::default() };
    assert_eq!(read, Ok(Profile::new(Form::Client(form))));
    for empty in [Profile::server(), Profile::client("a", 1), Profile::udp()] {
        assert_eq!(Profile::parse(&empty.print()), Ok(empty));
    }
}

#[test]
fn numbers_stand_as_numbers() {
    let text = Profile::client("127.0.0.1", 8_080).print();
    assert!(text.contains("port = 8080\n") && text.contains("limit = 10\n"), "{text}");
    assert!(text.contains("queue_limit = 16\n"), "{text}");
}

#[test]
fn what_is_no_profile_says_so() {
    check("", 1, 1, "version = 1");
    check("version = 1\n", 1, 1, "[server], [client] and [udp]");
    check("version = 2\n", 1, 11, "newer Sockscope");
    check("version = \"1\"\n", 1, 11, "version 1");
    check("version = 1\n[client]\n[udp]\n", 3, 2, "[client] already");
    check("version = 1\n[client\n", 2, 8, "]");
    check("version = 1\nversion = 1\n", 2, 1, "duplicate");
}

#[cfg(unix)]
#[test]
fn what_is_wrong_with_a_unix_socket_is_found() {
    check("version = 1\n[server]\nkind = \"unix-dgram\"\n", 3, 8, "unix-dgram is no kind of this tab");
    check("version = 1\n[udp]\nport = 1\nkind = \"unix\"\n", 4, 8, "unix is no kind of this tab");
    check("version = 1\n[server]\n[switches]\n[switches.unix]\nmode = \"888\"\n", 5, 8, "octal");
    let long = format!("version = 1\n[server]\nkind = \"unix\"\npath = \"@{}\"\n", "x".repeat(108));
    check(&long, 4, 8, "108 bytes");
    let read = Profile::parse("version = 1\n[server]\nkind = \"unix\"\npath = \"/run/x\"\n").expect("a profile");
    assert_eq!(Profile::parse(&read.print()), Ok(read));
}

#[test]
fn an_unknown_key_is_found_wherever_it_is() {
    check("version = 1\ncolour = 3\n[server]\n", 2, 1, "\"colour\" is not known");
    check("version = 1\n[server]\n  hots = \"x\"\n", 3, 3, "there are address");
    check("version = 1\n[server]\n[switches]\nkeep-open = true\n", 4, 1, "is \"keep_open\" meant?");
    // What is for one session only has no place in a file.
    check("version = 1\n[client]\n[switches.tls]\nno_verify = true\n", 4, 1, "no_verify");
    check("version = 1\n[client]\n[switches.tls]\nmin = \"1.1\"\n", 4, 7, "1.1");
    check("version = 1\n[server]\n[draft]\ntext = \"x\"\nendings = \"lf\"\n", 5, 1, "is \"ending\" meant?");
    check(
        "version = 1\n[server]\n[sequence]\nsteps = [{ do = \"wait\", ms = 1, bogus = 3 }]\n",
        4,
        33,
        "\"bogus\"",
    );
    let rule =
        "version = 1\n[server]\n[[rules.list]]\nthen = [\"close\"]\n[[rules.list]]\nwhen.payload.texts = \"é\"\n";
    check(rule, 6, 14, "\"texts\"");
    check("version = 1\n[udp]\n[[group]]\nname = \"a\"\n[[group.message]]\nnam = \"é\"\n", 6, 1, "\"nam\"");
}

#[test]
fn a_wrong_type_is_found_wherever_it_is() {
    check("version = 1\n[server]\nport = true\n", 3, 8, "port: this is to be a number or a text");
    check("version = 1\nclient = 3\n", 2, 10, "client: invalid type");
    check("version = 1\n[server]\n[switches]\nonce = \"yes\"\n", 4, 8, "once: invalid type");
    check("version = 1\n[server]\n[draft]\nencoding = \"utf-9\"\n", 4, 12, "encoding: unknown variant");
    let text = "version = 1\n[server]\n[[rules.list]]\n[[rules.list]]\nwhen.payload.trim = 1\n";
    check(text, 5, 21, "trim: invalid type");
    let text = "version = 1\n[server]\n[[sequence.steps]]\ndo = \"expect\"\ntext = \"a\"\nlimit = \"long\"\n";
    check(text, 6, 9, "limit: invalid type");
    let text = "version = 1\n[server]\n[[sequence.steps]]\ndo = \"send\"\ntext = \"a\"\n[[sequence.steps]]\ntext = \"b\"\n";
    check(text, 6, 1, "missing field `do`");
}

#[test]
fn a_number_out_of_its_range_is_found_wherever_it_is() {
    check("version = 1\n[server]\nport = 65536\n", 3, 8, "65536 is too large");
    check("version = 1\n[server]\nport = -1\n", 3, 8, "-1 is not a port");
    check("version = 1\n[server]\nbacklog = 5000\n", 3, 11, "0 to 4096");
    check("version = 1\n[client]\nport = 0\n", 3, 8, "1 to 65535");
    check("version = 1\n[client]\nlimit = 0.0\n", 3, 9, "0.001 to 3600");
    check("version = 1\n[client]\nlimit = nan\n", 3, 9, "0.001 to 3600");
    check("version = 1\n[udp]\nreceive_buffer = 0\n", 3, 18, "1 to 1048576");
    check("version = 1\n[udp]\n[switches.multicast]\nttl = 256\n", 4, 7, "from 0 to 255");
    let group =
        "version = 1\n[udp]\n[switches.multicast]\ngroups = [{ group = \"239.1.2.3\" }, { group = \"1.2.3.4\" }]\n";
    check(group, 4, 36, "1.2.3.4 is not a multicast address");
    check("version = 1\n[udp]\n[switches.ip]\nfamily = \"v5\"\n", 4, 10, "unknown variant");
    check("version = 1\n[udp]\n[switches]\nqueue_limit = 99999999999999999999\n", 4, 15, "too large");
    check("version = 1\n[server]\n[switches.limits]\nidle_limit = 0\n", 4, 14, "0.001 to 86400");
    check("version = 1\n[server]\n[switches.limits]\nconnections = 20001\n", 4, 15, "1 to 20000");
    check("version = 1\n[server]\n[switches]\nlimits.read_size = \"2 MiB\"\n", 4, 20, "1 to 1048576");
    check("version = 1\n[server]\n[switches.access]\nallow = \"10.0.0.0/33\"\n", 4, 9, "from 0 to 32");
    check("version = 1\n[server]\n[switches.limits]\nidle = 3\n", 4, 1, "idle");
    let text = "version = 1\n[server]\n[switches.socket_options]\nSO_RCVBUF = 65536\nTCP_NODELAY = \"perhaps\"\n";
    check(text, 5, 15, "switches socket_options TCP_NODELAY: TCP_NODELAY is on or off, not \"perhaps\"");
    let text = "version = 1\n[udp]\n[switches.socket_options]\nTCP_NODELAY = true\n";
    check(text, 4, 15, "it is an option of TCP, and this is not a TCP socket");
    let text = "version = 1\n[udp]\n[switches.socket_options]\nSO_RCVBUF = 0\n";
    check(text, 4, 13, "SO_RCVBUF is 1 to 1073741824 bytes, not \"0\"");
    check("version = 1\n[udp]\n[switches.socket_options]\nSO_RCVBUFF = 1\n", 4, 14, "there is no socket option");
    check("version = 1\n[udp]\n[run]\ntimes = 0\n", 4, 9, "1 to 1000000");
    check("version = 1\n[udp]\n[run]\npause = -5\n", 4, 9, "a whole number from 0");
    let text = "version = 1\n[udp]\n[[rules.list]]\nthen = [\"close\", { wait = 3600001 }]\n";
    check(text, 4, 27, "at most 3600000 ms");
    let text = "version = 1\n[udp]\n[[sequence.steps]]\ndo = \"wait\"\nms = 86400001\n";
    check(text, 5, 6, "at most 86400000 ms");
    check("version = 1\n[udp]\n[rules]\nframing.fixed = 1048577\n", 4, 17, "at most 1048576 bytes");
    check("version = 1\n[udp]\n[log]\nframing.length-prefix.offset = 65\n", 4, 32, "at most 64 bytes");
}

#[test]
fn a_large_file_is_refused() {
    let text = format!("version = 1\n[server]\n# {}", "x".repeat(LARGEST_FILE));
    check(&text, 1, 1, "at most 16 MiB");
}

#[test]
fn a_large_file_with_one_wrong_value_is_told_soon() {
    let message = "[[group.message]]\nname = \"x\"\ntext = \"y\"\n".repeat(5_000);
    let text = format!("version = 1\n[server]\n[[group]]\nname = \"a\"\n{message}bar = 4\n");
    check(&text, 15_005, 7, "bar: invalid type");
}

#[test]
fn what_is_saved_is_loaded() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("mail.toml");
    let profile = Profile::client("mail.example.org", 25);
    save(&path, &profile).expect("it is saved");
    assert_eq!(load(&path), Ok(profile));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(&path).expect("it is there").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    std::fs::write(&path, b"version = 1\n\xff").expect("written");
    assert!(load(&path).expect_err("no UTF-8").to_string().contains("line 2"));
    assert!(load(folder.path()).expect_err("a folder").to_string().contains("no file"));
    let none = load(&folder.path().join("none.toml")).expect_err("it is not there");
    assert!(none.is("ENOENT"), "{none}");
}

#[test]
fn a_profile_that_could_not_be_opened_is_not_saved() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("a.toml");
    save(&path, &Profile::server()).expect("it is saved");
    let wrong = Profile::new(Form::Server(ServerForm { port: "65536".into(), ..ServerForm::default() }));
    let error = save(&path, &wrong).expect_err("the port is too large");
    assert!(error.to_string().contains("server port: 65536 is too large"), "{error}");
    assert_eq!(load(&path), Ok(Profile::server()));
    assert_eq!(std::fs::read_dir(folder.path()).expect("it is there").count(), 1);
    let nowhere = save(&folder.path().join("no/such/a.toml"), &Profile::server()).expect_err("no such folder");
    assert!(nowhere.is("ENOENT"), "{nowhere}");
}
