//! Presets by their names as they are written on a command line: `hello-client-once` is `Hello client, once`.

use super::status::Failure;
use crate::library::Saved;
use crate::library::presets as protocols;
use crate::responder::presets::{self as servers, typed_name};

/// The rules of this name.
///
/// # Errors
///
/// An unknown name, or one of the other protocol, with all that there are.
pub(super) fn rules(name: &str, udp: bool) -> Result<&'static servers::Preset, Failure> {
    let over = |preset: &&servers::Preset| preset.over.works(udp);
    let found = servers::presets().filter(over).find(|preset| is_named(preset.name, name));
    found.ok_or_else(|| {
        let names = servers::presets().filter(over).map(|preset| typed_name(preset.name));
        let over = if udp { "UDP" } else { "TCP" };
        Failure::usage(format_args!("--preset: there is no {name:?} over {over}; there are {}", list(names)))
    })
}

/// The protocol of this name.
///
/// # Errors
///
/// An unknown name, with all that there are.
pub(super) fn protocol(name: &str) -> Result<&'static protocols::Preset, Failure> {
    protocols::ALL.iter().find(|preset| is_named(preset.name, name)).ok_or_else(|| {
        let names = protocols::ALL.iter().map(|preset| typed_name(preset.name));
        Failure::usage(format_args!("--preset: there is no {name:?}; there are {}", list(names)))
    })
}

/// The line of this name.
///
/// # Errors
///
/// An unknown name, with all that there are.
pub(super) fn line(preset: &protocols::Preset, name: &str) -> Result<Saved, Failure> {
    let lines = preset.messages();
    lines.iter().find(|line| is_named(&line.name, name)).cloned().ok_or_else(|| {
        let names = lines.iter().map(|line| format!("{:?}", line.name));
        Failure::usage(format_args!("--line: {} has no {name:?}; there are {}", preset.name, list(names)))
    })
}

fn is_named(name: &str, typed: &str) -> bool {
    name.eq_ignore_ascii_case(typed) || typed_name(name) == typed_name(typed)
}

fn list(names: impl Iterator<Item = String>) -> String {
    names.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_can_be_typed() {
        let found = |name: &str, udp| rules(name, udp).map(|preset| preset.name).map_err(|failure| failure.reason);
        assert_eq!(found("hello-client-once", false), Ok("Hello client, once"));
        assert_eq!(found("ECHO", true), Ok("Echo"));
        assert_eq!(found("chat-q-isnt-answered", true), Ok("Chat, q isn't answered"));
        assert!(found("chat-q-isnt-answered", false).is_err_and(|reason| reason.contains("welcome-then-close")));
        assert_eq!(protocol("smtp").expect("there is one").name, "SMTP");
        assert!(protocol("gophers").is_err());
        assert_eq!(line(protocol("http").expect("there is one"), "get-/").expect("there is one").name, "GET /");
    }

    #[test]
    fn every_preset_has_a_name_of_its_own() {
        for udp in [false, true] {
            let names = servers::presets().filter(|preset| preset.over.works(udp));
            let mut names: Vec<_> = names.map(|preset| typed_name(preset.name)).collect();
            let all = names.len();
            names.sort();
            names.dedup();
            assert_eq!(names.len(), all);
        }
    }
}
