//! The section *TLS*: certificates, who is trusted, and what is agreed on.

use egui::{ComboBox, RichText, Ui};

use crate::app::SocketAction;
use crate::app::tab::{Kind, SocketTab};
use crate::app::tls::CertificateFile;
use crate::endpoint::Scheme;
use crate::engine::tls::{ClientCerts, Version, self_signed};
use crate::form::{Errors, Field, TlsForm};
use crate::ui::theme::{self, Tone};
use crate::ui::widgets::{complaint, field, labeled, name_field, remark};

/// Shows the section where there are connections.
pub(super) fn show(ui: &mut Ui, tab: &mut SocketTab, actions: &mut Vec<SocketAction>) {
    if tab.kind == Kind::Udp {
        return;
    }
    let is_on = tab.form.kind() == Scheme::Tls;
    let errors = tab.errors.clone();
    let is_wrong = errors.keys().any(|field| TlsForm::FIELDS.contains(field));
    let header = egui::CollapsingHeader::new("TLS").id_salt((tab.id, "tls", is_on)).default_open(is_on);
    header.open(is_wrong.then_some(true)).show_unindented(ui, |ui| {
        if !is_on {
            ui.weak("For tls endpoints, and for connections that are switched to TLS (STARTTLS).");
        }
        let form = &mut tab.switches.tls;
        match tab.kind {
            Kind::Client => client(ui, form, &errors),
            _ => server(ui, form, &mut tab.certificate, &errors, actions),
        }
        both(ui, form, &errors);
    });
}

fn client(ui: &mut Ui, form: &mut TlsForm, errors: &Errors) {
    ui.checkbox(&mut form.no_verify, "Do not check the server")
        .on_hover_text("Takes every server for who it says it is. For one session only: it is off when that ends, and never stored");
    if form.no_verify {
        let bad = theme::color(Tone::Bad, ui.visuals().dark_mode);
        let words = "Verification is off: anybody in between can read and change everything.";
        ui.add(egui::Label::new(RichText::new(words).color(bad).strong()).wrap());
    }
    field(ui, "CA file", &mut form.ca, "as this system trusts", errors.get(&Field::TlsCa))
        .on_hover_text("A PEM file of the certificates that are trusted, in place of the system's");
    field(ui, "Server name", &mut form.server_name, "as the host", errors.get(&Field::TlsServerName))
        .on_hover_text("The name that is sent (SNI) and that the certificate must be for");
    field(ui, "Certificate", &mut form.certificate, "none", errors.get(&Field::TlsCertificate))
        .on_hover_text("A PEM file of this client's certificate chain, for servers that ask for one");
    field(ui, "Key", &mut form.key, "in the same file", errors.get(&Field::TlsKey))
        .on_hover_text("A PEM file of the certificate's key");
}

fn server(
    ui: &mut Ui,
    form: &mut TlsForm,
    file: &mut CertificateFile,
    errors: &Errors,
    actions: &mut Vec<SocketAction>,
) {
    field(ui, "Certificate", &mut form.certificate, "self-signed", errors.get(&Field::TlsCertificate))
        .on_hover_text(
            "A PEM file of this server's certificate chain; without one, a certificate made on the spot",
        );
    field(ui, "Key", &mut form.key, "in the same file", errors.get(&Field::TlsKey))
        .on_hover_text("A PEM file of the certificate's key");
    if form.certificate.trim().is_empty() && form.key.trim().is_empty() {
        made(ui, file, actions);
    }
    labeled(ui, "Clients", |ui| {
        let words = |asked: ClientCerts| match asked {
            ClientCerts::None => "need no certificate",
            ClientCerts::Optional => "may show a certificate",
            ClientCerts::Required => "must show a certificate",
        };
        let list = ComboBox::from_id_salt("client certs").width(ui.available_width());
        let list = list.selected_text(words(form.client_certs)).show_ui(ui, |ui| {
            for asked in [ClientCerts::None, ClientCerts::Optional, ClientCerts::Required] {
                ui.selectable_value(&mut form.client_certs, asked, words(asked));
            }
        });
        name_field(ui, &list.response, "Client certificates");
        list.response
    });
    complaint(ui, errors.get(&Field::TlsClientCerts));
    if form.client_certs != ClientCerts::None || !form.ca.is_empty() {
        field(ui, "CA file", &mut form.ca, "file.pem", errors.get(&Field::TlsCa))
            .on_hover_text("A PEM file of the certificates against which those of clients are checked");
    }
}

/// The certificate that was made on the spot.
fn made(ui: &mut Ui, file: &mut CertificateFile, actions: &mut Vec<SocketAction>) {
    match self_signed() {
        Ok(made) => {
            remark(ui, &format!("SHA-256 {}", made.sha256()), ui.visuals().weak_text_color());
            ui.horizontal(|ui| {
                ui.add_space(theme::LABEL_WIDTH + ui.spacing().item_spacing.x);
                let words = "Save it as a PEM file, for clients that are to trust it";
                if ui.button("Save certificate…").on_hover_text(words).clicked() {
                    actions.push(SocketAction::SaveCertificate);
                }
            });
            saving(ui, file, actions);
        }
        Err(error) => remark(ui, &error.to_string(), ui.visuals().error_fg_color),
    }
}

/// How saving it goes.
fn saving(ui: &mut Ui, file: &mut CertificateFile, actions: &mut Vec<SocketAction>) {
    match file {
        CertificateFile::Path(path) => {
            field(ui, "File", &mut path.path, "file.pem", None);
            remark(ui, &path.note, ui.visuals().weak_text_color());
            if ui.button("Save certificate").clicked() {
                actions.push(SocketAction::SaveCertificateHere);
            }
        }
        CertificateFile::Over(Ok(words)) => remark(ui, words, ui.visuals().weak_text_color()),
        CertificateFile::Over(Err(words)) => remark(ui, words, ui.visuals().error_fg_color),
        CertificateFile::Idle | CertificateFile::Dialog(_) | CertificateFile::Busy(..) => {}
    }
}

fn both(ui: &mut Ui, form: &mut TlsForm, errors: &Errors) {
    labeled(ui, "Oldest", |ui| {
        let words = |version: Version| match version {
            Version::V12 => "TLS 1.2",
            Version::V13 => "TLS 1.3",
        };
        let list = ComboBox::from_id_salt("oldest").width(ui.available_width()).selected_text(words(form.min));
        let list = list.show_ui(ui, |ui| {
            for version in [Version::V12, Version::V13] {
                ui.selectable_value(&mut form.min, version, words(version));
            }
        });
        name_field(ui, &list.response, "Oldest version");
        list.response
    });
    field(ui, "Protocols", &mut form.alpn, "none, or h2, http/1.1", errors.get(&Field::TlsAlpn))
        .on_hover_text("What is offered or taken by ALPN, in order of preference, with commas between");
    field(ui, "Key log", &mut form.key_log, "off, or a file", errors.get(&Field::TlsKeyLog)).on_hover_text(
        "Appends the secrets of the connections to this file (SSLKEYLOGFILE), for Wireshark. Whoever has it can read \
         them. For one session only: it is off when that ends, and never stored",
    );
}
