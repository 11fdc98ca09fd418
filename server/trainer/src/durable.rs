//! Folders that are either whole or not there, whenever the power fails.

use std::fs::{self, File};
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::path::{Path, PathBuf};

use candle_core::{D, Tensor};
use serde_json::Value;

use crate::device;
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
pub(crate) fn write_file(path: &Path, bytes: &[u8]) -> Result<()> {
    let write = || {
        let mut file = File::create(path)?;
        file.write_all(bytes)?;
        file.sync_all()
    };
    write().map_err(failed("cannot write", path))
}

/// Reads a file.
pub(crate) fn read_file(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).map_err(failed("cannot read", path))
}

/// Numbers that are copied at once.
const PIECE: usize = 1 << 18;

/// Writes a safetensors file of one f32 tensor piece by piece, because it may fill half of the memory,
/// and waits until the disk has it.
pub(crate) fn write_tensor(path: &Path, name: &str, tensor: &Tensor) -> Result<()> {
    let bytes = tensor.elem_count() * 4;
    let dims = tensor.dims();
    let mut header = format!(
        r#"{{"{name}":{{"dtype":"F32","shape":{},"data_offsets":[0,{bytes}]}}}}"#,
        format!("{dims:?}").replace(' ', "")
    );
    // Numbers begin at a multiple of eight bytes.
    header.push_str(&" ".repeat(header.len().next_multiple_of(8) - header.len()));
    let create = || {
        let mut file = BufWriter::new(File::create(path)?);
        file.write_all(&(header.len() as u64).to_le_bytes())?;
        file.write_all(header.as_bytes())?;
        Ok(file)
    };
    let mut file = create().map_err(failed("cannot write", path))?;
    let flat = tensor.flatten_all()?;
    for first in (0..flat.elem_count()).step_by(PIECE) {
        let count = PIECE.min(flat.elem_count() - first);
        let piece = flat.narrow(D::Minus1, first, count)?;
        let numbers = device::on_processor(&piece)?.to_vec1::<f32>()?;
        let bytes: Vec<u8> = numbers.into_iter().flat_map(f32::to_le_bytes).collect();
        file.write_all(&bytes)
            .map_err(failed("cannot write", path))?;
    }
    let whole = file.into_inner().map_err(io::IntoInnerError::into_error);
    whole
        .and_then(|file| file.sync_all())
        .map_err(failed("cannot write", path))
}

/// Reads the numbers of such a file, whose tensor must have that name and shape.
pub(crate) fn read_tensor(path: &Path, name: &str, dims: &[usize]) -> Result<Vec<f32>> {
    let unusable = |reason: String| TrainerError::Checkpoint {
        path: path.to_owned(),
        reason,
    };
    let file = File::open(path).map_err(failed("cannot read", path))?;
    let length = file.metadata().map_err(failed("cannot read", path))?.len();
    let mut file = BufReader::new(file);
    let mut size = [0; 8];
    let read = file.read_exact(&mut size);
    read.map_err(|error| unusable(error.to_string()))?;
    let size = u64::from_le_bytes(size);
    let count: usize = dims.iter().product();
    if length != 8 + size + count as u64 * 4 {
        return Err(unusable(format!(
            "it has {length} bytes, which are not those of {dims:?} numbers"
        )));
    }
    let mut header = vec![0; size as usize];
    let read = file.read_exact(&mut header);
    read.map_err(|error| unusable(error.to_string()))?;
    let header: Value =
        serde_json::from_slice(&header).map_err(|error| unusable(error.to_string()))?;
    let found = &header[name];
    if found["dtype"] != "F32" || found["shape"] != serde_json::json!(dims) {
        return Err(unusable(format!(
            "its {name} are {} {}",
            found["dtype"], found["shape"]
        )));
    }
    let mut numbers = Vec::with_capacity(count);
    let mut bytes = vec![0; PIECE * 4];
    while numbers.len() < count {
        let bytes = &mut bytes[..PIECE.min(count - numbers.len()) * 4];
        let read = file.read_exact(bytes);
        read.map_err(|error| unusable(error.to_string()))?;
        let (parts, _) = bytes.as_chunks::<4>();
        numbers.extend(parts.iter().map(|part| f32::from_le_bytes(*part)));
    }
    Ok(numbers)
}

/// Waits until the disk has every file of a folder that somebody else wrote.
pub(crate) fn sync_files(folder: &Path) -> Result<()> {
    let entries = fs::read_dir(folder).map_err(failed("cannot read", folder))?;
    for entry in entries {
        let path = entry.map_err(failed("cannot read", folder))?.path();
        let sync = || File::open(&path)?.sync_all();
        sync().map_err(failed("cannot write", &path))?;
    }
    Ok(())
}

/// Makes a folder and those above it.
pub(crate) fn create_folder(path: &Path) -> Result<()> {
    fs::create_dir_all(path).map_err(failed("cannot create", path))
}

/// Removes a folder with all that is in it; one that is not there is fine.
pub(crate) fn remove_folder(path: &Path) -> Result<()> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(failed("cannot remove", path)(error))
        }
        _ => Ok(()),
    }
}

/// Fills a folder through `fill` under a temporary name and then gives it its own, replacing one
/// that is there. If anything fails, what was there stays.
pub(crate) fn replace_folder(path: &Path, fill: impl FnOnce(&Path) -> Result<()>) -> Result<()> {
    let partial = with_suffix(path, ".partial");
    let result = fill_and_rename(path, &partial, fill);
    if result.is_err() {
        // The error that led here says more than one of cleaning up.
        let _ = fs::remove_dir_all(&partial);
    }
    result
}

/// Fills a folder through `fill` under a name that nobody has, and then gives it its own, which must be
/// free or that of an empty folder. Nothing else is touched.
pub(crate) fn new_folder(path: &Path, fill: impl FnOnce(&Path) -> Result<()>) -> Result<()> {
    let parent = path
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty());
    let parent = parent.unwrap_or(Path::new("."));
    create_folder(parent)?;
    let partial = tempfile::Builder::new()
        .prefix(".")
        .suffix(".partial")
        .tempdir_in(parent)
        .map_err(failed("cannot create a folder in", parent))?;
    let whole = partial.path().join("whole");
    create_folder(&whole)?;
    fill(&whole)?;
    sync_folder(&whole)?;
    fs::rename(&whole, path).map_err(failed("cannot create", path))?;
    sync_folder(parent)
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
    fn a_new_folder_takes_the_place_of_nothing() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("deep").join("model");
        let put = |folder: &Path| write_file(&folder.join("file"), b"one");
        for name in ["model.old", "model.partial"] {
            create_folder(&path.with_file_name(name)).unwrap();
        }
        new_folder(&path, put).unwrap();
        assert_eq!(read_file(&path.join("file")).unwrap(), b"one");
        // What is there stays, and so does what lies beside it.
        let full = new_folder(&path, |folder| write_file(&folder.join("other"), b""));
        assert!(full.unwrap_err().to_string().contains("cannot create"));
        assert_eq!(read_file(&path.join("file")).unwrap(), b"one");
        let beside = fs::read_dir(root.path().join("deep")).unwrap().count();
        assert_eq!(beside, 3);
        // An empty folder is as good as none.
        let empty = root.path().join("empty");
        create_folder(&empty).unwrap();
        new_folder(&empty, put).unwrap();
        assert!(empty.join("file").is_file());
    }

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

    #[test]
    fn a_tensor_is_read_as_it_was_written_and_by_others() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("one.safetensors");
        let tensor = Tensor::arange(0f32, 600_000.0, &candle_core::Device::Cpu).unwrap();
        let tensor = tensor.reshape((2, 300_000)).unwrap();
        write_tensor(&path, "moments", &tensor).unwrap();
        let numbers = read_tensor(&path, "moments", &[2, 300_000]).unwrap();
        assert_eq!(
            numbers,
            tensor.flatten_all().unwrap().to_vec1::<f32>().unwrap()
        );
        let bytes = fs::read(&path).unwrap();
        let file = safetensors::SafeTensors::deserialize(&bytes).unwrap();
        assert_eq!(file.tensor("moments").unwrap().shape(), [2, 300_000]);
        let view = file.tensor("moments").unwrap();
        let none = None::<std::collections::HashMap<_, _>>;
        assert!(safetensors::serialize([("moments", view)], none).unwrap() == bytes);
        let other = read_tensor(&path, "moments", &[300_000, 2]).unwrap_err();
        assert!(other.to_string().contains("[2,300000]"), "{other}");
        fs::write(&path, &bytes[..bytes.len() - 1]).unwrap();
        let cut = read_tensor(&path, "moments", &[2, 300_000]).unwrap_err();
        assert!(cut.to_string().contains("bytes"), "{cut}");
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
