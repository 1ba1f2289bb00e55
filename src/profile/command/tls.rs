//! TLS in the words of each tool.

use super::python::text;
use super::{Outline, Place};
use crate::endpoint::Scheme;
use crate::engine::tls::{ClientCerts, Version};
use crate::form::{Form, TlsForm};
use crate::profile::Profile;

/// What is said where a tool needs a certificate in a file.
const MADE: &str = "the self-signed certificate is made by Sockscope: give this tool one of its own";

/// How a profile speaks TLS from its first byte, if it does.
pub(super) fn of(profile: &Profile) -> Option<TlsForm> {
    (profile.form.kind() == Scheme::Tls).then(|| profile.switches.tls.clone())
}

/// The scheme of what is opened over TCP.
pub(super) fn scheme(form: &Form) -> Scheme {
    if form.kind() == Scheme::Tls { Scheme::Tls } else { Scheme::Tcp }
}

/// The words of an option that has a value.
fn value(words: &mut Vec<String>, name: &str, value: &str) {
    if !value.trim().is_empty() {
        words.extend([name.to_owned(), value.trim().to_owned()]);
    }
}

/// The file of the key.
fn key(tls: &TlsForm) -> &str {
    if tls.key.trim().is_empty() { tls.certificate.trim() } else { tls.key.trim() }
}

/// What no other tool writes here.
fn remarks(tls: &TlsForm, remarks: &mut Vec<String>) {
    if !tls.key_log.trim().is_empty() {
        remarks.push("the key log is left out: set SSLKEYLOGFILE where the tool knows it".to_owned());
    }
}

/// The flags of Sockscope itself.
pub(super) fn sockscope(form: &Form, tls: &TlsForm) -> Vec<String> {
    let mut words = Vec::new();
    let listens = matches!(form, Form::Server(_));
    if matches!(form, Form::Udp(_)) {
        return words;
    }
    value(&mut words, "--ca", &tls.ca);
    if tls.no_verify && !listens {
        words.push("--no-verify".to_owned());
    }
    if !listens {
        value(&mut words, "--server-name", &tls.server_name);
    }
    value(&mut words, "--alpn", &tls.alpn);
    value(&mut words, "--cert", &tls.certificate);
    value(&mut words, "--key", &tls.key);
    if listens && form.kind() == Scheme::Tls && tls.self_signed && tls.certificate.trim().is_empty() {
        words.push("--self-signed".to_owned());
    }
    if tls.min == Version::V13 {
        value(&mut words, "--min-tls", "1.3");
    }
    match tls.client_certs {
        ClientCerts::None => {}
        ClientCerts::Optional => value(&mut words, "--client-certs", "optional"),
        ClientCerts::Required => value(&mut words, "--client-certs", "required"),
    }
    value(&mut words, "--key-log", &tls.key_log);
    words
}

/// The flags of ncat.
pub(super) fn ncat(outline: &Outline, told: &mut Vec<String>) -> Vec<String> {
    let mut words = Vec::new();
    let Some(tls) = &outline.tls else { return words };
    words.push("--ssl".to_owned());
    if !outline.is_server() {
        if !tls.no_verify {
            words.push("--ssl-verify".to_owned());
        }
        value(&mut words, "--ssl-trustfile", &tls.ca);
        value(&mut words, "--ssl-servername", &tls.server_name);
    }
    value(&mut words, "--ssl-alpn", &tls.alpn);
    value(&mut words, "--ssl-cert", &tls.certificate);
    value(&mut words, "--ssl-key", if tls.certificate.trim().is_empty() { "" } else { key(tls) });
    if tls.client_certs != ClientCerts::None {
        told.push("ncat asks no client for a certificate".to_owned());
    }
    if tls.min == Version::V13 {
        told.push("ncat has no switch for the oldest version".to_owned());
    }
    remarks(tls, told);
    words
}

/// The options of an address of socat, with a comma before each.
pub(super) fn socat(outline: &Outline, escaped: fn(&str) -> String, told: &mut Vec<String>) -> String {
    let Some(tls) = &outline.tls else { return String::new() };
    let mut options = String::new();
    let mut option = |name: &str, value: &str| {
        if !value.trim().is_empty() {
            options += &format!(",{name}={}", escaped(value.trim()));
        }
    };
    let checks = if outline.is_server() { tls.client_certs == ClientCerts::Required } else { !tls.no_verify };
    option("verify", if checks { "1" } else { "0" });
    option("cafile", &tls.ca);
    option("cert", &tls.certificate);
    option("key", if tls.certificate.trim().is_empty() { "" } else { key(tls) });
    if tls.min == Version::V13 {
        option("openssl-min-proto-version", "TLS1.3");
    }
    if outline.is_server() {
        if tls.certificate.trim().is_empty() {
            told.push(MADE.to_owned());
        }
        if tls.client_certs == ClientCerts::Optional {
            told.push("socat asks for client certificates always or never".to_owned());
        }
    } else {
        option("commonname", &tls.server_name);
        option("snihost", &tls.server_name);
    }
    if !tls.alpn.trim().is_empty() {
        told.push("socat has no switch for protocols (ALPN)".to_owned());
    }
    remarks(tls, told);
    options
}

/// The lines of Python that make its context, of a client or a server.
pub(super) fn context(outline: &mut Outline) -> Vec<String> {
    let is_server = outline.is_server();
    let Some(tls) = outline.tls.clone() else { return Vec::new() };
    let file = |path: &str| if path.trim().is_empty() { "None".to_owned() } else { text(path.trim()) };
    let mut lines = vec!["import ssl".to_owned()];
    if is_server {
        lines.push("context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)".to_owned());
        if tls.certificate.trim().is_empty() {
            outline.remarks.push(MADE.to_owned());
        }
    } else {
        lines.push(format!("context = ssl.create_default_context(cafile={})", file(&tls.ca)));
        if tls.no_verify {
            lines.push("context.check_hostname = False".to_owned());
            lines.push("context.verify_mode = ssl.CERT_NONE".to_owned());
        }
    }
    if !tls.certificate.trim().is_empty() {
        lines.push(format!("context.load_cert_chain({}, {})", file(&tls.certificate), text(key(&tls))));
    }
    if tls.min == Version::V13 {
        lines.push("context.minimum_version = ssl.TLSVersion.TLSv1_3".to_owned());
    }
    let protocols: Vec<_> = tls.alpn.split(',').map(str::trim).filter(|name| !name.is_empty()).map(text).collect();
    if !protocols.is_empty() {
        lines.push(format!("context.set_alpn_protocols([{}])", protocols.join(", ")));
    }
    match tls.client_certs {
        ClientCerts::None => {}
        asked => {
            let mode = if asked == ClientCerts::Required { "REQUIRED" } else { "OPTIONAL" };
            lines.push(format!("context.load_verify_locations({})", file(&tls.ca)));
            lines.push(format!("context.verify_mode = ssl.CERT_{mode}"));
        }
    }
    if !tls.key_log.trim().is_empty() {
        lines.push(format!("context.keylog_filename = {}", text(tls.key_log.trim())));
    }
    lines
}

/// The line of Python by which a client speaks TLS.
pub(super) fn wrapped(outline: &Outline, to: &Place) -> Option<String> {
    let tls = outline.tls.as_ref()?;
    let name = if tls.server_name.trim().is_empty() { to.bare() } else { tls.server_name.trim().to_owned() };
    Some(format!("conn = context.wrap_socket(conn, server_hostname={})", text(&name)))
}
