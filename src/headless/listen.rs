//! `sockscope listen`.

use std::collections::VecDeque;

use super::arguments::ListenArguments;
use super::conversation::{Notation, Talk};
use super::forms;
use super::presets;
use super::recipients::Recipients;
use super::recorder;
use super::saving;
use super::status::Failure;
use crate::form::{Form, ServerForm, Switches, UdpForm};
use crate::message::Message;
use crate::responder::{Act, Rule, When};

/// What is to be done.
///
/// # Errors
///
/// What is wrong with the arguments.
pub(super) fn talk(arguments: ListenArguments) -> Result<Talk, Failure> {
    let ListenArguments { endpoint, preset, greeting, once, backlog, to, access, common } = arguments;
    let udp = !endpoint.scheme.is_stream();
    let preset = preset.map(|name| presets::rules(&name, udp)).transpose()?;
    let mut rules = forms::rules(&common, preset.map(|preset| (preset.rules)()));
    if let Some(text) = greeting {
        if udp {
            return Err(Failure::usage("--greeting: over UDP nobody connects, so there is nobody to greet"));
        }
        let then = vec![Act::Reply(Message::template(text))];
        rules.list.insert(0, Rule { when: When::Connected, then, ..Rule::default() });
    }
    let switches = Switches {
        once: once || preset.is_some_and(|preset| preset.once),
        keep_open: common.keep_open || preset.is_some_and(|preset| preset.keep_open),
        limits: access.limits(common.limits.form()),
        access: access.form(),
        ..forms::switches(&common)
    };
    let form = match udp {
        true => Form::Udp(UdpForm { receive_buffer: common.receive_buffer.clone(), ..UdpForm::at(&endpoint) }),
        false => Form::Server(ServerForm { backlog, ..ServerForm::at(&endpoint) }),
    };
    let plan = forms::plan(&form, &switches, &rules)?;
    if let Some(path) = &common.tls.save_cert {
        saving::certificate(path)?;
    }
    Ok(Talk {
        plan,
        is_client: false,
        recipients: Recipients::of(to, udp),
        notation: Notation {
            format: common.format.unwrap_or_default(),
            encoding: common.encoding,
            variables: common.template,
            ending: common.eol,
        },
        opening: VecDeque::new(),
        repeat: None,
        reads_input: true,
        until: None,
        wait: None,
        output: common.calls.form(Some(common.output))?.unwrap_or_default(),
        show_options: common.options.show_options,
        record: recorder::Asked::of(&common)?,
        save: common.save,
    })
}
