//! What a certificate says, in words (RFC 5280).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use sha2::{Digest, Sha256};
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::FromDer;
use x509_parser::time::ASN1Time;
use x509_parser::x509::X509Name;

use crate::figures;
use crate::payload::visible;

/// The most names that a sentence lists.
const NAMED: usize = 12;

/// The longest name that a sentence has, in characters.
const LONGEST: usize = 200;

/// The most certificates of a chain that are described; a peer may send 64 KiB of small ones.
const DESCRIBED: usize = 10;

/// Reads a certificate; `None` when it is none.
pub(super) fn parse(der: &[u8]) -> Option<X509Certificate<'_>> {
    X509Certificate::from_der(der).ok().filter(|(rest, _)| rest.is_empty()).map(|(_, certificate)| certificate)
}

/// The SHA-256 of a certificate: `AB:CD:…`.
pub(super) fn sha256(der: &[u8]) -> String {
    let bytes = Sha256::digest(der);
    bytes.iter().map(|byte| format!("{byte:02X}")).collect::<Vec<_>>().join(":")
}

/// What is recorded of a chain, one sentence for each certificate; `whose` it is.
pub(super) fn chain(whose: &str, chain: &[impl AsRef<[u8]>]) -> Vec<String> {
    let of = chain.len();
    let mut told: Vec<_> = chain
        .iter()
        .take(DESCRIBED)
        .enumerate()
        .map(|(at, der)| format!("{whose} certificate {} of {of}: {}", at + 1, describe(der.as_ref())))
        .collect();
    if of > DESCRIBED {
        told.push(format!("{whose} chain has {} more certificates", figures::count((of - DESCRIBED) as u64)));
    }
    told
}

/// Subject, issuer, validity, names and SHA-256.
fn describe(der: &[u8]) -> String {
    let Some(certificate) = parse(der) else {
        return format!("{} bytes that can't be read; SHA-256 {}", der.len(), sha256(der));
    };
    let names = names(&certificate);
    let names = if names.is_empty() { "no subject alternative name".to_owned() } else { list("for ", &names) };
    let (from, until) = (certificate.validity().not_before, certificate.validity().not_after);
    let issuer = match is_self_issued(&certificate) {
        true => "issued by itself".to_owned(),
        false => format!("issued by {}", name(certificate.issuer())),
    };
    format!(
        "{}; {issuer}; valid from {} to {}; {names}; SHA-256 {}",
        name(certificate.subject()),
        date(from),
        date(until),
        sha256(der)
    )
}

/// Whether its issuer is its subject: a root, or a self-signed one.
pub(super) fn is_self_issued(certificate: &X509Certificate<'_>) -> bool {
    certificate.issuer().as_raw() == certificate.subject().as_raw()
}

/// A distinguished name: `CN=example.org, O=Example`.
pub(super) fn name(name: &X509Name<'_>) -> String {
    let text = name.to_string();
    if text.is_empty() { "no name".to_owned() } else { clean(&text) }
}

/// The subject alternative names (RFC 5280 §4.2.1.6).
pub(super) fn names(certificate: &X509Certificate<'_>) -> Vec<String> {
    let Ok(Some(found)) = certificate.subject_alternative_name() else {
        return Vec::new();
    };
    found.value.general_names.iter().map(general_name).collect()
}

fn general_name(name: &GeneralName<'_>) -> String {
    match name {
        GeneralName::DNSName(name) | GeneralName::RFC822Name(name) | GeneralName::URI(name) => clean(name),
        GeneralName::IPAddress(bytes) => match (<[u8; 4]>::try_from(*bytes), <[u8; 16]>::try_from(*bytes)) {
            (Ok(bytes), _) => IpAddr::V4(Ipv4Addr::from(bytes)).to_string(),
            (_, Ok(bytes)) => IpAddr::V6(Ipv6Addr::from(bytes)).to_string(),
            _ => "a damaged IP address".to_owned(),
        },
        _ => "a name of another kind".to_owned(),
    }
}

/// A few of some names.
pub(super) fn list(before: &str, names: &[String]) -> String {
    let mut text = format!("{before}{}", names.iter().take(NAMED).cloned().collect::<Vec<_>>().join(", "));
    if names.len() > NAMED {
        text.push_str(&format!(" and {} more", figures::count((names.len() - NAMED) as u64)));
    }
    text
}

/// What a peer wrote, of bounded length, and with nothing that could move or hide what stands beside it.
fn clean(text: &str) -> String {
    visible::text(text.as_bytes(), LONGEST)
}

/// A time of a certificate, in UTC: `2026-11-21 03:05:00Z`.
fn date(time: ASN1Time) -> String {
    seconds(time.timestamp())
}

/// Seconds since 1970, in UTC: `2026-11-21 03:05:00Z`.
pub(super) fn seconds(seconds: i64) -> String {
    match jiff::Timestamp::from_second(seconds) {
        Ok(time) => time.strftime("%Y-%m-%d %H:%M:%SZ").to_string(),
        Err(_) => "a time that no clock can hold".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_certificate_says_hides_nothing_and_has_an_end() {
        let told = clean(&format!("a\u{202e}b\n{}", "x".repeat(10_000)));
        assert!(!told.contains(['\u{202e}', '\n']) && told.chars().count() < 300, "{told}");
        let key = rcgen::KeyPair::generate().expect("a key");
        let names: Vec<_> = (0..40).map(|number| format!("host{number}.example")).collect();
        let made = rcgen::CertificateParams::new(names).and_then(|params| params.self_signed(&key)).expect("made");
        let told = chain("the server's", &[made.der(); 12]);
        assert_eq!(told.len(), DESCRIBED + 1);
        assert!(told[0].contains("for host0.example, ") && told[0].contains("and 28 more"), "{}", told[0]);
        assert_eq!(told[10], "the server's chain has 2 more certificates");
    }

    #[test]
    fn bytes_that_are_no_certificate_are_told_as_such() {
        assert!(describe(b"no").starts_with("2 bytes that can't be read; SHA-256 "));
        assert_eq!(seconds(1795230300), "2026-11-21 03:05:00Z");
    }
}
