//! Where things are in the repository.

use std::path::{Path, PathBuf};

/// The repository's folder.
pub(crate) fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here).to_owned()
}

/// The folder of everything that is built.
///
/// A relative `CARGO_TARGET_DIR` means, as for cargo, relative to where the command was given.
pub(crate) fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(
        || root().join("target"),
        |dir| std::path::absolute(&dir).unwrap_or_else(|_| dir.into()),
    )
}

/// The folder of the built browser application.
pub(crate) fn assets() -> PathBuf {
    target().join("frontend")
}

/// The folder of hand-written pages, style sheets and icons.
pub(crate) fn statics() -> PathBuf {
    root().join("static")
}
