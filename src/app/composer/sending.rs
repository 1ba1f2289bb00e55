//! From a press of Send to the engine.

use bytes::Bytes;

use super::preview::Context;
use crate::app::tab::{BUSY, Ids, Kind, Progress, SocketTab};
use crate::endpoint::Address;
use crate::engine::{Command, Engine, Target, Ticket};
use crate::form::Form;
use crate::message::Message;

/// To so many at once a message goes that is another one for each.
const MOST: usize = 256;

impl SocketTab {
    /// Sends what is in the composer. What can't be sent stays there, with the reason.
    pub fn send(&mut self, engine: &Engine, ids: &mut Ids) {
        let message = self.composer.message.clone();
        match self.send_message(&message, engine, ids) {
            Ok((ticket, taken)) => {
                self.composer.sending(ticket);
                if !taken {
                    self.composer.failed(ticket, BUSY.to_owned());
                }
            }
            Err(reason) => self.composer.failure = Some(reason),
        }
    }

    /// Sends a message to whom Send would. Returns the ticket by which all of it is answered, and whether the engine
    /// took it; to be told to the composer by [`sending`](super::Composer::sending), or
    /// [`sending_other`](super::Composer::sending_other).
    ///
    /// # Errors
    /// Why nothing was sent, in words.
    pub(in crate::app) fn send_message(
        &mut self,
        message: &Message,
        engine: &Engine,
        ids: &mut Ids,
    ) -> Result<(Ticket, bool), String> {
        let prepared = message.prepare().map_err(|error| super::in_words(&message.text, &error))?;
        let context = self.context();
        let payload = context.render(&prepared)?;
        if payload.is_empty() && self.kind != Kind::Udp {
            return Err("there is nothing to send: type something, or add a line ending".into());
        }
        let session = self.sending_session()?;
        let to = self.target()?;
        let mut sends = match names_an_end(message) {
            true => self.one_by_one(to, payload, |context| context.render(&prepared))?,
            false => vec![(to, payload)],
        };
        self.composer.sends += u64::from(message.variables);
        // The last one stands for all: the engine takes them in order.
        let last = sends.pop().ok_or("nobody is connected")?;
        let mut taken = true;
        for (to, payload) in sends {
            let ticket = Ticket(ids.next());
            self.composer.sending_other(ticket);
            taken &= engine.command(Command::Send { session, to, payload, ticket }).is_ok();
        }
        let ((to, payload), ticket) = (last, Ticket(ids.next()));
        taken &= engine.command(Command::Send { session, to, payload, ticket }).is_ok();
        Ok((ticket, taken))
    }

    /// What goes to each of several that are told apart in it.
    fn one_by_one(
        &self,
        to: Target,
        payload: Bytes,
        render: impl Fn(Context) -> Result<Bytes, String>,
    ) -> Result<Vec<(Target, Bytes)>, String> {
        let conns = match &to {
            Target::Address(host, port) if host.with_port(*port).is_none() => {
                return Err(
                    "{peer} is not known before a name is looked up: write the address of the target".into()
                );
            }
            Target::Address(..) | Target::Unix(_) => return Ok(vec![(to, payload)]),
            Target::All => self.journal.open_connections(),
            Target::Connections(conns) => conns.clone(),
        };
        if conns.len() > MOST {
            let many = conns.len();
            return Err(format!(
                "a message with {{peer}} goes to at most {MOST} at once, not to {many}: select fewer"
            ));
        }
        let number = self.composer.sends + 1;
        let open =
            conns.into_iter().filter_map(|id| self.journal.connection(id).filter(|one| !one.state.is_closed()));
        let each: Result<Vec<_>, String> = open
            .map(|one| {
                let context = Context { local: one.local.clone(), peer: one.peer.clone(), number };
                Ok((Target::Connections(vec![one.id]), render(context)?))
            })
            .collect();
        // That nobody is there, the engine says.
        each.map(|each| if each.is_empty() { vec![(to, payload)] } else { each })
    }

    /// What variables stand for in what is sent next: to the first, where it goes to several.
    pub(super) fn context(&self) -> Context {
        let number = self.composer.sends + 1;
        let known = Context { number, ..Context::default() };
        match (&self.progress, self.targets.first(), &self.form) {
            (Progress::Connected { local, peer }, ..) => {
                Context { local: local.clone(), peer: peer.clone(), number }
            }
            (Progress::Ready(_), Some(one), _) => {
                Context { local: one.local.clone(), peer: one.peer.clone(), number }
            }
            (Progress::Ready(local), None, Form::Udp(form)) => {
                let peer = match form.destination() {
                    Ok(Target::Address(host, port)) => host.with_port(port).map(Address::Ip),
                    Ok(Target::Unix(name)) => Some(Address::Unix(name)),
                    _ => None,
                };
                Context { local: local.clone(), peer: peer.unwrap_or(known.peer), number }
            }
            (Progress::Ready(local), None, _) => match self.journal.connections(0, 1).first() {
                Some(one) if !one.state.is_closed() => {
                    Context { local: one.local.clone(), peer: one.peer.clone(), number }
                }
                _ => Context { local: local.clone(), ..known },
            },
            _ => known,
        }
    }
}

/// Whether a message is another one for each connection.
fn names_an_end(message: &Message) -> bool {
    message.variables && ["{peer", "{local"].iter().any(|name| message.text.contains(name))
}
