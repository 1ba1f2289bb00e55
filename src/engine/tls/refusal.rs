//! Why a certificate was refused, in plain words, and what to do about it.

use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, Error};

use super::certificate;

/// A sentence and an advice.
pub(super) type Told = (String, String);

/// Whether a certificate was refused because it is an authority's, not a server's or client's own.
pub(super) fn is_authority(error: &Error) -> bool {
    matches!(error, Error::InvalidCertificate(error) if is_authority_error(error))
}

fn is_authority_error(error: &CertificateError) -> bool {
    // rustls passes on what its library says, and has no name of its own for it.
    matches!(error, CertificateError::Other(other) if other.0.to_string().contains("CaUsedAsEndEntity"))
}

/// Why the certificate of `whose` ("server" or "client") was refused; `chain` is what was shown, its own first.
pub(super) fn words(whose: &str, error: &CertificateError, chain: &[CertificateDer<'_>]) -> Told {
    use CertificateError as E;
    let own = chain.first().and_then(|der| certificate::parse(der));
    let is_self_signed = own.as_ref().is_some_and(certificate::is_self_issued);
    match error {
        E::ExpiredContext { not_after, .. } => expired(whose, Some(*not_after)),
        E::Expired => expired(whose, None),
        E::NotValidYetContext { not_before, .. } => not_yet(whose, Some(*not_before)),
        E::NotValidYet => not_yet(whose, None),
        E::NotValidForNameContext { expected, presented } => wrong_name(whose, Some(expected), presented),
        E::NotValidForName => wrong_name(whose, None, &[]),
        E::InvalidPurpose | E::InvalidPurposeContext { .. } => wrong_purpose(whose),
        E::UnknownIssuer if is_self_signed => self_signed(whose),
        _ if is_self_signed && is_authority_error(error) => self_signed(whose),
        E::UnknownIssuer => {
            let issuer = own.map_or_else(|| "somebody".to_owned(), |own| certificate::name(own.issuer()));
            (
                format!(
                    "the {whose}'s certificate is issued by {issuer}, and no trusted authority stands behind that"
                ),
                format!("choose the authority's certificate as CA file, or have the {whose} send the whole chain"),
            )
        }
        _ if is_authority_error(error) => (
            format!("the {whose}'s certificate is that of an authority, and no {whose}'s own"),
            format!("the {whose} needs a certificate that the authority issued to it"),
        ),
        E::Revoked => (format!("the {whose}'s certificate was revoked"), "its owner must get a new one".to_owned()),
        E::BadSignature => (
            format!("the {whose}'s certificate is not signed by the key of its issuer"),
            "it was changed, or another authority has the same name".to_owned(),
        ),
        E::BadEncoding => (
            format!("the {whose}'s certificate is damaged"),
            "openssl x509 -text shows what can be read of it".to_owned(),
        ),
        other => (
            format!("the {whose}'s certificate can't be accepted: {other}"),
            "its owner must get another one".to_owned(),
        ),
    }
}

fn time(time: UnixTime) -> String {
    certificate::seconds(i64::try_from(time.as_secs()).unwrap_or(i64::MAX))
}

fn expired(whose: &str, until: Option<UnixTime>) -> Told {
    let until = until.map_or_else(String::new, |at| format!(": it was valid until {}", time(at)));
    (
        format!("the {whose}'s certificate has expired{until}"),
        "its owner must renew it; if it is not that old, check this machine's clock".to_owned(),
    )
}

fn not_yet(whose: &str, from: Option<UnixTime>) -> Told {
    let from = from.map_or_else(String::new, |at| format!(": it will be from {}", time(at)));
    (
        format!("the {whose}'s certificate is not valid yet{from}"),
        "wait until then; if that time has come, check this machine's clock".to_owned(),
    )
}

fn wrong_name(whose: &str, expected: Option<&ServerName<'_>>, presented: &[String]) -> Told {
    let expected = expected.map_or_else(|| "that name".to_owned(), |name| name.to_str().into_owned());
    if presented.is_empty() {
        return (
            format!(
                "the {whose}'s certificate has no subject alternative name, so it is for no host, not for {expected}"
            ),
            "a common name (CN) alone no longer counts (RFC 9525): its owner must get one with names".to_owned(),
        );
    }
    // rustls shows them as it keeps them: DnsName("…"), IpAddress(…).
    let names: Vec<_> = presented.iter().map(|name| bare(name)).collect();
    (
        format!(
            "the {whose}'s certificate is for another host than {expected}: {}",
            certificate::list("it is for ", &names)
        ),
        "connect by a name that is in it, or set the server name to one".to_owned(),
    )
}

fn bare(name: &str) -> String {
    match name.split_once('(') {
        Some((_, inner)) => inner.trim_end_matches(')').trim_matches('"').to_owned(),
        None => name.to_owned(),
    }
}

fn wrong_purpose(whose: &str) -> Told {
    let (may_not, usage) = match whose {
        "server" => ("may be used by clients only, not by a server", "serverAuth"),
        _ => ("may not be used by a client", "clientAuth"),
    };
    (
        format!("the {whose}'s certificate {may_not}: its extended key usage has no {usage}"),
        format!("its owner must get one for that use ({usage}, RFC 5280 §4.2.1.12)"),
    )
}

fn self_signed(whose: &str) -> Told {
    (
        format!("the {whose}'s certificate is self-signed: nobody but itself says who that is"),
        "if it is yours, save it as PEM and choose it as CA file".to_owned(),
    )
}
