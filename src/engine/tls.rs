//! TLS 1.2 and 1.3 at either end of a connection (RFC 5246, RFC 8446), by `rustls`: what a person chose, read once, and
//! the state machine between a socket and a connection.
//!
//! Files are read when a session's form is checked, never by the I/O thread.

mod certificate;
mod key_log;
mod layer;
mod loading;
mod pem;
mod refusal;
mod self_signed;
mod trust;
mod words;

use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, ServerConfig};
use serde::{Deserialize, Serialize};

pub(super) use layer::Layer;
pub use loading::{Part, Refused};
pub use self_signed::{SelfSigned, self_signed};

use crate::error::OpError;
use key_log::KeyLogFile;
use trust::{Anchors, Watch};

/// What one end needs, and what it sees of the other.
type Ready<T> = OnceLock<(Arc<T>, Arc<Watch>)>;

/// Which end of TLS this is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Role {
    /// Says hello first, and checks the server's certificate for this name: a host name or an IP address.
    Client(String),
    /// Has a certificate.
    Server,
}

/// The oldest version that is spoken. Older ones than 1.2 are broken, and not there (RFC 8996).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Version {
    /// TLS 1.2.
    #[default]
    #[serde(rename = "1.2")]
    V12,
    /// TLS 1.3.
    #[serde(rename = "1.3")]
    V13,
}

/// Whether a server asks its clients for certificates.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ClientCerts {
    /// No.
    #[default]
    None,
    /// A client may show one; a wrong one is refused.
    Optional,
    /// A client without one is refused.
    Required,
}

/// By what this end shows who it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Identity {
    /// Nothing: a client needs nothing, a server can't speak TLS.
    #[default]
    None,
    /// The certificate that was made on the spot, for servers; a client shows nothing.
    SelfSigned,
    /// A certificate chain and its key, both PEM; they may be in one file.
    Files {
        /// The file of the chain, the own certificate first.
        certificate: PathBuf,
        /// The file of the key.
        key: PathBuf,
    },
}

/// What a person chose.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// PEM file of the certificates that are trusted: of servers in place of the system's, and of clients.
    pub ca: Option<PathBuf>,
    /// Whether a client checks the server's certificate.
    pub verify: bool,
    /// The name that a client sends and checks, in place of the host that was typed.
    pub server_name: Option<String>,
    /// Protocols of RFC 7301 in order of preference; each has 1 to 255 bytes.
    pub alpn: Vec<String>,
    /// Who this end is.
    pub identity: Identity,
    /// The oldest version.
    pub min: Version,
    /// Whether a server asks for certificates; they are checked against `ca`.
    pub client_certs: ClientCerts,
    /// The file to which the secrets of every connection are written, in the format of `SSLKEYLOGFILE`
    /// (RFC 9850).
    pub key_log: Option<PathBuf>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            ca: None,
            verify: true,
            server_name: None,
            alpn: Vec::new(),
            identity: Identity::None,
            min: Version::V12,
            client_certs: ClientCerts::None,
            key_log: None,
        }
    }
}

/// [`Settings`] whose files were read.
#[derive(Default)]
pub struct Tls {
    settings: Settings,
    /// Of `settings.ca`.
    anchors: Option<Arc<Anchors>>,
    /// Of `settings.identity`.
    identity: Option<Shown>,
    key_log: Option<Arc<KeyLogFile>>,
    client: Ready<ClientConfig>,
    server: Ready<ServerConfig>,
}

/// A certificate chain with its key.
#[derive(Debug)]
struct Shown {
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
}

impl Clone for Shown {
    fn clone(&self) -> Self {
        Self { chain: self.chain.clone(), key: self.key.clone_key() }
    }
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The key has no place in a log.
        f.debug_struct("Tls").field("settings", &self.settings).finish_non_exhaustive()
    }
}

impl PartialEq for Tls {
    fn eq(&self, other: &Self) -> bool {
        self.settings == other.settings
    }
}

impl Tls {
    /// Nothing chosen: what sessions have that never come to TLS, and a self-signed certificate where they do.
    pub fn usual() -> Arc<Self> {
        static USUAL: OnceLock<Arc<Tls>> = OnceLock::new();
        let settings = Settings { identity: Identity::SelfSigned, ..Settings::default() };
        Arc::clone(USUAL.get_or_init(|| Arc::new(Self { settings, ..Self::default() })))
    }

    /// What was chosen.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Makes ready what one end needs, so that the I/O thread does not have to: the system's certificates are read, and
    /// a self-signed one is made, once for all.
    ///
    /// # Errors
    ///
    /// Why this end can't speak TLS: a server without a certificate, a system without trusted ones.
    pub fn prepare(&self, role: &Role) -> Result<(), OpError> {
        match role {
            Role::Client(_) => self.client().map(drop),
            Role::Server => self.server().map(drop),
        }
    }

    fn client(&self) -> Result<&(Arc<ClientConfig>, Arc<Watch>), OpError> {
        once(&self.client, || loading::client(self))
    }

    fn server(&self) -> Result<&(Arc<ServerConfig>, Arc<Watch>), OpError> {
        once(&self.server, || loading::server(self))
    }
}

/// What is in `place`, made by `make` where there is nothing yet. That it can't be made is not remembered: a person can
/// mend it, and tries again.
fn once<T>(place: &OnceLock<T>, make: impl FnOnce() -> Result<T, OpError>) -> Result<&T, OpError> {
    if let Some(made) = place.get() {
        return Ok(made);
    }
    let made = make()?;
    Ok(place.get_or_init(|| made))
}

/// The cryptography.
fn provider() -> Arc<CryptoProvider> {
    static PROVIDER: OnceLock<Arc<CryptoProvider>> = OnceLock::new();
    Arc::clone(PROVIDER.get_or_init(|| Arc::new(rustls::crypto::ring::default_provider())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_is_not_remembered_and_what_was_made_is() {
        let place = OnceLock::new();
        let error = || OpError::new("read", "", "the certificates that this system trusts can't be read");
        assert_eq!(once(&place, || Err::<u8, _>(error())), Err(error()));
        assert_eq!(once(&place, || Ok(1)), Ok(&1));
        assert_eq!(once(&place, || Err(error())), Ok(&1));
    }
}
