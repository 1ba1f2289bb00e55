//! What went wrong in a handshake, or after it, in words.

use rustls::pki_types::CertificateDer;
use rustls::{AlertDescription, Error, PeerIncompatible};

use super::Role;
use super::refusal::{self, Told};
use crate::error::OpError;

/// The other end, in words.
pub(super) fn other(role: &Role) -> &'static str {
    match role {
        Role::Client(_) => "server",
        Role::Server => "client",
    }
}

/// What rustls says, as an error about the peer `subject`; `chain` is what the peer showed, where it did.
pub(super) fn error(role: &Role, error: &Error, chain: &[CertificateDer<'_>], is_handshake: bool) -> OpError {
    let whose = other(role);
    let (message, advice) = match error {
        Error::InvalidCertificate(error) => told(refusal::words(whose, error, chain)),
        Error::AlertReceived(alert) => alerted(whose, *alert),
        Error::NoCertificatesPresented => told((
            "the client showed no certificate, and one is required".to_owned(),
            "give the client a certificate, or make them optional".to_owned(),
        )),
        Error::NoApplicationProtocol => told((
            format!("the {whose} offers none of the protocols that were chosen here (ALPN)"),
            "choose one that it offers, or leave the protocols empty".to_owned(),
        )),
        Error::PeerIncompatible(reason) => told(incompatible(whose, reason)),
        Error::InvalidMessage(reason) => {
            (format!("the {whose} sent what is no TLS: {}", spaced(&format!("{reason:?}"))), None)
        }
        Error::DecryptError => {
            (format!("a record of the {whose} can't be decrypted: it was changed on its way"), None)
        }
        Error::PeerMisbehaved(reason) => {
            (format!("the {whose} broke the rules of TLS: {}", spaced(&format!("{reason:?}"))), None)
        }
        other => (other.to_string(), None),
    };
    let error = OpError::new(if is_handshake { "start TLS" } else { "receive" }, "", message);
    match advice {
        Some(advice) => error.advise(advice),
        None => error,
    }
}

fn told((message, advice): Told) -> (String, Option<String>) {
    (message, Some(advice))
}

fn incompatible(whose: &str, reason: &PeerIncompatible) -> Told {
    use PeerIncompatible as P;
    match reason {
        P::ServerDoesNotSupportTls12Or13
        | P::ServerTlsVersionIsDisabledByOurConfig
        | P::SupportedVersionsExtensionRequired
        | P::Tls12NotOffered
        | P::Tls12NotOfferedOrEnabled
        | P::Tls13RequiredForQuic => (
            format!("the {whose} speaks none of the TLS versions that are allowed here"),
            "lower the minimum version to 1.2; older ones are not spoken".to_owned(),
        ),
        P::NoCipherSuitesInCommon => (
            format!("no cipher suite is known to both this end and the {whose}"),
            format!(
                "the {whose} knows old ones only: it needs an update, or a certificate with another kind of key"
            ),
        ),
        P::NoKxGroupsInCommon => (
            format!("no key exchange is known to both this end and the {whose}"),
            format!("the {whose} needs X25519, P-256 or P-384"),
        ),
        other => (
            format!("the {whose} can't be agreed with: {}", spaced(&format!("{other:?}"))),
            format!("look at what the {whose} supports: openssl s_client -connect HOST:PORT"),
        ),
    }
}

/// The alert that the peer sent (RFC 8446 §6).
fn alerted(whose: &str, alert: AlertDescription) -> (String, Option<String>) {
    use AlertDescription as A;
    let advice = match alert {
        A::CertificateRequired => "it wants a certificate of this end: choose one with its key",
        A::UnknownCA => "it does not trust the authority of this end's certificate: give it that certificate",
        A::CertificateUnknown | A::BadCertificate | A::UnsupportedCertificate => {
            "it refused this end's certificate; its own log says why"
        }
        A::CertificateExpired => "this end's certificate has expired: get a new one",
        A::ProtocolVersion => "it speaks none of the TLS versions that are allowed here: lower the minimum version",
        A::HandshakeFailure => {
            "nothing that both ends know: it may want a certificate of this end, or know old cipher suites only"
        }
        A::NoApplicationProtocol => "it knows none of the protocols that were offered (ALPN): choose others",
        A::UnrecognisedName => "it serves no host of that name: check the server name",
        _ => "",
    };
    let advice = (!advice.is_empty()).then(|| advice.to_owned());
    (format!("the {whose} ended TLS with the alert `{}`", alert_name(alert)), advice)
}

/// As RFC 8446 writes it: `unknown_ca`.
fn alert_name(alert: AlertDescription) -> String {
    match alert {
        AlertDescription::UnknownCA => "unknown_ca".to_owned(),
        AlertDescription::UnknownPSKIdentity => "unknown_psk_identity".to_owned(),
        AlertDescription::UnrecognisedName => "unrecognized_name".to_owned(),
        AlertDescription::Unknown(number) => format!("number {number}"),
        other => spaced(&format!("{other:?}")).replace(' ', "_"),
    }
}

/// `NoCipherSuitesInCommon` as `no cipher suites in common`.
fn spaced(name: &str) -> String {
    let mut text = String::with_capacity(name.len() + 8);
    for c in name.chars() {
        if c.is_ascii_uppercase() && !text.is_empty() && !text.ends_with([' ', '(']) {
            text.push(' ');
        }
        text.push(c.to_ascii_lowercase());
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(received: AlertDescription, expected: &str) {
        let told = error(&Role::Server, &Error::AlertReceived(received), &[], true);
        assert_eq!(told.message, format!("the client ended TLS with the alert `{expected}`"));
    }

    #[test]
    fn alerts_have_their_names_of_the_standard() {
        check(AlertDescription::UnknownCA, "unknown_ca");
        check(AlertDescription::CertificateRequired, "certificate_required");
        check(AlertDescription::HandshakeFailure, "handshake_failure");
        check(AlertDescription::Unknown(200), "number 200");
    }
}
