//! The options of TLS.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::engine::tls::{ClientCerts, Version};
use crate::form::TlsForm;

/// How TLS is spoken, with tls:// or after `starttls`.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "TLS")]
pub(in crate::headless) struct TlsArguments {
    /// Trust the certificates of this PEM file, in place of the system's
    #[arg(long, value_name = "FILE")]
    ca: Option<PathBuf>,
    /// Do not check who the server is
    #[arg(long)]
    no_verify: bool,
    /// Send and check this name, in place of the endpoint's
    #[arg(long, value_name = "NAME")]
    server_name: Option<String>,
    /// Offer these protocols, such as h2,http/1.1
    #[arg(long, value_name = "LIST")]
    alpn: Option<String>,
    /// Show this certificate chain, PEM
    #[arg(long, value_name = "FILE", conflicts_with = "self_signed")]
    cert: Option<PathBuf>,
    /// Its key, PEM; else it is in the file of --cert
    #[arg(long, value_name = "FILE", requires = "cert")]
    key: Option<PathBuf>,
    /// Show a certificate made on the spot (a server)
    #[arg(long)]
    self_signed: bool,
    /// Save the self-signed certificate to this file, for clients that are to trust it
    #[arg(long, value_name = "FILE", requires = "self_signed")]
    pub(in crate::headless) save_cert: Option<PathBuf>,
    /// Speak no older version
    #[arg(long, value_enum, default_value_t, value_name = "VERSION")]
    min_tls: Oldest,
    /// Ask clients for certificates, and check them against --ca
    #[arg(long, value_enum, default_value_t, value_name = "WHETHER")]
    client_certs: Asked,
    /// Append the secrets of the connections to this file (SSLKEYLOGFILE): whoever has it can read them
    #[arg(long, value_name = "FILE")]
    key_log: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, Default, ValueEnum)]
enum Oldest {
    #[default]
    #[value(name = "1.2")]
    V12,
    #[value(name = "1.3")]
    V13,
}

#[derive(Clone, Copy, Debug, Default, ValueEnum)]
enum Asked {
    #[default]
    None,
    Optional,
    Required,
}

impl TlsArguments {
    /// The same as it is typed in the window.
    pub(in crate::headless) fn form(&self) -> TlsForm {
        let text = |path: &Option<PathBuf>| {
            path.as_ref().map_or_else(String::new, |path| path.to_string_lossy().into_owned())
        };
        TlsForm {
            ca: text(&self.ca),
            no_verify: self.no_verify,
            server_name: self.server_name.clone().unwrap_or_default(),
            alpn: self.alpn.clone().unwrap_or_default(),
            certificate: text(&self.cert),
            key: text(&self.key),
            self_signed: self.self_signed,
            min: match self.min_tls {
                Oldest::V12 => Version::V12,
                Oldest::V13 => Version::V13,
            },
            client_certs: match self.client_certs {
                Asked::None => ClientCerts::None,
                Asked::Optional => ClientCerts::Optional,
                Asked::Required => ClientCerts::Required,
            },
            key_log: text(&self.key_log),
        }
    }
}
