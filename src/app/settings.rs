//! What a person set once and expects to find again: a small TOML file in the user's configuration folder.

use std::path::{Path, PathBuf};

use etcetera::BaseStrategy;
use serde::{Deserialize, Serialize};

use super::stored;
use crate::error::OpError;
use crate::journal::{Digesting, Limits};

/// Light or dark.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Theme {
    /// As the desktop says.
    #[default]
    System,
    /// Light.
    Light,
    /// Dark.
    Dark,
}

impl Theme {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::System, Self::Light, Self::Dark];

    /// The word on the control.
    pub const fn name(self) -> &'static str {
        match self {
            Self::System => "System",
            Self::Light => "Light",
            Self::Dark => "Dark",
        }
    }
}

/// The smallest and the largest memory limit of a session, or of all of them, in MiB.
pub const MEMORY_MIB: std::ops::RangeInclusive<u64> = 4..=16_384;

/// How much the logs of all tabs hold together by default, in MiB: all three at their default limits fit.
const ALL_MEMORY_MIB: u64 = 1_024;

/// The smallest and the largest number of records of a session.
pub const RECORDS: std::ops::RangeInclusive<u64> = 1_000..=200_000_000;

/// The smallest size; the largest depends on the window.
pub const SMALLEST_ZOOM: f32 = 0.5;

/// The settings.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Settings {
    /// Light or dark.
    pub theme: Theme,
    /// How much the log of one tab may hold, in MiB.
    pub memory_mib: u64,
    /// How many records the log of one tab may hold.
    pub records: u64,
    /// How much the logs of all tabs may hold together, in MiB.
    pub all_memory_mib: u64,
    /// Whether the digests of all connections are kept even where that slows traffic down.
    pub always_digest: bool,
    /// The size of everything, 1.0 is the desktop's own.
    pub zoom: f32,
}

impl Default for Settings {
    fn default() -> Self {
        let limits = Limits::default();
        Self {
            theme: Theme::default(),
            memory_mib: limits.bytes >> 20,
            records: limits.records,
            all_memory_mib: ALL_MEMORY_MIB,
            always_digest: false,
            zoom: 1.0,
        }
    }
}

impl Settings {
    /// The journal's limits.
    pub fn limits(&self) -> Limits {
        Limits { bytes: self.memory_mib << 20, records: self.records }
    }

    /// What gives way where traffic is faster than its digests.
    pub fn digesting(&self) -> Digesting {
        if self.always_digest { Digesting::Always } else { Digesting::InTime }
    }

    fn in_range(mut self) -> Self {
        self.memory_mib = self.memory_mib.clamp(*MEMORY_MIB.start(), *MEMORY_MIB.end());
        self.records = self.records.clamp(*RECORDS.start(), *RECORDS.end());
        self.all_memory_mib = self.all_memory_mib.clamp(*MEMORY_MIB.start(), *MEMORY_MIB.end());
        self.zoom = if self.zoom.is_finite() { self.zoom.clamp(SMALLEST_ZOOM, 4.0) } else { 1.0 };
        self
    }
}

/// The file of the settings, where the system has a place for it.
pub fn path() -> Option<PathBuf> {
    let strategy = etcetera::choose_base_strategy().ok()?;
    Some(strategy.config_dir().join("sockscope").join("settings.toml"))
}

/// Reads the settings. A file that is not there is no error.
///
/// # Errors
/// What is wrong with the file; the defaults hold then, and a damaged file is kept aside.
pub fn load(path: &Path) -> Result<Settings, OpError> {
    let settings = stored::load::<Settings>("settings", path).map(Option::unwrap_or_default);
    settings.map(Settings::in_range).map_err(|error| error.advise("the defaults are used"))
}

/// Writes the settings, whole or not at all.
///
/// # Errors
/// Why they could not be written.
pub fn store(path: &Path, settings: &Settings) -> Result<(), OpError> {
    let text =
        toml::to_string(settings).map_err(|error| OpError::new("settings", path.display(), error.to_string()))?;
    stored::write("settings", path, text.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_stored_is_loaded() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("deeper/settings.toml");
        assert_eq!(load(&path), Ok(Settings::default()));
        let settings = Settings { theme: Theme::Dark, memory_mib: 64, zoom: 1.5, ..Settings::default() };
        store(&path, &settings).expect("stored");
        assert_eq!(load(&path), Ok(settings));
    }

    #[test]
    fn a_damaged_file_falls_back_with_a_reason() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("settings.toml");
        std::fs::write(&path, "theme = \"pink\"").expect("written");
        let error = load(&path).expect_err("pink is no theme").to_string();
        assert!(error.contains("pink") && error.contains("settings.toml.damaged"), "{error}");
        assert!(folder.path().join("settings.toml.damaged").exists(), "it is kept aside");
        std::fs::write(&path, "memory_mib = 1").expect("written");
        assert_eq!(load(&path).map(|settings| settings.memory_mib), Ok(4));
    }
}
