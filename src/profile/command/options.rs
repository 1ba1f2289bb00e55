//! Socket options in the words of other tools.

use crate::engine::{OptionValue, Setting, SocketOption};
use crate::form::setting;
use crate::profile::Profile;

/// What is to be set on the sockets of a profile, as far as it can be.
pub(super) fn settings(profile: &Profile) -> Vec<Setting> {
    let options = &profile.switches.socket_options;
    let kind = profile.form.socket_kind(options);
    options.typed().filter_map(|(option, text)| setting(option, text, kind, false).ok()).collect()
}

/// The options of a socat address, and a remark on those that it does not have.
pub(super) fn socat(settings: &[Setting]) -> (String, Option<String>) {
    split(settings, |it| {
        use SocketOption as O;
        let lacks = matches!(
            it.option,
            O::UserTimeout
                | O::FastOpen
                | O::MulticastInterface
                | O::MulticastHopsV6
                | O::MulticastLoopV6
                | O::MulticastInterfaceV6
        );
        let value = match &it.value {
            OptionValue::Interface(Some(name)) => name.clone(),
            value => number(value)?,
        };
        (!lacks).then(|| format!(",{}={value}", it.option.name().to_lowercase().replace('_', "-")))
    })
}

/// Statements of Python that set them on `socket`, and a remark on those that take more than one.
pub(super) fn python(settings: &[Setting], socket: &str) -> (String, Option<String>) {
    split(settings, |it| {
        let value = match (&it.value, it.option) {
            (OptionValue::Linger(time), _) => {
                let time = time.map_or("0, 0".to_owned(), |time| format!("1, {time}"));
                format!("__import__(\"struct\").pack(\"ii\", {time})")
            }
            (OptionValue::Interface(name), SocketOption::BindToDevice) => {
                format!("b\"{}\"", name.as_deref().unwrap_or_default().escape_default())
            }
            (OptionValue::Interface(Some(name)), SocketOption::MulticastInterfaceV6) => {
                format!("socket.if_nametoindex(\"{}\")", name.escape_default())
            }
            (value, _) => number(value)?,
        };
        let (level, name) = (it.option.about().level, it.option.name());
        Some(format!("{socket}.setsockopt(socket.{level}, socket.{name}, {value})\n"))
    })
}

/// The remark of a tool that has no options.
pub(super) fn none_of(settings: &[Setting]) -> Option<String> {
    split(settings, |_| None).1
}

/// What `said` says of each, one after the other, and a remark on those of which it says nothing.
fn split(settings: &[Setting], said: impl Fn(&Setting) -> Option<String>) -> (String, Option<String>) {
    let (mut words, mut left_out) = (String::new(), Vec::new());
    for setting in settings {
        match said(setting) {
            Some(more) => words += &more,
            None => left_out.push(setting.option.name()),
        }
    }
    let remark = format!("left out, this tool does not have it: {}", left_out.join(", "));
    (words, (!left_out.is_empty()).then_some(remark))
}

/// A value as one number; `None` where it is none.
fn number(value: &OptionValue) -> Option<String> {
    match value {
        OptionValue::Switch(on) => Some(u8::from(*on).to_string()),
        OptionValue::Number(_) | OptionValue::Class(_) | OptionValue::Linger(Some(_)) => Some(value.to_string()),
        OptionValue::Linger(None) | OptionValue::Interface(_) | OptionValue::Word(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(all: &[(&str, &str)]) -> Vec<Setting> {
        let setting = |(name, text): &(&str, &str)| {
            let option = name.parse().expect("an option");
            Setting { option, value: OptionValue::parse(option, text).expect("a value") }
        };
        all.iter().map(setting).collect()
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn each_tool_has_its_words_and_says_what_it_lacks() {
        let all = settings(&[
            ("SO_RCVBUF", "64 KiB"),
            ("TCP_NODELAY", "on"),
            ("SO_LINGER", "5"),
            ("SO_BINDTODEVICE", "lo"),
            ("TCP_USER_TIMEOUT", "1 s"),
        ]);
        let (words, remark) = socat(&all);
        assert_eq!(words, ",so-rcvbuf=65536,tcp-nodelay=1,so-linger=5,so-bindtodevice=lo");
        assert_eq!(remark.as_deref(), Some("left out, this tool does not have it: TCP_USER_TIMEOUT"));
        let (words, remark) = python(&all, "conn");
        assert_eq!(remark, None);
        let lines: Vec<_> = words.lines().collect();
        assert_eq!(lines[0], "conn.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)");
        assert_eq!(
            lines[2],
            "conn.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, __import__(\"struct\").pack(\"ii\", 1, 5))"
        );
        assert_eq!(lines[3], "conn.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b\"lo\")");
        let lacks = "left out, this tool does not have it: SO_RCVBUF, TCP_NODELAY, SO_LINGER, SO_BINDTODEVICE, \
                     TCP_USER_TIMEOUT";
        assert_eq!(none_of(&all).as_deref(), Some(lacks));
        assert_eq!(none_of(&[]), None);
    }
}
