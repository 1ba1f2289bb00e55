//! The lists of who may connect, as they are typed.

use serde::{Deserialize, Serialize};

use super::{Errors, Field, note};
use crate::engine::{Access, networks};

/// Who may connect to a server, or send to a UDP socket: networks, one a line or with commas between them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct AccessForm {
    /// If there are some, everyone else is refused.
    pub allow: String,
    /// These are refused.
    pub deny: String,
}

impl AccessForm {
    /// What they mean.
    ///
    /// # Errors
    /// What is wrong, by field.
    pub fn lists(&self) -> Result<Access, Errors> {
        let mut errors = Errors::new();
        let access = self.check(&mut errors);
        if errors.is_empty() { Ok(access) } else { Err(errors) }
    }

    /// What they mean; errors go to `errors`.
    pub(super) fn check(&self, errors: &mut Errors) -> Access {
        Access {
            allow: note(errors, Field::Allow, networks(&self.allow)).unwrap_or_default(),
            deny: note(errors, Field::Deny, networks(&self.deny)).unwrap_or_default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(allow: &str, deny: &str, expected: &[Field]) {
        let (form, mut errors) = (AccessForm { allow: allow.into(), deny: deny.into() }, Errors::new());
        let access = form.check(&mut errors);
        assert_eq!(errors.keys().copied().collect::<Vec<_>>(), expected, "{form:?}");
        let empty = allow.is_empty() && deny.is_empty();
        assert!(!expected.is_empty() || access.is_open() == empty, "{access:?}");
    }

    #[test]
    fn a_wrong_list_is_an_error_at_its_field() {
        check("", "", &[]);
        check("127.0.0.1\n::1", "10.0.0.0/8, 192.0.2.0/24", &[]);
        check("localhost", "", &[Field::Allow]);
        check("10/8", "10.0.0.0/40", &[Field::Allow, Field::Deny]);
    }
}
