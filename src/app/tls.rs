//! The self-signed certificate on its way to a file, for clients that are to trust it.

use std::path::PathBuf;

use crossbeam_channel::Receiver;

use super::asking::{Answer, Ask, AskPath, Dialog, PathField, in_home, proposed_path};
use super::stored::{in_background, outcome};
use super::wake::Wake;
use crate::engine::tls::self_signed;
use crate::error::OpError;
use crate::export;

/// The proposed name of the file.
const NAME: &str = "sockscope-certificate.pem";

/// Where saving is.
#[derive(Debug, Default)]
pub enum CertificateFile {
    /// Nowhere.
    #[default]
    Idle,
    /// The desktop's dialog is open.
    Dialog(Dialog),
    /// The path is typed in the window.
    Path(PathField),
    /// The file is being written.
    Busy(PathBuf, Receiver<Result<(), OpError>>),
    /// How it went.
    Over(Result<String, String>),
}

impl CertificateFile {
    /// Save… was pressed.
    pub(super) fn ask(&mut self, ask_path: &AskPath, wake: &Wake) {
        if matches!(self, Self::Dialog(_) | Self::Busy(..)) {
            return;
        }
        let kinds = vec![("Certificate (PEM)".to_owned(), vec!["pem"])];
        let ask = Ask { title: "Save certificate", save_as: Some(NAME.to_owned()), kinds };
        *self = match Dialog::open(ask, ask_path, wake) {
            Ok(dialog) => Self::Dialog(dialog),
            Err(error) => Self::Over(Err(error.to_string())),
        };
    }

    /// The button at the path field was pressed: an existing file is replaced only when it is pressed twice.
    pub(super) fn save_typed(&mut self, wake: &Wake) {
        if let Self::Path(field) = self {
            let path = PathBuf::from(field.path.trim());
            if !path.as_os_str().is_empty() && field.may_write(&path, "Save certificate") {
                self.save(&path, wake);
            }
        }
    }

    fn save(&mut self, path: &std::path::Path, wake: &Wake) {
        let path = in_home(path);
        let to = path.clone();
        let write = move || export::put(&to, self_signed()?.pem().as_bytes());
        *self = match in_background(wake, write) {
            Ok(made) => Self::Busy(path, made),
            Err(error) => Self::Over(Err(error.to_string())),
        };
    }

    /// Looks how far it is.
    pub(super) fn poll(&mut self, wake: &Wake) {
        match self {
            Self::Dialog(dialog) => match dialog.poll() {
                None => {}
                Some(Answer::Path(path)) => self.save(&path, wake),
                Some(Answer::Canceled) => *self = Self::Idle,
                Some(Answer::NoDialog(note)) => *self = Self::Path(PathField::new((), proposed_path(NAME), note)),
            },
            Self::Busy(path, made) => {
                if let Some(result) = outcome(made) {
                    let saved = format!("Saved to {}", path.display());
                    *self = Self::Over(result.map(|()| saved).map_err(|error| error.to_string()));
                }
            }
            Self::Idle | Self::Path(_) | Self::Over(_) => {}
        }
    }
}
