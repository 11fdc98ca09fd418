//! Chromium and its driver.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

use crate::{
    packages::{self, Need},
    sh::find,
};

/// What the browser tests need.
pub(crate) const NEED: Need = Need {
    name: "Chromium with chromedriver",
    packages: &["chromium", "chromium-driver"],
    is_met: || chromium().is_some() && chromedriver().is_some(),
};

/// The two programs.
#[derive(Debug)]
pub(crate) struct Browser {
    /// Chromium or Chrome.
    pub(crate) chromium: PathBuf,
    /// The driver of the same version.
    pub(crate) chromedriver: PathBuf,
}

/// Finds both, and installs them if needed.
pub(crate) fn prepare() -> Result<Browser> {
    packages::ensure(&[NEED])?;
    Ok(Browser {
        chromium: chromium().context("Chromium is not on the PATH")?,
        chromedriver: chromedriver().context("chromedriver is not on the PATH")?,
    })
}

fn chromium() -> Option<PathBuf> {
    let chosen = std::env::var_os("TEST_CHROMIUM").map(PathBuf::from);
    let names = [
        "chromium",
        "chromium-browser",
        "google-chrome",
        "google-chrome-stable",
    ];
    chosen.or_else(|| names.into_iter().find_map(find))
}

fn chromedriver() -> Option<PathBuf> {
    let named = std::env::var_os("TEST_CHROMEDRIVER").map(PathBuf::from);
    let elsewhere = Path::new("/usr/lib/chromium-browser/chromedriver");
    named
        .or_else(|| find("chromedriver"))
        .or_else(|| elsewhere.is_file().then(|| elsewhere.to_owned()))
}
