use proptest::prelude::*;

use super::*;
use crate::payload::{Encoding, Format, LineEnding};

fn message() -> impl Strategy<Value = Message> {
    let text = prop_oneof!["\\PC{0,20}", Just("a\r\nb\t\"'\\,;=\u{0}".to_owned()), Just("=1+2".to_owned())];
    let hex = prop::collection::vec(any::<u8>(), 0..12).prop_map(|bytes| crate::payload::hex(&bytes));
    let written = prop_oneof![
        text.prop_map(|text| (text, Format::Text)),
        hex.prop_map(|text| (text, Format::Hex)),
        Just((r"\r\n\x00".to_owned(), Format::Escaped)),
    ];
    let ending = prop::sample::select(LineEnding::ALL.to_vec());
    (written, ending).prop_map(|((text, format), ending)| {
        let mut message = Message { text, format, encoding: Encoding::Utf8, ..Message::default() };
        message.envelope.ending = ending;
        message
    })
}

fn saved() -> impl Strategy<Value = Saved> {
    let color = prop::option::of(prop::sample::select(Color::ALL.to_vec()));
    let target = prop::option::of(prop::sample::select(vec!["tcp://127.0.0.1:80", "udp://[::1]:ntp"]));
    ("\\PC{0,12}", message(), color, any::<bool>(), target).prop_map(|(name, message, color, bar, target)| Saved {
        name: clean_name(&name),
        message,
        color,
        shortcut: None,
        bar,
        target: target.and_then(|target| target.parse().ok()),
    })
}

/// Any small library.
pub(super) fn library() -> impl Strategy<Value = Library> {
    let group = ("[a-z]{1,4}", prop::collection::vec(saved(), 0..4));
    (prop::collection::vec(group, 0..4), any::<bool>()).prop_map(|(groups, key)| {
        let mut library = Library::default();
        for (name, messages) in groups {
            library.group(&name).expect("there is room");
            for saved in messages {
                library.add(&name, saved).expect("there is room");
            }
        }
        if let Some(first) = library.get_mut(Place { group: 0, message: 0 }).filter(|_| key) {
            first.shortcut = Some(Shortcut::Function(5));
        }
        library
    })
}

fn named(name: &str) -> Saved {
    let message = Message { text: format!("text of {name}"), ..Message::default() };
    Saved { name: name.to_owned(), message, ..Saved::default() }
}

fn sample() -> Library {
    let mut library = Library::default();
    for (group, name) in [("a", "one"), ("a", "two"), ("a", "three"), ("b", "four")] {
        library.add(group, named(name)).expect("there is room");
    }
    library
}

fn check(library: &Library, expected: &str) {
    let groups: Vec<String> = library
        .groups()
        .iter()
        .map(|group| {
            let names: Vec<&str> = group.messages.iter().map(|saved| saved.name.as_str()).collect();
            format!("{}: {}", group.name, names.join(" "))
        })
        .collect();
    assert_eq!(groups.join(", "), expected);
}

fn place(group: usize, message: usize) -> Place {
    Place { group, message }
}

#[test]
fn messages_are_moved_copied_and_renamed() {
    let mut library = sample();
    library.shift(place(0, 0), false);
    library.shift(place(0, 0), true);
    library.shift(place(0, 2), false);
    check(&library, "a: two one three, b: four");
    library.move_to(place(0, 1), 1);
    library.duplicate(place(1, 0)).expect("there is room");
    check(&library, "a: two three, b: four four (copy) one");
    library.shift_group(0, false);
    assert!(!library.rename_group(0, "a"), "there is one of that name");
    assert!(!library.rename_group(0, " \n"), "a name is needed");
    assert!(library.rename_group(0, " c\n"));
    check(&library, "c: four four (copy) one, a: two three");
    // Nothing happens where there is nothing.
    library.shift(place(9, 9), true);
    library.move_to(place(0, 9), 1);
    library.duplicate(place(0, 9)).expect("nothing to do");
    assert!(library.remove(place(0, 3)).is_none() && library.remove_group(2).is_none());
    check(&library, "c: four four (copy) one, a: two three");
}

#[test]
fn what_was_removed_comes_back_where_it_was() {
    let mut library = sample();
    let whole = library.clone();
    for message in 0..3 {
        let removed = library.remove(place(0, message)).expect("it is there");
        library.restore(removed).expect("there is room");
        assert_eq!(library, whole);
    }
    for group in 0..2 {
        let removed = library.remove_group(group).expect("it is there");
        library.restore(removed).expect("there is room");
        assert_eq!(library, whole);
    }
}

#[test]
fn search_finds_names_groups_and_texts() {
    let library = sample();
    assert_eq!(library.search(" "), library.iter().map(|(place, _)| place).collect::<Vec<_>>());
    assert_eq!(library.search("TWO"), [place(0, 1)]);
    assert_eq!(library.search("text of four"), [place(1, 0)]);
    assert_eq!(library.search("b").len(), 1);
    assert!(library.search("none").is_empty());
}

#[test]
fn what_there_is_no_room_for_is_told() {
    let mut library = sample();
    let long =
        Saved { message: Message { text: "x".repeat(LONGEST_TEXT + 1), ..Message::default() }, ..named("long") };
    assert_eq!(library.add("a", long), Err(Full::Text));
    library.get_mut(place(0, 0)).expect("it is there").shortcut = Some(Shortcut::Digit(1));
    let mut messages: Vec<Saved> = (0..MOST_MESSAGES).map(|n| named(&n.to_string())).collect();
    messages[0].shortcut = Some(Shortcut::Digit(1));
    messages.iter_mut().take(MOST_BUTTONS + 1).for_each(|saved| saved.bar = true);
    let mut import = Import::default();
    import.groups.push(Group { name: "many".into(), messages });
    assert_eq!(library.take_in(&mut import), MOST_MESSAGES - 4);
    assert_eq!(import.bad.count, 4);
    let remarks: Vec<String> = import.remarks.list.iter().map(ToString::to_string).collect();
    assert_eq!(remarks.len(), 2, "{remarks:?}");
    assert!(remarks[0].contains("Ctrl+1 is taken") && remarks[1].contains("100 already"), "{remarks:?}");
}
