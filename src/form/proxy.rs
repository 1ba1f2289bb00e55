//! What is typed to connect through a proxy, and the notation `socks5://user@host:port`.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::{Errors, Field, note, remote_port, spelled_port};
use crate::endpoint::{Host, ParseError, Port};
use crate::engine::{Login, Proxy, ProxyKind, Secret};

/// Bytes of a user or a password that SOCKS5 can say (RFC 1929 §2), and that are taken for HTTP too.
const LONGEST: usize = 255;

/// Whether there is a proxy, and how it is spoken to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Through {
    /// None: the target itself is connected to.
    #[default]
    Nothing,
    /// SOCKS5.
    Socks5,
    /// HTTP CONNECT.
    Http,
}

impl Through {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Nothing, Self::Socks5, Self::Http];

    /// The name on the screen.
    pub const fn words(self) -> &'static str {
        match self.kind() {
            None => "none",
            Some(kind) => kind.words(),
        }
    }

    const fn kind(self) -> Option<ProxyKind> {
        match self {
            Self::Nothing => None,
            Self::Socks5 => Some(ProxyKind::Socks5),
            Self::Http => Some(ProxyKind::Http),
        }
    }
}

/// What is typed to connect through a proxy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ProxyForm {
    /// Whether there is one, and how it is spoken to.
    pub through: Through,
    /// Its name or address; a whole notation (`socks5://user@host:port`) is taken apart.
    pub host: String,
    /// Its port or service.
    pub port: String,
    /// May be empty.
    pub user: String,
    /// May be empty; never written to a file.
    #[serde(skip)]
    pub password: Secret,
    /// Resolve the target's name on this machine.
    pub resolve_here: bool,
}

impl Default for ProxyForm {
    fn default() -> Self {
        Self {
            through: Through::Nothing,
            host: String::new(),
            port: "1080".to_owned(),
            user: String::new(),
            password: Secret::default(),
            resolve_here: false,
        }
    }
}

impl ProxyForm {
    /// The proxy to connect through; errors go to `errors`.
    pub(super) fn check(&self, errors: &mut Errors) -> Option<Proxy> {
        let kind = self.through.kind()?;
        let host = self.host.parse::<Host>().map_err(|error| error.reason);
        let host = note(errors, Field::ProxyHost, host);
        let port = note(errors, Field::ProxyPort, remote_port(&self.port, "tcp"));
        let login = note(errors, Field::ProxyUser, self.login(kind));
        Some(Proxy { kind, host: host?, port: port?, login: login?, resolve_here: self.resolve_here })
    }

    /// What is wrong without anything being looked up.
    pub(super) fn wrong_numbers(&self, errors: &mut Errors) {
        if self.through != Through::Nothing {
            note(errors, Field::ProxyPort, spelled_port(&self.port, 1));
        }
    }

    fn login(&self, kind: ProxyKind) -> Result<Option<Login>, String> {
        let (user, password) = (self.user.as_str(), &self.password);
        match (user.is_empty(), password.text().is_empty()) {
            (true, true) => return Ok(None),
            (true, false) => return Err("a password needs a user".to_owned()),
            (false, true) if kind == ProxyKind::Socks5 => {
                return Err("SOCKS5 takes no user without a password (RFC 1929)".to_owned());
            }
            _ => {}
        }
        if user.len() > LONGEST || password.text().len() > LONGEST {
            return Err(format!("a user and a password have at most {LONGEST} bytes each"));
        }
        if kind == ProxyKind::Http && (user.contains(':') || user.contains(char::is_control)) {
            return Err("a user of an HTTP proxy has neither a colon nor control characters (RFC 7617)".to_owned());
        }
        Ok(Some(Login { user: user.to_owned(), password: password.clone() }))
    }

    /// A whole notation in the field of the host goes to the fields that it is for.
    pub fn take_apart(&mut self) {
        if self.host.contains("://")
            && let Ok(its) = self.host.parse::<Self>()
        {
            let (password, resolve_here) = (std::mem::take(&mut self.password), self.resolve_here);
            *self = Self { password, resolve_here, ..its };
        }
    }
}

/// `socks5://user@host:port`, `http://host:port`; without a port 1080 and 8080.
impl FromStr for ProxyForm {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let error = |position, reason: &str| ParseError { position, reason: reason.to_owned() };
        let text = text.trim();
        let (through, usual, start) = match text.split_once("://") {
            Some(("socks5" | "socks5h", _)) => (Through::Socks5, "1080", text.find("://").unwrap_or(0) + 3),
            Some(("http", _)) => (Through::Http, "8080", "http://".len()),
            _ => {
                return Err(error(
                    0,
                    "a proxy is socks5://HOST:PORT or http://HOST:PORT, with USER@ before the host",
                ));
            }
        };
        let rest = text[start..].trim_end_matches('/');
        let (user, place) = rest.rsplit_once('@').unwrap_or(("", rest));
        if user.contains(':') {
            return Err(error(start, "a password has no place here, where others can read it: give it apart"));
        }
        let at = start + rest.len() - place.len();
        let (host, port) = match place.rsplit_once(':') {
            Some((host, port)) if !port.ends_with(']') => (host, port),
            _ => (place, usual),
        };
        let shift = |by: usize| move |error: ParseError| ParseError { position: error.position + by, ..error };
        let parsed = host.parse::<Host>().map_err(shift(at))?;
        port.parse::<Port>().map_err(shift(at + host.len() + 1))?;
        let (host, port, user) = (parsed.to_string(), port.to_owned(), user.to_owned());
        Ok(Self { through, host, port, user, ..Self::default() })
    }
}

/// As it is typed, without the password.
impl fmt::Display for ProxyForm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.through {
            Through::Nothing => return Ok(()),
            Through::Socks5 => "socks5://",
            Through::Http => "http://",
        })?;
        if !self.user.is_empty() {
            write!(f, "{}@", self.user)?;
        }
        match self.host.parse::<Host>() {
            Ok(host) => write!(f, "{host}:{}", self.port.trim()),
            Err(_) => write!(f, "{}:{}", self.host.trim(), self.port.trim()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Result<&str, usize>) {
        let parsed = text.parse::<ProxyForm>().map(|form| form.to_string()).map_err(|error| error.position);
        assert_eq!(parsed, expected.map(str::to_owned), "{text:?}");
    }

    #[test]
    fn a_proxy_has_a_notation() {
        check("socks5://127.0.0.1:1080", Ok("socks5://127.0.0.1:1080"));
        check("socks5h://proxy", Ok("socks5://proxy:1080"));
        check("http://ann@[::1]:3128/", Ok("http://ann@[::1]:3128"));
        check("http://[::1]", Ok("http://[::1]:8080"));
        check("socks5://a@b@host:http", Ok("socks5://a@b@host:http"));
        check("socks4://host:1", Err(0));
        check("host:1080", Err(0));
        check("http://ann:pw@host:1", Err(7));
        check("http://ho st:1", Err(9));
        check("http://host:99999", Err(12));
        check("socks5://", Err(9));
    }

    fn wrong(form: &ProxyForm) -> Vec<Field> {
        let mut errors = Errors::new();
        let proxy = form.check(&mut errors);
        assert_eq!(proxy.is_some(), errors.is_empty() && form.through != Through::Nothing);
        errors.into_keys().collect()
    }

    #[test]
    fn what_can_not_work_is_told_at_its_field() {
        let socks: ProxyForm = "socks5://host:1080".parse().expect("a proxy");
        let secret = || Secret::new("x");
        assert_eq!(wrong(&ProxyForm::default()), []);
        assert_eq!(wrong(&socks), []);
        assert_eq!(wrong(&ProxyForm { user: "ann".into(), password: secret(), ..socks.clone() }), []);
        assert_eq!(wrong(&ProxyForm { user: "ann".into(), ..socks.clone() }), [Field::ProxyUser]);
        assert_eq!(wrong(&ProxyForm { password: secret(), ..socks.clone() }), [Field::ProxyUser]);
        assert_eq!(
            wrong(&ProxyForm { user: "a".repeat(256), password: secret(), ..socks.clone() }),
            [Field::ProxyUser]
        );
        let http = ProxyForm { through: Through::Http, ..socks.clone() };
        assert_eq!(wrong(&ProxyForm { user: "a:b".into(), ..http.clone() }), [Field::ProxyUser]);
        assert_eq!(wrong(&ProxyForm { user: "ann".into(), ..http }), []);
        assert_eq!(
            wrong(&ProxyForm { host: String::new(), port: "0".into(), ..socks }),
            [Field::ProxyHost, Field::ProxyPort]
        );
    }

    #[test]
    fn a_password_is_written_nowhere() {
        let form = ProxyForm { password: Secret::new("s3cret"), ..ProxyForm::default() };
        let written = toml::to_string(&form).expect("it can be written");
        assert!(!written.contains("s3cret") && !format!("{form:?}{form}").contains("s3cret"), "{written}");
    }
}
