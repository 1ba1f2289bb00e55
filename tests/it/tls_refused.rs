//! Certificates that are refused, each with a sentence of its own, in the client's error and in the log with what was
//! shown.

use rcgen::{CertificateParams, ExtendedKeyUsagePurpose, date_time_ymd};
use sockscope::engine::tls::{Identity, Settings};

use crate::bench::Bench;
use crate::tls_bench::{Authority, notes, secure};

/// A client that trusts `authority` is refused by what `identity` is, and says so.
#[track_caller]
fn check(authority: &Authority, identity: Identity, sentence: &str, advice: &str) {
    let bench = Bench::new();
    let (listens, address) = bench.listen(secure(&Settings { identity, ..Settings::default() }));
    let tab = bench.connect(address, secure(&Settings { ca: Some(authority.ca()), ..Settings::default() }));
    bench.send(&tab, sockscope::engine::Target::All, "a secret").ok();
    let error = bench.over(&tab).expect_err("it is refused");
    assert!(error.message.contains(sentence), "{error}");
    assert!(error.advice.as_ref().is_some_and(|told| told.contains(advice)), "{error}");
    assert_eq!(error.op, "start TLS");
    assert_eq!(tab.errors(), [error], "the log has it too");
    assert!(notes(&tab).iter().any(|note| note.contains("the server's certificate 1 of 1")), "{:?}", notes(&tab));
    // The other end hears why, and no payload.
    let told = bench.wait_for("the alert", || listens.errors().pop());
    assert!(told.message.contains("the client ended TLS with the alert"), "{told}");
    assert_eq!(listens.journal.status().received.bytes, 0);
}

#[track_caller]
fn check_issued(change: impl FnOnce(&mut CertificateParams), sentence: &str, advice: &str) {
    let authority = Authority::new();
    let identity = authority.issue("server.pem", change);
    check(&authority, identity, sentence, advice);
}

#[test]
fn an_expired_one() {
    let past = |params: &mut CertificateParams| {
        (params.not_before, params.not_after) = (date_time_ymd(2001, 1, 1), date_time_ymd(2002, 2, 3));
    };
    let sentence = "the server's certificate has expired: it was valid until 2002-02-03 00:00:00Z";
    check_issued(past, sentence, "must renew it");
}

#[test]
fn one_that_is_not_valid_yet() {
    let future = |params: &mut CertificateParams| params.not_before = date_time_ymd(3001, 1, 1);
    let sentence = "the server's certificate is not valid yet: it will be from 3001-01-01 00:00:00Z";
    check_issued(future, sentence, "wait until then");
}

#[test]
fn one_for_another_host() {
    let other = |params: &mut CertificateParams| {
        params.subject_alt_names = vec![rcgen::SanType::DnsName("example.org".try_into().expect("a name"))];
    };
    let sentence = "the server's certificate is for another host than 127.0.0.1: it is for example.org";
    check_issued(other, sentence, "set the server name");
}

#[test]
fn a_self_signed_one() {
    let authority = Authority::new();
    let identity = authority.self_signed("self.pem");
    let sentence = "the server's certificate is self-signed: nobody but itself says who that is";
    check(&authority, identity, sentence, "choose it as CA file");
}

#[test]
fn one_of_an_unknown_authority() {
    let (authority, unknown) = (Authority::new(), Authority::named("Nobody known"));
    let identity = unknown.issue("server.pem", |_| {});
    let sentence =
        "the server's certificate is issued by CN=Nobody known, and no trusted authority stands behind that";
    check(&authority, identity, sentence, "send the whole chain");
}

#[test]
fn one_without_a_subject_alternative_name() {
    let none = |params: &mut CertificateParams| params.subject_alt_names.clear();
    let sentence =
        "the server's certificate has no subject alternative name, so it is for no host, not for 127.0.0.1";
    check_issued(none, sentence, "RFC 9525");
}

#[test]
fn one_for_clients_only() {
    let clients = |params: &mut CertificateParams| {
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    };
    let sentence = "the server's certificate may be used by clients only, not by a server";
    check_issued(clients, sentence, "serverAuth");
}

/// Somebody took the name of an authority, and not its key.
#[test]
fn one_of_a_false_authority() {
    let (authority, fake) = (Authority::new(), Authority::new());
    let identity = fake.issue("server.pem", |_| {});
    let sentence = "the server's certificate is not signed by the key of its issuer";
    check(&authority, identity, sentence, "another authority has the same name");
}

/// The same certificate that nobody signed is taken from who chose it: a file of one's own is trust enough.
#[test]
fn a_self_signed_one_that_was_chosen_is_taken_and_checked_further() {
    let authority = Authority::new();
    let identity = authority.self_signed("self.pem");
    let bench = Bench::new();
    let (_listens, address) = bench.listen(secure(&Settings { identity, ..Settings::default() }));
    let chosen = Settings { ca: Some(authority.file("self.pem")), ..Settings::default() };
    let tab = bench.connect(address, secure(&chosen));
    bench.wait_for("a checked server", || notes(&tab).into_iter().find(|note| note.contains("was checked to be")));
    let other = Settings { server_name: Some("example.org".into()), ..chosen };
    let tab = bench.connect(address, secure(&other));
    let error = bench.over(&tab).expect_err("another name");
    assert!(error.message.contains("for another host than example.org: it is for localhost, 127.0.0.1"), "{error}");
}
