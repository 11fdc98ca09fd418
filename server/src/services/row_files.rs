//! The rows of dataset versions as files that the trainer reads.
//!
//! A version never changes, so the file of one side of it is written once and then used by every
//! preflight. What learns from it, a run or a tokenizer, writes it again: that is what the database holds,
//! whoever may have changed the file. It gets its name when the disk has all of it.

use std::{
    io::Write,
    path::{Path, PathBuf},
};

use futures::TryStreamExt;
use shared::dataset::{ExportFormat, Split};
use store::dataset_versions::VersionRecord;
use tempfile::NamedTempFile;

use crate::{
    app::App,
    error::{ApiError, ApiResult},
    formats::export,
    services::dataset_rows::stream_rows,
};

/// Bytes that are gathered before they are written.
const PIECE_BYTES: usize = 1 << 20;

/// The folder of the files. It has another name than those of earlier releases: `rows` and
/// `training_rows` have no labelled answers or no plain texts, and in `row_files` a column `margin` of an
/// imported file stands where the trainer reads that of a pair.
const FOLDER: &str = "version_rows";

/// The file with the rows of one side of a version, or of both. Written if it is not there.
pub async fn file_of(
    app: &App,
    record: &VersionRecord,
    split: Option<Split>,
) -> ApiResult<PathBuf> {
    let path = path_of(app, record, split);
    if tokio::fs::try_exists(&path).await.unwrap_or(false) {
        return Ok(path);
    }
    write_of(app, record, split).await
}

/// The same file, written anew.
pub async fn write_of(
    app: &App,
    record: &VersionRecord,
    split: Option<Split>,
) -> ApiResult<PathBuf> {
    let folder = app.data_dir.join(FOLDER);
    let path = path_of(app, record, split);
    tokio::fs::create_dir_all(&folder)
        .await
        .map_err(|error| failed(&error))?;
    let partial = NamedTempFile::new_in(&folder).map_err(|error| failed(&error))?;
    let partial = write(app, record, split, partial).await?;
    let target = path.clone();
    let finish = move || finish(partial, &folder, &target);
    tokio::task::spawn_blocking(finish)
        .await
        .map_err(anyhow::Error::from)?
        .map_err(|error| failed(&error))?;
    Ok(path)
}

fn path_of(app: &App, record: &VersionRecord, split: Option<Split>) -> PathBuf {
    let side = split.map_or("all", Split::as_str);
    let name = format!("{}-{side}.jsonl", record.version.id);
    app.data_dir.join(FOLDER).join(name)
}

async fn write(
    app: &App,
    record: &VersionRecord,
    split: Option<Split>,
    mut file: NamedTempFile,
) -> ApiResult<NamedTempFile> {
    let mut rows = std::pin::pin!(stream_rows(app.clone(), record, split));
    let mut piece = Vec::new();
    while let Some(row) = rows.try_next().await? {
        let fields = export::write(&row.row, ExportFormat::Native).map_err(anyhow::Error::msg)?;
        serde_json::to_writer(&mut piece, &fields).map_err(anyhow::Error::from)?;
        piece.push(b'\n');
        if piece.len() >= PIECE_BYTES {
            file.write_all(&piece).map_err(|error| failed(&error))?;
            piece.clear();
        }
    }
    file.write_all(&piece).map_err(|error| failed(&error))?;
    Ok(file)
}

/// Waits for the disk, and then gives the file its name.
fn finish(partial: NamedTempFile, folder: &Path, path: &Path) -> std::io::Result<()> {
    partial.as_file().sync_all()?;
    partial.persist(path).map_err(|error| error.error)?;
    std::fs::File::open(folder)?.sync_all()
}

fn failed(error: &std::io::Error) -> ApiError {
    if error.kind() == std::io::ErrorKind::StorageFull {
        ApiError::StorageFull
    } else {
        ApiError::Internal(anyhow::anyhow!(
            "cannot write the rows of a version: {error}"
        ))
    }
}
