//! Messages saved by Packet Sender: its `packets.ini`, a file of Qt's `QSettings`.
//!
//! `[NAMES]` lists the names of the packets; each packet is a section, or part of one where its name has a slash. Keys
//! are written with `%20` and `%U4F60`, values with the escapes of C and `\x4f60`, and `@ByteArray(…)` around bytes.
//! Taken are `name`, `hexString`, `tcpOrUdp`, `toIP`, `port` and `requestPath`.

mod settings;

use super::{Import, Saved};
use crate::endpoint::{Endpoint, Host, Port, Scheme};
use crate::message::Message;
use crate::payload::{self, Format};
use settings::{Entry, Settings};

/// The group that the messages go to.
const GROUP: &str = "Packet Sender";

/// Words that Packet Sender replaces when it sends.
const MACROS: [&str; 5] = ["{{TIME}}", "{{DATE}}", "{{UNIXTIME}}", "{{RANDOM}}", "{{UNIQUE}}"];

/// The messages in a file.
pub fn read(bytes: &[u8]) -> Import {
    let mut import = Import::default();
    let settings = Settings::read(bytes);
    for line in &settings.bad_lines {
        import.bad.push(*line, "", "this line is no section, no key and no comment".to_owned());
    }
    let packets = settings.packets();
    if packets.is_empty() && import.bad.count == 0 && !bytes.is_empty() {
        import.bad.push(1, "", "there is no packet in this file".to_owned());
    }
    for (packet, listed) in &packets {
        let line = settings.get(packet, "hexString").map_or(*listed, |entry| entry.line);
        match saved(&settings, packet, &mut import) {
            Ok(message) => import.keep(line, GROUP, message),
            Err((at, reason)) => import.bad.push(at.unwrap_or(line), packet, reason),
        }
    }
    import
}

/// A packet as a message; else what is wrong with it, and on which line, where that is not the one of its bytes.
fn saved(settings: &Settings, packet: &str, import: &mut Import) -> Result<Saved, (Option<usize>, String)> {
    let Some(hex) = settings.get(packet, "hexString") else {
        return Err((None, "it is listed, and has no hexString".to_owned()));
    };
    let body = payload::parse(&hex.value, Format::Hex).map_err(|error| {
        let column = payload::column(&hex.value, error.position);
        (None, format!("hexString, character {column}: {}", error.reason))
    })?;
    let text = |key: &str| settings.get(packet, key).map_or("", |entry| entry.value.trim());
    let kind = text("tcpOrUdp").to_ascii_lowercase();
    let name = settings.get(packet, "name").map_or_else(|| packet.to_owned(), |entry| entry.value.clone());
    let mut remark = |words: &str| import.remarks.push(hex.line, packet, words.to_owned());
    let scheme = match kind.as_str() {
        "udp" | "dtls" => Scheme::Udp,
        _ => Scheme::Tcp,
    };
    if matches!(kind.as_str(), "ssl" | "dtls") || kind.starts_with("https") {
        remark("Packet Sender encrypts it; here it is sent as it stands");
    }
    let body = match kind.as_str() {
        "" | "tcp" | "udp" | "ssl" | "dtls" => body,
        http if http.starts_with("http") => request(http, text("requestPath"), text("toIP"), &body),
        _ => {
            let line = settings.get(packet, "tcpOrUdp").map(|entry| entry.line);
            return Err((line, format!("{kind:?} is not TCP, UDP, SSL, DTLS or HTTP")));
        }
    };
    if MACROS.iter().any(|word| memchr::memmem::find(&body, word.as_bytes()).is_some()) {
        remark("its {{…}} are sent as they stand: write them as variables");
    }
    let seconds = settings.get(packet, "repeat").map_or(0.0, seconds);
    if seconds > 0.0 {
        remark(&format!("Packet Sender repeats it every {seconds} s: press Repeat for that"));
    }
    let target =
        target(scheme, settings.get(packet, "toIP"), settings.get(packet, "port")).unwrap_or_else(|words| {
            remark(&words);
            None
        });
    Ok(Saved { name, message: message(&body), target, ..Saved::default() })
}

/// Bytes in the notation in which a person reads them best; both are exact.
fn message(body: &[u8]) -> Message {
    let readable = |text: &str| text.chars().all(|c| !c.is_control() || matches!(c, '\r' | '\n' | '\t'));
    let (text, format) = match std::str::from_utf8(body) {
        Ok(text) if readable(text) => (payload::escape(body), Format::Escaped),
        _ => (payload::hex(body), Format::Hex),
    };
    Message { text, format, ..Message::default() }
}

/// The request that Packet Sender makes of a path and a body (RFC 9112 §3).
fn request(kind: &str, path: &str, host: &str, body: &[u8]) -> Vec<u8> {
    let post = kind.contains("post");
    let method = if post { "POST" } else { "GET" };
    let slash = if path.starts_with('/') { "" } else { "/" };
    let mut request = format!("{method} {slash}{path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n");
    if post {
        request += &format!("Content-Length: {}\r\n", body.len());
    }
    request += "\r\n";
    let mut request = request.into_bytes();
    if post {
        request.extend_from_slice(body);
    }
    request
}

fn target(scheme: Scheme, host: Option<&Entry>, port: Option<&Entry>) -> Result<Option<Endpoint>, String> {
    let (Some(host), Some(port)) = (host, port) else { return Ok(None) };
    let (host, port) = (host.value.trim(), port.value.trim());
    if host.is_empty() || port.is_empty() || port == "0" {
        return Ok(None);
    }
    let host = host.parse::<Host>().map_err(|error| format!("it has no target: {}", error.reason))?;
    let port = port.parse::<Port>().map_err(|error| format!("it has no target: {}", error.reason))?;
    Ok(Some(Endpoint::new(scheme, host, port)))
}

/// The interval in seconds: a number, or a float as Qt writes it.
fn seconds(entry: &Entry) -> f32 {
    if let Ok(seconds) = entry.value.trim().parse::<f32>() {
        return if seconds.is_finite() { seconds } else { 0.0 };
    }
    // The type, 135 (Qt 5) or 38 (Qt 6) for a float, and its bytes, the most significant first.
    let inner = entry.value.strip_prefix("@Variant(").and_then(|rest| rest.strip_suffix(')')).unwrap_or_default();
    let bytes: Option<Vec<u8>> = inner.chars().map(|c| u8::try_from(u32::from(c)).ok()).collect();
    match bytes.as_deref() {
        Some([0, 0, 0, 0x87 | 0x26, a, b, c, d]) => {
            let seconds = f32::from_be_bytes([*a, *b, *c, *d]);
            if seconds.is_finite() { seconds } else { 0.0 }
        }
        _ => 0.0,
    }
}

#[cfg(test)]
mod tests;
