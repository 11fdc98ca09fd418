//! A compiler for WebAssembly: the usual one with rustup's target, or Debian's where rustup cannot
//! download.

mod debian;

use std::{ffi::OsString, path::PathBuf};

use anyhow::{Context as _, Result, bail};

use crate::sh::{find, sh};

/// The target's name.
pub(crate) const TARGET: &str = "wasm32-unknown-unknown";

/// Chooses the compiler: `usual` or `debian`; by default the first that works.
const CHOICE: &str = "TEMPER_WASM_COMPILER";

/// What cargo needs to know to build for WebAssembly.
#[derive(Debug, Default)]
pub(crate) struct Toolchain {
    /// Variables of the environment.
    pub(crate) env: Vec<(String, OsString)>,
    /// Tells the compilers' folders of build products apart; empty for the usual one.
    pub(crate) folder_suffix: &'static str,
}

/// Finds a compiler for WebAssembly, and makes one ready if needed.
pub(crate) fn prepare() -> Result<Toolchain> {
    let choice = std::env::var(CHOICE).unwrap_or_default();
    match choice.as_str() {
        "" | "usual" if usual_is_ready() || add_target() => Ok(Toolchain::default()),
        "" | "debian" => debian::prepare().context(
            "there is no compiler for WebAssembly. The usual way to get one is \
             `rustup target add wasm32-unknown-unknown`",
        ),
        "usual" => bail!("rustup could not add the target {TARGET}"),
        other => bail!("{CHOICE} is {other:?}; it must be `usual` or `debian`"),
    }
}

/// What there is, in words, without changing anything.
pub(crate) fn describe() -> &'static str {
    if usual_is_ready() {
        "there"
    } else if debian::is_ready() {
        "there (Debian's)"
    } else {
        "missing; rustup or Debian's packages will be asked for it"
    }
}

/// Whether the compiler on the PATH has the target's standard library.
fn usual_is_ready() -> bool {
    let folder = sh("rustc")
        .args(["--print", "target-libdir", "--target", TARGET])
        .read();
    folder.is_ok_and(|folder| has_library(&PathBuf::from(folder), "libcore-"))
}

fn add_target() -> bool {
    find("rustup").is_some() && sh("rustup").args(["target", "add", TARGET]).run().is_ok()
}

/// Whether a folder has a compiled library whose file name begins so.
fn has_library(folder: &std::path::Path, prefix: &str) -> bool {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return false;
    };
    entries.flatten().any(|entry| {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        name.starts_with(prefix) && name.ends_with(".rlib")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_without_its_library_is_not_ready() {
        let folder = tempfile::tempdir().unwrap();
        assert!(!has_library(folder.path(), "libcore-"));
        std::fs::write(folder.path().join("libcore-12ab.rlib"), "").unwrap();
        assert!(has_library(folder.path(), "libcore-"));
        assert!(!has_library(&folder.path().join("missing"), "libcore-"));
    }
}
