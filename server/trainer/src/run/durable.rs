//! Folders that are either whole or not there, whenever the power fails.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::error::{Result, TrainerError};

fn failed(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> TrainerError {
    let path = path.to_owned();
    move |source| TrainerError::Io {
        action,
        path,
        source,
    }
}

/// Writes a file and waits until the disk has it.
pub(super) fn write_file(path: &Path, bytes: &[u8]) -> Result<()> {
    let write = || {
        let mut file = File::create(path)?;
        file.write_all(bytes)?;
        file.sync_all()
    };
    write().map_err(failed("cannot write", path))
}

/// Reads a file.
pub(super) fn read_file(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).map_err(failed("cannot read", path))
}

/// Makes a folder and those above it.
pub(super) fn create_folder(path: &Path) -> Result<()> {
    fs::create_dir_all(path).map_err(failed("cannot create", path))
}

/// Removes a folder with all that is in it; one that is not there is fine.
pub(super) fn remove_folder(path: &Path) -> Result<()> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(failed("cannot remove", path)(error))
        }
        _ => Ok(()),
    }
}

/// Fills a folder through `fill` under a temporary name and then gives it its own, replacing one
/// that is there. If anything fails, what was there stays.
pub(super) fn replace_folder(path: &Path, fill: impl FnOnce(&Path) -> Result<()>) -> Result<()> {
    let partial = with_suffix(path, ".partial");
    let result = fill_and_rename(path, &partial, fill);
    if result.is_err() {
        // The error that led here says more than one of cleaning up.
        let _ = fs::remove_dir_all(&partial);
    }
    result
}

fn fill_and_rename(
    path: &Path,
    partial: &Path,
    fill: impl FnOnce(&Path) -> Result<()>,
) -> Result<()> {
    remove_folder(partial)?;
    create_folder(partial)?;
    fill(partial)?;
    sync_folder(partial)?;
    let old = with_suffix(path, ".old");
    remove_folder(&old)?;
    if path.exists() {
        fs::rename(path, &old).map_err(failed("cannot replace", path))?;
    }
    fs::rename(partial, path).map_err(failed("cannot create", path))?;
    if let Some(parent) = path.parent() {
        sync_folder(parent)?;
    }
    remove_folder(&old)
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(suffix);
    path.with_file_name(name)
}

/// Waits until the disk has the names in a folder. Not every system can; those that cannot have
/// no stronger promise to give.
fn sync_folder(path: &Path) -> Result<()> {
    if cfg!(unix) {
        let sync = || File::open(path)?.sync_all();
        sync().map_err(failed("cannot write", path))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_replaced_as_a_whole_or_not_at_all() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("state");
        let put = |text: &'static str| {
            move |folder: &Path| write_file(&folder.join("file"), text.as_bytes())
        };
        replace_folder(&path, put("one")).unwrap();
        replace_folder(&path, put("two")).unwrap();
        assert_eq!(fs::read(path.join("file")).unwrap(), b"two");
        let error = replace_folder(&path, |folder| {
            write_file(&folder.join("file"), b"three")?;
            write_file(&folder.join("missing/file"), b"three")
        });
        assert!(error.unwrap_err().to_string().contains("cannot write"));
        assert_eq!(fs::read(path.join("file")).unwrap(), b"two");
        assert_eq!(
            fs::read_dir(root.path()).unwrap().count(),
            1,
            "nothing is left behind"
        );
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_full_disk_is_named() {
        let error = write_file(Path::new("/dev/full"), b"x")
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("/dev/full") && error.contains("No space left"),
            "{error}"
        );
    }
}
