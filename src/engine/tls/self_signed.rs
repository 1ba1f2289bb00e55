//! A certificate made on the spot: for this machine's names, signed by itself, and gone with the program.

use std::sync::OnceLock;

use jiff::{Span, Timestamp, tz::TimeZone};
use rcgen::{CertificateParams, DnType, ExtendedKeyUsagePurpose, KeyPair, KeyUsagePurpose};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};

use super::{Shown, certificate};
use crate::error::OpError;

/// How long it is good: a year and some days, which is what programs take.
const DAYS: i64 = 397;

/// The certificate and its key. There is one for the whole run of the program, so that a client that trusts it goes on
/// to trust it.
#[derive(Debug)]
pub struct SelfSigned {
    der: CertificateDer<'static>,
    pem: String,
    key: KeyPair,
}

impl SelfSigned {
    /// The certificate as PEM, for clients that are to trust it. The key is not in it.
    pub fn pem(&self) -> &str {
        &self.pem
    }

    /// Its SHA-256, as programs show it: `AB:CD:…`.
    pub fn sha256(&self) -> String {
        certificate::sha256(&self.der)
    }

    pub(super) fn shown(&self) -> Shown {
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(self.key.serialize_der()));
        Shown { chain: vec![self.der.clone()], key }
    }

    fn make() -> Result<Self, rcgen::Error> {
        let mut names = vec!["localhost".to_owned(), "127.0.0.1".to_owned(), "::1".to_owned()];
        let host = hostname::get().ok().and_then(|name| name.into_string().ok());
        // A name that has no place in a certificate is left out.
        names
            .extend(host.filter(|name| *name != names[0] && rustls::pki_types::DnsName::try_from(&**name).is_ok()));
        let mut params = CertificateParams::new(names)?;
        params.distinguished_name.push(DnType::CommonName, "Sockscope self-signed");
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        let today = Timestamp::now().to_zoned(TimeZone::UTC).date();
        let day = |days: i64| {
            let date = today.saturating_add(Span::new().days(days));
            rcgen::date_time_ymd(date.year().into(), date.month().unsigned_abs(), date.day().unsigned_abs())
        };
        // A clock that is a day behind takes it too.
        (params.not_before, params.not_after) = (day(-1), day(DAYS));
        let key = KeyPair::generate()?;
        let made = params.self_signed(&key)?;
        Ok(Self { der: made.der().clone(), pem: made.pem(), key })
    }
}

/// The self-signed certificate; made when it is first asked for.
///
/// # Errors
///
/// When the system has no random numbers.
pub fn self_signed() -> Result<&'static SelfSigned, OpError> {
    static MADE: OnceLock<Result<SelfSigned, OpError>> = OnceLock::new();
    let make = || SelfSigned::make().map_err(|error| OpError::new("make", "certificate", error.to_string()));
    MADE.get_or_init(make).as_ref().map_err(OpError::clone)
}
