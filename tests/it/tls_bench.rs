//! What every test of TLS needs: certificates of all kinds, options with them, and peers of another making.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;
use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair,
    KeyUsagePurpose,
};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, ServerConfig, StreamOwned};
use sockscope::engine::Options;
use sockscope::engine::tls::{Identity, Settings, Tls};
use sockscope::journal::Detail;
use tempfile::TempDir;

use crate::bench::{Tab, peer};

/// An authority, and the folder where its files and those of its certificates are.
pub(crate) struct Authority {
    folder: TempDir,
    issuer: CertifiedIssuer<'static, KeyPair>,
}

impl Authority {
    pub(crate) fn new() -> Self {
        Self::named("Test authority")
    }

    pub(crate) fn named(name: &str) -> Self {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("ca.pem"), issuer.pem()).unwrap();
        Self { folder, issuer }
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The authority's own certificate.
    pub(crate) fn ca(&self) -> PathBuf {
        self.file("ca.pem")
    }

    /// A certificate for localhost, changed by `change`, and its key in one file.
    pub(crate) fn issue(&self, name: &str, change: impl FnOnce(&mut CertificateParams)) -> Identity {
        let mut params = params(&["localhost", "127.0.0.1"]);
        change(&mut params);
        let key = KeyPair::generate().unwrap();
        let made = params.signed_by(&key, &self.issuer).unwrap();
        self.keep(name, &made.pem(), &key)
    }

    /// A certificate that is signed by itself.
    pub(crate) fn self_signed(&self, name: &str) -> Identity {
        let key = KeyPair::generate().unwrap();
        let made = params(&["localhost", "127.0.0.1"]).self_signed(&key).unwrap();
        self.keep(name, &made.pem(), &key)
    }

    fn keep(&self, name: &str, certificate: &str, key: &KeyPair) -> Identity {
        let file = self.file(name);
        std::fs::write(&file, format!("{certificate}{}", key.serialize_pem())).unwrap();
        Identity::Files { certificate: file.clone(), key: file }
    }
}

fn params(names: &[&str]) -> CertificateParams {
    let names: Vec<_> = names.iter().map(|name| (*name).to_owned()).collect();
    let mut params = CertificateParams::new(names).unwrap();
    params.distinguished_name.push(DnType::CommonName, "localhost");
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params
}

/// Options of a session that speaks TLS from its first byte.
pub(crate) fn secure(settings: &Settings) -> Options {
    Options { secure: true, ..switching(settings) }
}

/// Options of a session that may switch to TLS.
pub(crate) fn switching(settings: &Settings) -> Options {
    Options { tls: Tls::load(settings).expect("settings"), ..Options::default() }
}

/// The settings of a server with the self-signed certificate.
pub(crate) fn own() -> Settings {
    Settings { identity: Identity::SelfSigned, ..Settings::default() }
}

/// The notes of a session.
pub(crate) fn notes(tab: &Tab) -> Vec<String> {
    let note = |detail| match detail {
        Detail::Note(text) => Some(text),
        _ => None,
    };
    tab.details(None).into_iter().filter_map(note).collect()
}

/// A client of the library, connected to `address`, that trusts the certificates in `ca`. Its handshake is made by the
/// first read or write.
pub(crate) fn client(address: SocketAddr, ca: &str) -> StreamOwned<ClientConnection, TcpStream> {
    over(peer(address), ca)
}

/// The same over a connection that is there.
pub(crate) fn over(stream: TcpStream, ca: &str) -> StreamOwned<ClientConnection, TcpStream> {
    let mut roots = RootCertStore::empty();
    roots.add(rustls::pki_types::CertificateDer::from_pem_slice(ca.as_bytes()).unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let config = config.with_root_certificates(roots).with_no_client_auth();
    let name = ServerName::try_from("localhost").unwrap();
    StreamOwned::new(ClientConnection::new(Arc::new(config), name).unwrap(), stream)
}

/// The certificate chain and the key of files.
pub(crate) fn shown(identity: &Identity) -> (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>) {
    let Identity::Files { certificate, key } = identity else { panic!("{identity:?}") };
    let chain = CertificateDer::pem_file_iter(certificate).unwrap().map(Result::unwrap).collect();
    (chain, PrivateKeyDer::from_pem_file(key).unwrap())
}

/// What a server of the library needs that a test plays.
pub(crate) fn server_config(identity: &Identity) -> Arc<ServerConfig> {
    let (chain, key) = shown(identity);
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let mut config = config.with_no_client_auth().with_single_cert(chain, key).unwrap();
    config.send_tls13_tickets = 0;
    Arc::new(config)
}

/// Says something, and hears exactly that many bytes.
#[track_caller]
pub(crate) fn says(stream: &mut (impl Read + Write), question: &str, answer: &str) {
    stream.write_all(question.as_bytes()).expect("written");
    let mut bytes = vec![0; answer.len()];
    stream.read_exact(&mut bytes).expect("an answer");
    assert_eq!(String::from_utf8_lossy(&bytes), answer);
}
