//! PEM files (RFC 7468), and what is wrong with them.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use rustls::pki_types::pem::{Error as PemError, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

use crate::error::OpError;

/// The largest file that is read, in bytes: 4 MiB. A system's whole list of authorities has 0.2.
const LARGEST: u64 = 4 << 20;

/// The most certificates of one file.
const MOST: usize = 10_000;

/// The certificates of a file, at least one.
///
/// # Errors
///
/// Which file, and what is wrong with it.
pub(super) fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, OpError> {
    let text = read(path)?;
    let mut found = Vec::new();
    for certificate in CertificateDer::pem_slice_iter(&text) {
        let number = found.len() + 1;
        let certificate = certificate.map_err(|error| bad(path, &format!("certificate {number}"), &error))?;
        if super::certificate::parse(&certificate).is_none() {
            let reason = format!("certificate {number} of this file is damaged: it is no X.509 certificate");
            return Err(OpError::new("read", path.display(), reason));
        }
        found.push(certificate);
        if found.len() > MOST {
            return Err(OpError::new("read", path.display(), format!("more than {MOST} certificates")));
        }
    }
    if found.is_empty() { Err(nothing(path, &text, "certificate", "BEGIN CERTIFICATE")) } else { Ok(found) }
}

/// The key of a file, of which PKCS #8, PKCS #1 and SEC 1 are known.
///
/// # Errors
///
/// Which file, and what is wrong with it.
pub(super) fn key(path: &Path) -> Result<PrivateKeyDer<'static>, OpError> {
    let text = read(path)?;
    if contains(&text, "BEGIN ENCRYPTED PRIVATE KEY") || contains(&text, "Proc-Type: 4,ENCRYPTED") {
        return Err(OpError::new("read", path.display(), "the key is encrypted with a password")
            .advise("decrypt it first: openssl pkey -in FILE -out PLAIN"));
    }
    match PrivateKeyDer::from_pem_slice(&text) {
        Ok(key) => Ok(key),
        Err(PemError::NoItemsFound) => Err(nothing(path, &text, "private key", "BEGIN PRIVATE KEY")),
        Err(error) => Err(bad(path, "the key", &error)),
    }
}

fn read(path: &Path) -> Result<Vec<u8>, OpError> {
    let error = |error: &std::io::Error| OpError::io("read", path.display(), error);
    // A pipe would be waited for without end.
    let about = std::fs::metadata(path).map_err(|cause| error(&cause))?;
    if !about.is_file() {
        let what = if about.is_dir() { "that is a folder, not a file" } else { "that is not a regular file" };
        return Err(OpError::new("read", path.display(), what));
    }
    let mut text = Vec::new();
    let file = File::open(path).map_err(|cause| error(&cause))?;
    file.take(LARGEST + 1).read_to_end(&mut text).map_err(|cause| error(&cause))?;
    if text.len() as u64 > LARGEST {
        return Err(OpError::new("read", path.display(), "more than 4 MiB: that is no file of certificates"));
    }
    Ok(text)
}

fn contains(text: &[u8], what: &str) -> bool {
    memchr::memmem::find(text, what.as_bytes()).is_some()
}

/// A file in which there is no `what`.
fn nothing(path: &Path, text: &[u8], what: &str, mark: &str) -> OpError {
    let advice = if text.first() == Some(&0x30) {
        // A SEQUENCE (X.690 §8.9): what DER begins with.
        "it seems to be DER: turn it into PEM with openssl x509 -inform der, or openssl pkey -inform der".to_owned()
    } else if contains(text, "BEGIN CERTIFICATE") {
        "there is a certificate in it: the key is in another file".to_owned()
    } else if contains(text, "PRIVATE KEY-----") {
        "there is a key in it: the certificate is in another file".to_owned()
    } else {
        format!("a PEM file has a line -----{mark}-----")
    };
    OpError::new("read", path.display(), format!("there is no {what} in this file")).advise(advice)
}

fn bad(path: &Path, what: &str, error: &PemError) -> OpError {
    let reason = match error {
        PemError::MissingSectionEnd { .. } => "its END line is missing".to_owned(),
        PemError::IllegalSectionStart { .. } => "its BEGIN line is damaged".to_owned(),
        PemError::Base64Decode(reason) => format!("it is not base64: {}", reason.to_lowercase()),
        other => other.to_string(),
    };
    OpError::new("read", path.display(), format!("{what} of this file is damaged: {reason}"))
}
