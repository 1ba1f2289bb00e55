//! Who is trusted, and the check of a peer's certificate. What was checked is kept, so that it can be shown also where it
//! was refused.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{verify_server_cert_signed_by_trust_anchor, verify_server_name};
use rustls::crypto::{verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{CertificateError, DigitallySignedStruct, DistinguishedName, Error, RootCertStore, SignatureScheme};

use super::{certificate, once, provider};
use crate::error::OpError;

/// Certificates that are trusted, and those that they signed.
#[derive(Debug)]
pub(super) struct Anchors {
    pub(super) store: Arc<RootCertStore>,
    /// Those of a chosen file: a server that shows one of them itself is trusted too.
    exact: Vec<CertificateDer<'static>>,
    /// Where they are from, in words.
    pub(super) origin: String,
}

impl Anchors {
    /// Those of a file.
    pub(super) fn of(certificates: Vec<CertificateDer<'static>>, origin: String) -> Self {
        let mut store = RootCertStore::empty();
        // What can't be an anchor can still be shown by a server itself.
        store.add_parsable_certificates(certificates.iter().cloned());
        Self { store: Arc::new(store), exact: certificates, origin }
    }

    /// Those that this system trusts; read until that worked once.
    ///
    /// # Errors
    ///
    /// When there are none.
    pub(super) fn of_system() -> Result<Arc<Self>, OpError> {
        static SYSTEM: OnceLock<Arc<Anchors>> = OnceLock::new();
        once(&SYSTEM, read_system).cloned()
    }
}

fn read_system() -> Result<Arc<Anchors>, OpError> {
    let found = rustls_native_certs::load_native_certs();
    let mut store = RootCertStore::empty();
    store.add_parsable_certificates(found.certs);
    if store.is_empty() {
        let reason = match found.errors.first() {
            Some(error) => format!("the certificates that this system trusts can't be read: {error}"),
            None => "this system trusts no certificates at all".to_owned(),
        };
        return Err(
            OpError::new("read", "", reason).advise("install them (Debian: ca-certificates), or choose a CA file")
        );
    }
    Ok(Arc::new(Anchors { store: Arc::new(store), exact: Vec::new(), origin: "this system".to_owned() }))
}

/// What a peer showed in the part of a handshake that was just handed to rustls. All connections of some settings share
/// it: who handed that part on takes it before anybody else hands on another one.
#[derive(Debug, Default)]
pub(super) struct Watch(Mutex<Seen>);

/// A peer's certificates.
#[derive(Clone, Debug, Default)]
pub(super) struct Seen {
    pub(super) chain: Vec<CertificateDer<'static>>,
    /// Why it would have been refused, had it been checked.
    pub(super) unchecked: Option<Result<(), CertificateError>>,
}

impl Watch {
    /// What was shown since the last call.
    pub(super) fn take(&self) -> Seen {
        std::mem::take(&mut self.lock())
    }

    fn keep(&self, own: &CertificateDer<'_>, others: &[CertificateDer<'_>]) {
        let all = std::iter::once(own).chain(others).map(|der| der.clone().into_owned());
        *self.lock() = Seen { chain: all.collect(), unchecked: None };
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Seen> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How a client checks a server.
#[derive(Debug)]
pub(super) struct ServerCheck {
    /// `None`: nobody is trusted, which matters only where it is checked.
    pub(super) anchors: Option<Arc<Anchors>>,
    /// Off: everybody is taken for who they say they are.
    pub(super) verify: bool,
    pub(super) watch: Arc<Watch>,
}

impl ServerCheck {
    fn check(
        &self,
        own: &CertificateDer<'_>,
        others: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        now: UnixTime,
    ) -> Result<(), Error> {
        let parsed = ParsedCertificate::try_from(own)?;
        let algorithms = provider().signature_verification_algorithms.all;
        let empty = RootCertStore::empty();
        let store = self.anchors.as_ref().map_or(&empty, |anchors| &anchors.store);
        match verify_server_cert_signed_by_trust_anchor(&parsed, store, others, now, algorithms) {
            Err(error) if is_about_issuer(&error) && self.is_exact(own) => lone(own, now)?,
            checked => checked?,
        }
        verify_server_name(&parsed, name)
    }

    fn is_exact(&self, own: &CertificateDer<'_>) -> bool {
        self.anchors.as_ref().is_some_and(|anchors| anchors.exact.iter().any(|known| known == own))
    }
}

/// Whether only the issuer stands against a certificate. One that is an authority too is refused by name of that; tools
/// such as `openssl req -x509` make all theirs like that.
fn is_about_issuer(error: &Error) -> bool {
    matches!(error, Error::InvalidCertificate(CertificateError::UnknownIssuer))
        || super::refusal::is_authority(error)
}

/// The checks that are left for a certificate that is itself trusted: its time and its use.
fn lone(own: &CertificateDer<'_>, time: UnixTime) -> Result<(), Error> {
    let Some(certificate) = certificate::parse(own) else {
        return Err(CertificateError::BadEncoding.into());
    };
    let seconds = |at: i64| UnixTime::since_unix_epoch(std::time::Duration::from_secs(at.try_into().unwrap_or(0)));
    let validity = certificate.validity();
    let not_before = seconds(validity.not_before.timestamp());
    let not_after = seconds(validity.not_after.timestamp());
    if time.as_secs() < not_before.as_secs() {
        return Err(CertificateError::NotValidYetContext { time, not_before }.into());
    }
    if time.as_secs() > not_after.as_secs() {
        return Err(CertificateError::ExpiredContext { time, not_after }.into());
    }
    match certificate.extended_key_usage() {
        Ok(Some(usage)) if !usage.value.server_auth && !usage.value.any => {
            Err(CertificateError::InvalidPurpose.into())
        }
        Ok(_) => Ok(()),
        Err(_) => Err(CertificateError::BadEncoding.into()),
    }
}

impl ServerCertVerifier for ServerCheck {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        self.watch.keep(end_entity, intermediates);
        let checked = self.check(end_entity, intermediates, server_name, now);
        if !self.verify {
            let refused = checked.map_err(|error| match error {
                Error::InvalidCertificate(error) => error,
                _ => CertificateError::BadEncoding,
            });
            self.watch.lock().unchecked = Some(refused);
            return Ok(ServerCertVerified::assertion());
        }
        checked.map(|()| ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, cert, dss, &provider().signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, cert, dss, &provider().signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        provider().signature_verification_algorithms.supported_schemes()
    }
}

/// How a server checks its clients: as rustls does, and keeps what they showed.
#[derive(Debug)]
pub(super) struct ClientCheck {
    pub(super) inner: Arc<dyn ClientCertVerifier>,
    pub(super) watch: Arc<Watch>,
}

impl ClientCertVerifier for ClientCheck {
    fn offer_client_auth(&self) -> bool {
        self.inner.offer_client_auth()
    }

    fn client_auth_mandatory(&self) -> bool {
        self.inner.client_auth_mandatory()
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        self.inner.root_hint_subjects()
    }

    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        self.watch.keep(end_entity, intermediates);
        self.inner.verify_client_cert(end_entity, intermediates, now)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.inner.verify_tls12_signature(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.inner.verify_tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.inner.supported_verify_schemes()
    }
}
