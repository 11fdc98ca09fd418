//! Small helpers that make the errors of loading.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use crate::error::{Result, TrainerError};

/// "The model at `path` cannot be used, because ..."
pub(super) fn refuse(path: &Path, reason: impl Into<String>) -> TrainerError {
    TrainerError::Model {
        path: path.to_path_buf(),
        reason: reason.into(),
    }
}

/// The same for files that cannot be read at all.
pub(super) fn unreadable(path: &Path, source: std::io::Error) -> TrainerError {
    TrainerError::Io {
        action: "cannot read",
        path: path.to_path_buf(),
        source,
    }
}

/// Reads a small text file.
pub(super) fn read_text(path: &Path) -> Result<String> {
    std::fs::read_to_string(path).map_err(|source| unreadable(path, source))
}

/// Runs a foreign parser that is known to panic on some damaged input, and turns that into an error.
pub(super) fn guarded<T, E: ToString>(
    path: &Path,
    what: &str,
    parse: impl FnOnce() -> Result<T, E>,
) -> Result<T> {
    match catch_unwind(AssertUnwindSafe(parse)) {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(error)) => Err(refuse(
            path,
            format!("{what} cannot be read: {}", error.to_string()),
        )),
        Err(_) => Err(refuse(
            path,
            format!("{what} is damaged; download the model again"),
        )),
    }
}
