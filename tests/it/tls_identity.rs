//! Whose certificate is told of which connection, while several handshakes go on at once.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, ServerConfig, ServerConnection};
use sockscope::engine::tls::{ClientCerts, Identity, Settings};
use sockscope::journal::{ConnId, Detail};

use crate::bench::{Bench, Tab, patient, peer, server};
use crate::tls_bench::{Authority, client, notes, secure, shown};

/// The most bytes of a record of a client: its last one then has a part of its Finished, and of nothing else.
const SMALL: usize = 40;

fn provider() -> Arc<rustls::crypto::CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}

/// Hands what came to `connection`, until it has something to say.
#[track_caller]
fn hear(connection: &mut rustls::Connection, stream: &mut TcpStream) {
    while !connection.wants_write() {
        assert!(connection.read_tls(stream).unwrap() > 0, "the peer ended");
        connection.process_new_packets().unwrap();
    }
}

/// What `connection` has to say.
fn words(connection: &mut rustls::Connection) -> Vec<u8> {
    let mut bytes = Vec::new();
    while connection.wants_write() {
        connection.write_tls(&mut bytes).unwrap();
    }
    bytes
}

/// A client with a certificate, and a connection on which everything of its handshake but the last record is sent; that
/// record.
fn without_its_last_record(
    authority: &Authority,
    identity: &Identity,
    address: std::net::SocketAddr,
) -> (TcpStream, Vec<u8>) {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(authority.ca()).unwrap()).unwrap();
    let (chain, key) = shown(identity);
    let config = ClientConfig::builder_with_provider(provider()).with_safe_default_protocol_versions().unwrap();
    let mut config = config.with_root_certificates(roots).with_client_auth_cert(chain, key).unwrap();
    config.max_fragment_size = Some(SMALL);
    let name = ServerName::try_from("localhost").unwrap();
    let mut connection = ClientConnection::new(Arc::new(config), name).unwrap().into();
    let mut stream = peer(address);
    stream.write_all(&words(&mut connection)).unwrap();
    hear(&mut connection, &mut stream);
    while connection.is_handshaking() {
        hear(&mut connection, &mut stream);
    }
    let flight = words(&mut connection);
    let (mut at, mut last) = (0, 0);
    while at < flight.len() {
        last = at;
        at += 5 + usize::from(u16::from_be_bytes([flight[at + 3], flight[at + 4]]));
    }
    stream.write_all(&flight[..last]).unwrap();
    (stream, flight[last..].to_vec())
}

fn notes_of(tab: &Tab, conn: ConnId) -> String {
    let note = |detail| match detail {
        Detail::Note(text) => Some(text),
        _ => None,
    };
    tab.details(Some(conn)).into_iter().filter_map(note).collect::<Vec<_>>().join("\n")
}

/// One client showed its certificate and then keeps silent; another one without a certificate is not taken for it.
#[test]
fn a_client_is_not_taken_for_another_one() {
    let (bench, authority) = (Bench::new(), Authority::new());
    let alice = authority.issue("alice.pem", |params| {
        params.distinguished_name.push(rcgen::DnType::CommonName, "alice");
        params.extended_key_usages = vec![rcgen::ExtendedKeyUsagePurpose::ClientAuth];
    });
    let identity = authority.issue("server.pem", |_| {});
    let client_certs = ClientCerts::Optional;
    let settings = Settings { identity, client_certs, ca: Some(authority.ca()), ..Settings::default() };
    let (tab, address) = bench.listen(secure(&settings));

    let (mut first, last) = without_its_last_record(&authority, &alice, address);
    let first_conn = bench.conn(&tab, first.local_addr().unwrap());
    let mut second = client(address, &std::fs::read_to_string(authority.ca()).unwrap());
    second.write_all(b"hello").unwrap();
    let second_conn = bench.conn(&tab, second.sock.local_addr().unwrap());
    bench.received(&tab, second_conn, b"hello");
    let told = notes_of(&tab, second_conn);
    assert!(told.contains("the client showed no certificate") && !told.contains("alice"), "{told}");

    first.write_all(&last).unwrap();
    bench.wait_for("the other handshake", || notes_of(&tab, first_conn).contains("is on").then_some(()));
    let told = notes_of(&tab, first_conn);
    assert!(told.contains("the client's certificate 1 of 1: CN=alice"), "{told}");
    assert!(told.contains("the client was checked"), "{told}");
}

/// A server of TLS 1.2, whose clients see its certificate one turn before the handshake is done.
fn old_server(identity: &Identity) -> Arc<ServerConfig> {
    let (chain, key) = shown(identity);
    let config = ServerConfig::builder_with_provider(provider());
    let config = config.with_protocol_versions(&[&rustls::version::TLS12]).unwrap();
    let mut config = config.with_no_client_auth().with_single_cert(chain, key).unwrap();
    config.send_tls13_tickets = 0;
    Arc::new(config)
}

/// The next client of `listener`, up to where it has checked the certificate and waits for the server's last words.
fn half(listener: &TcpListener, config: &Arc<ServerConfig>) -> (TcpStream, Vec<u8>) {
    let mut stream = patient(listener.accept().unwrap().0);
    let mut connection = ServerConnection::new(Arc::clone(config)).unwrap().into();
    hear(&mut connection, &mut stream);
    stream.write_all(&words(&mut connection)).unwrap();
    // Its answer tells that it has looked at the certificate.
    hear(&mut connection, &mut stream);
    (stream, words(&mut connection))
}

/// Verification is off, and two handshakes go on at once: neither server is told to have been checked.
#[test]
fn what_was_not_checked_is_never_told_to_be() {
    let (bench, authority) = (Bench::new(), Authority::new());
    let config = old_server(&authority.self_signed("server.pem"));
    let (listener, address) = server();
    // Settings of this test alone: what was read is shared by all with the same ones.
    let settings = Settings { verify: false, alpn: vec!["overlapping".to_owned()], ..Settings::default() };
    let mut both = [bench.connect(address, secure(&settings)), bench.connect(address, secure(&settings))]
        .map(|tab| (tab, half(&listener, &config)));
    for (_, (stream, last)) in &mut both {
        stream.write_all(last).unwrap();
    }
    for (tab, (mut stream, _)) in both {
        bench.wait_for("the handshake", || notes(&tab).iter().any(|note| note.contains("is on")).then_some(()));
        let told = notes(&tab).join("\n");
        assert!(told.contains("the server's certificate 1 of 1"), "{told}");
        assert!(
            told.contains("the server was NOT checked to be 127.0.0.1: verification is switched off; it would")
        );
        assert!(!told.contains("was checked to be"), "{told}");
        bench.stop(&tab);
        stream.read_to_end(&mut Vec::new()).unwrap();
    }
}
