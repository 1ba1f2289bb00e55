//! Settings are read: the files that they name, and what `rustls` makes of them.

use std::collections::VecDeque;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use rustls::pki_types::ServerName;
use rustls::server::{NoServerSessionStorage, WebPkiClientVerifier};
use rustls::sign::CertifiedKey;
use rustls::{ClientConfig, Error, ServerConfig, SupportedProtocolVersion};

use super::key_log::KeyLogFile;
use super::trust::{Anchors, ClientCheck, ServerCheck, Watch};
use super::{ClientCerts, Identity, Settings, Shown, Tls, Version, pem, provider, self_signed};
use crate::error::OpError;

/// How many settings are remembered with what their files held.
const REMEMBERED: usize = 8;

/// The longest list of protocols, in bytes, each with its length (RFC 7301 §3.1).
const LONGEST_ALPN: usize = 65_535;

/// The part of the settings that is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "as in Settings")]
pub enum Part {
    Ca,
    ServerName,
    Alpn,
    Certificate,
    Key,
    ClientCerts,
    KeyLog,
}

/// Settings that can't be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// Where.
    pub part: Part,
    /// Why.
    pub error: Box<OpError>,
}

/// What can be seen of a file without reading it: when it was changed, and its length.
type Stamp = Option<(SystemTime, u64)>;

struct Remembered {
    settings: Settings,
    stamps: [Stamp; 3],
    loaded: Arc<Tls>,
}

impl Tls {
    /// Reads what `settings` name. A form asks again whenever it is shown, so what was read is remembered until a file
    /// changes. What could not be read is tried again: that it may be read now shows nowhere.
    ///
    /// # Errors
    ///
    /// Which part is wrong, and why.
    pub fn load(settings: &Settings) -> Result<Arc<Self>, Refused> {
        static LOADED: Mutex<VecDeque<Remembered>> = Mutex::new(VecDeque::new());
        let stamps = stamps(settings);
        let mut all = LOADED.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = all.iter().find(|known| known.settings == *settings && known.stamps == stamps) {
            return Ok(Arc::clone(&known.loaded));
        }
        let loaded = load(settings)?;
        all.retain(|known| known.settings != *settings);
        if all.len() >= REMEMBERED {
            all.pop_front();
        }
        all.push_back(Remembered { settings: settings.clone(), stamps, loaded: Arc::clone(&loaded) });
        Ok(loaded)
    }
}

fn stamps(settings: &Settings) -> [Stamp; 3] {
    let stamp = |path: &Path| {
        let about = std::fs::metadata(path).ok()?;
        Some((about.modified().ok()?, about.len()))
    };
    let ca = settings.ca.as_deref().and_then(stamp);
    match &settings.identity {
        Identity::Files { certificate, key } => [ca, stamp(certificate), stamp(key)],
        Identity::None | Identity::SelfSigned => [ca, None, None],
    }
}

fn load(settings: &Settings) -> Result<Arc<Tls>, Refused> {
    let refused = |part| move |error| Refused { part, error: Box::new(error) };
    let anchors = settings.ca.as_deref().map(|path| {
        let found = pem::certificates(path)?;
        Ok(Arc::new(Anchors::of(found, path.display().to_string())))
    });
    let anchors = anchors.transpose().map_err(refused(Part::Ca))?;
    if let Some(name) = &settings.server_name {
        server_name(name).map_err(refused(Part::ServerName))?;
    }
    alpn(&settings.alpn).map_err(refused(Part::Alpn))?;
    let identity = match &settings.identity {
        Identity::None | Identity::SelfSigned => None,
        Identity::Files { certificate, key } => Some(identity(certificate, key)?),
    };
    if settings.client_certs != ClientCerts::None && anchors.is_none() {
        let error =
            OpError::new("check", "client certificates", "choose the CA file that they are checked against");
        return Err(Refused { part: Part::ClientCerts, error: Box::new(error) });
    }
    let key_log = settings.key_log.as_deref().map(KeyLogFile::new).transpose().map_err(refused(Part::KeyLog))?;
    Ok(Arc::new(Tls {
        settings: settings.clone(),
        anchors,
        identity,
        key_log: key_log.map(Arc::new),
        ..Tls::default()
    }))
}

fn identity(certificate: &Path, key: &Path) -> Result<Shown, Refused> {
    let part = |part| move |error| Refused { part, error: Box::new(error) };
    let chain = pem::certificates(certificate).map_err(part(Part::Certificate))?;
    let secret = pem::key(key).map_err(part(Part::Key))?;
    let error = match CertifiedKey::from_der(chain.clone(), secret.clone_key(), &provider()) {
        Ok(_) => return Ok(Shown { chain, key: secret }),
        Err(Error::InconsistentKeys(_)) => OpError::new(
            "read",
            key.display(),
            format!("this key does not belong to the certificate in {}", certificate.display()),
        )
        .advise("choose the key that the certificate was made with; in a chain the own certificate comes first"),
        Err(error) => OpError::new("read", key.display(), format!("this key can't be used: {error}"))
            .advise("RSA with 2048 bits and more, ECDSA on P-256 and P-384, and Ed25519 are known"),
    };
    Err(Refused { part: Part::Key, error: Box::new(error) })
}

/// A host name or an IP address, as certificates have them.
pub(super) fn server_name(text: &str) -> Result<ServerName<'static>, OpError> {
    // A scope is this machine's own business, and in no certificate; nor is the dot at the end of a name.
    let bare = text.split('%').next().unwrap_or_default();
    let bare = bare.strip_suffix('.').unwrap_or(bare);
    ServerName::try_from(bare.to_owned()).map_err(|_| {
        OpError::new("start TLS", text, "this is no name that a certificate can be for")
            .advise("set the server name to a host name or an IP address")
    })
}

fn alpn(protocols: &[String]) -> Result<(), OpError> {
    let wrong = |reason: String| Err(OpError::new("check", "ALPN", reason));
    if let Some(bad) = protocols.iter().find(|name| name.is_empty() || name.len() > 255) {
        return wrong(format!("a protocol's name has 1 to 255 bytes, and this one has {}", bad.len()));
    }
    if protocols.iter().map(|name| name.len() + 1).sum::<usize>() > LONGEST_ALPN {
        return wrong("these are too many protocols".to_owned());
    }
    Ok(())
}

fn versions(min: Version) -> &'static [&'static SupportedProtocolVersion] {
    static BOTH: [&SupportedProtocolVersion; 2] = [&rustls::version::TLS13, &rustls::version::TLS12];
    match min {
        Version::V12 => &BOTH,
        Version::V13 => &BOTH[..1],
    }
}

fn failed(error: &Error) -> OpError {
    OpError::new("start TLS", "", error.to_string())
}

fn protocols(tls: &Tls) -> Vec<Vec<u8>> {
    tls.settings.alpn.iter().map(|name| name.clone().into_bytes()).collect()
}

/// What the client end needs, and what it sees of servers.
pub(super) fn client(tls: &Tls) -> Result<(Arc<ClientConfig>, Arc<Watch>), OpError> {
    let anchors = match &tls.anchors {
        Some(anchors) => Some(Arc::clone(anchors)),
        None if tls.settings.verify => Some(Anchors::of_system()?),
        None => Anchors::of_system().ok(),
    };
    let watch = Arc::new(Watch::default());
    let check = ServerCheck { anchors, verify: tls.settings.verify, watch: Arc::clone(&watch) };
    let builder = ClientConfig::builder_with_provider(provider())
        .with_protocol_versions(versions(tls.settings.min))
        .map_err(|error| failed(&error))?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(check));
    let mut config = match tls.identity.clone() {
        Some(shown) => builder.with_client_auth_cert(shown.chain, shown.key).map_err(|error| failed(&error))?,
        None => builder.with_no_client_auth(),
    };
    config.alpn_protocols = protocols(tls);
    // Each connection is to show its whole handshake.
    config.resumption = rustls::client::Resumption::disabled();
    if let Some(log) = &tls.key_log {
        config.key_log = Arc::clone(log) as Arc<dyn rustls::KeyLog>;
    }
    Ok((Arc::new(config), watch))
}

/// What the server end needs, and what it sees of clients.
pub(super) fn server(tls: &Tls) -> Result<(Arc<ServerConfig>, Arc<Watch>), OpError> {
    let shown = tls.shown()?;
    let watch = Arc::new(Watch::default());
    let builder = ServerConfig::builder_with_provider(provider())
        .with_protocol_versions(versions(tls.settings.min))
        .map_err(|error| failed(&error))?;
    let builder = match (tls.settings.client_certs, &tls.anchors) {
        (ClientCerts::Optional | ClientCerts::Required, Some(anchors)) => {
            let inner = WebPkiClientVerifier::builder_with_provider(Arc::clone(&anchors.store), provider());
            let inner = match tls.settings.client_certs {
                ClientCerts::Optional => inner.allow_unauthenticated(),
                _ => inner,
            };
            let inner = inner.build().map_err(|error| {
                OpError::new("read", &anchors.origin, format!("no client can be checked against this: {error}"))
            })?;
            builder.with_client_cert_verifier(Arc::new(ClientCheck { inner, watch: Arc::clone(&watch) }))
        }
        _ => builder.with_no_client_auth(),
    };
    let mut config = builder.with_single_cert(shown.chain, shown.key).map_err(|error| failed(&error))?;
    config.alpn_protocols = protocols(tls);
    // Each connection is to show its whole handshake; and tickets that a client does not read before it closes would
    // make its system reset the connection.
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.send_tls13_tickets = 0;
    if let Some(log) = &tls.key_log {
        config.key_log = Arc::clone(log) as Arc<dyn rustls::KeyLog>;
    }
    Ok((Arc::new(config), watch))
}

impl Tls {
    /// The certificate that a server shows.
    fn shown(&self) -> Result<Shown, OpError> {
        match (&self.identity, &self.settings.identity) {
            (Some(shown), _) => Ok(shown.clone()),
            (None, Identity::SelfSigned) => self_signed().map(super::SelfSigned::shown),
            (None, _) => Err(OpError::new("start TLS", "", "a server needs a certificate, and none is chosen")
                .advise("choose a certificate and its key, or the self-signed one")),
        }
    }

    /// What is recorded when a server starts with this: its certificate, and whether secrets are written.
    pub(in crate::engine) fn opening(&self) -> Vec<String> {
        let chain = self.shown().map(|shown| shown.chain).unwrap_or_default();
        let mut told = super::certificate::chain("this server's", &chain);
        told.extend(self.key_log.as_ref().map(|log| log.note()));
        told
    }
}
