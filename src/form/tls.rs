//! What is typed about TLS.

use std::path::PathBuf;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{Errors, Field};
use crate::endpoint::Scheme;
use crate::engine::tls::{ClientCerts, Identity, Part, Role, Settings, Tls, Version};
use crate::engine::{Options, Plan};
use crate::error::OpError;
use crate::responder::Act;

/// How a session speaks TLS, from its first byte or when it is switched to it. Files are PEM.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct TlsForm {
    /// File of the trusted certificates; empty: those of this system.
    pub ca: String,
    /// Takes every server for who it says it is. For one session only: it is never stored.
    #[serde(skip)]
    pub no_verify: bool,
    /// The name to send and to check; empty: the host that was typed.
    pub server_name: String,
    /// Protocols with commas between them.
    pub alpn: String,
    /// File of this end's certificate chain; empty: none, a server has a self-signed one.
    pub certificate: String,
    /// File of its key; empty: that of the certificate.
    pub key: String,
    /// Whether a server without a file has a self-signed certificate.
    pub self_signed: bool,
    /// The oldest version.
    pub min: Version,
    /// Whether clients are asked for certificates.
    pub client_certs: ClientCerts,
    /// File for the secrets of the connections; empty: they are not written. For one session only, and never stored: who opens a profile of
    /// somebody else writes no secrets.
    #[serde(skip)]
    pub key_log: String,
}

impl Default for TlsForm {
    fn default() -> Self {
        Self {
            ca: String::new(),
            no_verify: false,
            server_name: String::new(),
            alpn: String::new(),
            certificate: String::new(),
            key: String::new(),
            self_signed: true,
            min: Version::default(),
            client_certs: ClientCerts::default(),
            key_log: String::new(),
        }
    }
}

impl TlsForm {
    /// What can be wrong with it.
    pub const FIELDS: [Field; 7] = [
        Field::TlsCa,
        Field::TlsServerName,
        Field::TlsAlpn,
        Field::TlsCertificate,
        Field::TlsKey,
        Field::TlsClientCerts,
        Field::TlsKeyLog,
    ];

    /// The engine's settings; what is wrong goes to `errors`.
    pub(super) fn check(&self, errors: &mut Errors) -> Arc<Tls> {
        if *self == Self::default() {
            // Nothing is to be read, and most sessions have no TLS.
            return Tls::usual();
        }
        Tls::load(&self.settings()).unwrap_or_else(|refused| {
            errors.insert(field(refused.part), sentence(&refused.error));
            Tls::usual()
        })
    }

    /// A session is over: what was for it alone goes with it. Returns a sentence about that, where there was something.
    pub fn end_session(&mut self) -> Option<&'static str> {
        let unchecked = std::mem::take(&mut self.no_verify);
        let logged = !std::mem::take(&mut self.key_log).trim().is_empty();
        match (unchecked, logged) {
            (true, true) => Some("The next session checks the server again, and writes no secrets of TLS"),
            (true, false) => Some("The next session checks the server again"),
            (false, true) => Some("The next session writes no secrets of TLS"),
            (false, false) => None,
        }
    }

    fn settings(&self) -> Settings {
        let path = |text: &str| Some(text.trim()).filter(|text| !text.is_empty()).map(PathBuf::from);
        let identity = match (path(&self.certificate), path(&self.key)) {
            (None, None) if self.self_signed => Identity::SelfSigned,
            (None, None) => Identity::None,
            (Some(certificate), key) => {
                Identity::Files { key: key.unwrap_or_else(|| certificate.clone()), certificate }
            }
            // That there is no certificate in it is told of the file.
            (None, Some(key)) => Identity::Files { certificate: key.clone(), key },
        };
        let protocols = self.alpn.split(',').map(str::trim).filter(|name| !name.is_empty());
        Settings {
            ca: path(&self.ca),
            verify: !self.no_verify,
            server_name: Some(self.server_name.trim().to_owned()).filter(|name| !name.is_empty()),
            alpn: protocols.map(str::to_owned).collect(),
            identity,
            min: self.min,
            client_certs: self.client_certs,
            key_log: path(&self.key_log),
        }
    }
}

/// Has `plan` speak TLS from its first byte, where `kind` says that, and makes ready what is needed for it or for a rule
/// that switches to it.
///
/// # Errors
///
/// Why this end can't.
pub(super) fn secure(kind: Scheme, mut plan: Plan) -> Result<Plan, Errors> {
    let options = plan.options_mut();
    options.secure = kind == Scheme::Tls;
    let (secure, needed) = (options.secure, options.secure || switches(options));
    if !needed {
        return Ok(plan);
    }
    match plan.prepare_tls() {
        Err(error) if secure => {
            let field = if matches!(plan, Plan::Listen(_)) { Field::TlsCertificate } else { Field::TlsCa };
            Err(Errors::from([(field, sentence(&error))]))
        }
        _ => Ok(plan),
    }
}

impl Plan {
    /// Reads and makes what its session needs to speak TLS, so that the I/O thread does not have to.
    ///
    /// # Errors
    ///
    /// Why this end can't speak it.
    pub fn prepare_tls(&self) -> Result<(), OpError> {
        match self {
            Self::Listen(plan) => plan.options.tls.prepare(&Role::Server),
            // The name is checked with each connection.
            Self::Connect(plan) => plan.options.tls.prepare(&Role::Client(String::new())),
            Self::Bind(_) => Ok(()),
        }
    }
}

/// Whether a rule switches to TLS.
fn switches(options: &Options) -> bool {
    let rules = &options.answers.responder().rules().list;
    rules.iter().any(|rule| rule.on && rule.then.contains(&Act::StartTls))
}

fn field(part: Part) -> Field {
    match part {
        Part::Ca => Field::TlsCa,
        Part::ServerName => Field::TlsServerName,
        Part::Alpn => Field::TlsAlpn,
        Part::Certificate => Field::TlsCertificate,
        Part::Key => Field::TlsKey,
        Part::ClientCerts => Field::TlsClientCerts,
        Part::KeyLog => Field::TlsKeyLog,
    }
}

/// What is wrong, for the field where it stands.
fn sentence(error: &OpError) -> String {
    let advice = error.advice.as_deref().map_or_else(String::new, |advice| format!(": {advice}"));
    match error.subject.as_str() {
        "" => format!("{}{advice}", error.message),
        subject => format!("{subject}: {}{advice}", error.message),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Answers;
    use crate::engine::tls::self_signed;
    use crate::form::{ClientForm, Form, ServerForm, Switches};

    fn errors(form: Form, tls: TlsForm) -> Errors {
        let switches = Switches { tls, ..Switches::default() };
        form.check(&switches, &Arc::new(Answers::default())).err().unwrap_or_default()
    }

    fn server() -> Form {
        Form::Server(ServerForm { kind: Scheme::Tls, ..ServerForm::default() })
    }

    fn check(tls: TlsForm, field: Field, part: &str) {
        let errors = errors(server(), tls.clone());
        let told = errors.get(&field).unwrap_or_else(|| panic!("{tls:?}: {errors:?}"));
        assert!(told.contains(part), "{told}");
    }

    #[test]
    fn what_is_wrong_with_a_file_is_told_at_its_field() {
        let folder = tempfile::tempdir().expect("a folder");
        let put = |name: &str, text: &str| {
            let path = folder.path().join(name);
            std::fs::write(&path, text).expect("a file");
            path.display().to_string()
        };
        let own = self_signed().expect("a certificate");
        let key = |file| rcgen::KeyPair::generate().map(|key| put(file, &key.serialize_pem())).expect("a key");
        let (certificate, other) = (put("own.pem", own.pem()), key("other.pem"));
        let with = |certificate: &str, key: &str| TlsForm {
            certificate: certificate.to_owned(),
            key: key.to_owned(),
            ..TlsForm::default()
        };
        check(with("/no/such.pem", ""), Field::TlsCertificate, "/no/such.pem: no such file");
        check(with(&put("empty", ""), &other), Field::TlsCertificate, "there is no certificate in this file");
        check(with(&other, &other), Field::TlsCertificate, "there is a key in it");
        check(with(&certificate, &certificate), Field::TlsKey, "the key is in another file");
        check(with(&certificate, &other), Field::TlsKey, "does not belong to the certificate");
        let cut = put("cut.pem", &own.pem()[..200]);
        check(with(&cut, &other), Field::TlsCertificate, "certificate 1 of this file is damaged");
        let folder = folder.path().display().to_string();
        check(TlsForm { ca: folder.clone(), ..TlsForm::default() }, Field::TlsCa, "a folder");
        check(TlsForm { key_log: folder, ..TlsForm::default() }, Field::TlsKeyLog, "not a regular file");
        check(TlsForm { server_name: "a b".into(), ..TlsForm::default() }, Field::TlsServerName, "a b");
        check(TlsForm { alpn: "x".repeat(256), ..TlsForm::default() }, Field::TlsAlpn, "1 to 255 bytes");
        let asks = TlsForm { client_certs: ClientCerts::Required, ..TlsForm::default() };
        check(asks, Field::TlsClientCerts, "choose the CA file");
        check(TlsForm { self_signed: false, ..TlsForm::default() }, Field::TlsCertificate, "needs a certificate");
    }

    #[test]
    fn what_is_safe_for_one_session_only_is_not_stored() {
        let form = TlsForm { no_verify: true, key_log: "keys".into(), alpn: "h2".into(), ..TlsForm::default() };
        let text = toml::to_string(&form).expect("it prints");
        assert!(!text.contains("verify") && !text.contains("keys"), "{text}");
        let read: TlsForm = toml::from_str(&text).expect("it reads");
        assert_eq!(read, TlsForm { alpn: "h2".into(), ..TlsForm::default() });
    }

    #[test]
    fn a_client_speaks_tls_from_its_first_byte_where_its_kind_says_so() {
        for (kind, secure) in [(Scheme::Tls, true), (Scheme::Tcp, false)] {
            let form = Form::Client(ClientForm { kind, ..ClientForm::default() });
            let switches =
                Switches { tls: TlsForm { no_verify: true, ..TlsForm::default() }, ..Switches::default() };
            let Ok(Plan::Connect(plan)) = form.check(&switches, &Arc::default()) else { panic!("{kind:?}") };
            assert_eq!((plan.options.secure, plan.options.tls.settings().verify), (secure, false));
        }
    }
}
