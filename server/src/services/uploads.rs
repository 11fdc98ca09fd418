//! Files on their way into a dataset: they arrive in the folder of uploads, are looked at, and are
//! gone when they are imported.

use std::{
    fmt::Display,
    io,
    path::{Path, PathBuf},
};

use bytes::Bytes;
use chrono::TimeDelta;
use futures::{Stream, StreamExt};
use shared::{
    coverage::Coverage,
    dataset::{ColumnMapping, ImportPreview, PreviewRequest, PreviewRow, Upload},
    ids::UploadId,
};
use store::uploads;
use tempfile::NamedTempFile;
use tokio::io::AsyncWriteExt;

use crate::{
    app::App,
    error::{ApiError, ApiResult},
    extract::ProjectAccess,
    formats::{
        Record,
        encoding::EncodingCheck,
        inspect::{self, Inspection},
        mapping::{self, Mapper},
    },
    services::change::Change,
};

/// How many records a preview shows.
const PREVIEW_RECORDS: usize = 20;

/// How long a file waits to be imported.
const KEPT: TimeDelta = TimeDelta::days(7);

/// The file of an upload.
#[must_use]
pub fn path_of(app: &App, id: UploadId) -> PathBuf {
    folder(app).join(id.to_string())
}

fn folder(app: &App) -> PathBuf {
    app.data_dir.join("uploads")
}

/// What a failure to write or read a file is to the person who waits for it.
fn storage_error(error: io::Error) -> ApiError {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => ApiError::StorageFull,
        _ => ApiError::Internal(anyhow::Error::new(error).context("the folder of uploads")),
    }
}

/// Keeps a file that arrives in pieces. It is there as a whole or not at all.
pub async fn create_upload<E: Display>(
    app: &App,
    access: &ProjectAccess,
    file_name: &str,
    pieces: impl Stream<Item = Result<Bytes, E>> + Send,
) -> ApiResult<Upload> {
    let file_name = valid_file_name(file_name)?;
    remove_forgotten(app).await?;
    let folder = folder(app);
    std::fs::create_dir_all(&folder).map_err(storage_error)?;
    // Dropped before it is kept, the file is removed.
    let file = NamedTempFile::new_in(&folder).map_err(storage_error)?;
    let size = receive(app, &file, pieces).await?;
    let upload = Upload {
        id: app.context.id(),
        file_name,
        size_bytes: i64::try_from(size).unwrap_or(i64::MAX),
        created_at: app.context.now(),
    };
    let path = path_of(app, upload.id);
    keep(file, &path).await.map_err(storage_error)?;
    if let Err(error) = record_upload(app, access, &upload).await {
        remove_file(&path);
        return Err(error);
    }
    Ok(upload)
}

fn valid_file_name(name: &str) -> ApiResult<String> {
    let name = name.rsplit(['/', '\\']).next().unwrap_or_default().trim();
    let length = name.chars().count();
    if length == 0 || length > 200 || name.chars().any(char::is_control) {
        return Err(ApiError::invalid(
            "filename",
            "must have 1 to 200 characters",
        ));
    }
    Ok(name.to_owned())
}

async fn receive<E: Display>(
    app: &App,
    file: &NamedTempFile,
    pieces: impl Stream<Item = Result<Bytes, E>> + Send,
) -> ApiResult<u64> {
    let mut output = tokio::fs::File::from_std(file.reopen().map_err(storage_error)?);
    let mut check = EncodingCheck::default();
    let refuse = |why: String| ApiError::invalid("file", why);
    let mut size = 0;
    let mut pieces = std::pin::pin!(pieces);
    while let Some(piece) = pieces.next().await {
        let piece = piece.map_err(|error| refuse(format!("did not arrive as a whole: {error}")))?;
        size += piece.len() as u64;
        if size > app.max_upload_bytes {
            return Err(ApiError::TooLarge(format!(
                "the file is larger than {} MiB, the limit of this server: cut it into parts, or \
                 ask whoever runs the server to raise TEMPER_MAX_UPLOAD_BYTES",
                app.max_upload_bytes >> 20
            )));
        }
        check.feed(&piece).map_err(refuse)?;
        output.write_all(&piece).await.map_err(storage_error)?;
    }
    check.finish().map_err(refuse)?;
    output.flush().await.map_err(storage_error)?;
    output.sync_all().await.map_err(storage_error)?;
    Ok(size)
}

/// Gives a file its lasting name.
async fn keep(file: NamedTempFile, path: &Path) -> io::Result<()> {
    let path = path.to_owned();
    tokio::task::spawn_blocking(move || {
        file.persist(&path).map_err(|error| error.error)?;
        match path.parent() {
            Some(folder) => std::fs::File::open(folder)?.sync_all(),
            None => Ok(()),
        }
    })
    .await
    .map_err(io::Error::other)?
}

async fn record_upload(app: &App, access: &ProjectAccess, upload: &Upload) -> ApiResult<()> {
    let mut change = Change::begin_in(app, access).await?;
    uploads::insert(change.tx(), access.project_id(), upload).await?;
    let subject = format!("upload {}", upload.id);
    change
        .commit("create_upload", subject, &upload.file_name)
        .await
}

/// Removes files that nobody has imported for a long time.
async fn remove_forgotten(app: &App) -> ApiResult<()> {
    let before = app.context.now() - KEPT;
    let mut tx = app.store.read().await?;
    let forgotten = uploads::list_older_than(&mut tx, before).await?;
    drop(tx);
    for id in forgotten {
        remove(app, id).await?;
    }
    Ok(())
}

/// Removes an upload with its file.
pub async fn remove(app: &App, id: UploadId) -> Result<(), store::StoreError> {
    let mut tx = app.store.write().await?;
    uploads::delete(&mut tx, id).await?;
    tx.commit().await?;
    remove_file(&path_of(app, id));
    Ok(())
}

fn remove_file(path: &Path) {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            tracing::warn!(%error, path = %path.display(), "cannot remove an uploaded file");
        }
        _ => {}
    }
}

/// Removes a file that shall not be imported.
pub async fn delete_upload(app: &App, access: &ProjectAccess, id: UploadId) -> ApiResult<()> {
    let upload = find(app, access, id).await?;
    let mut change = Change::begin_in(app, access).await?;
    super::imports::refuse_while_imported(change.tx(), id).await?;
    uploads::delete(change.tx(), id).await?;
    change
        .commit("delete_upload", format!("upload {id}"), &upload.file_name)
        .await?;
    remove_file(&path_of(app, id));
    Ok(())
}

/// One upload of the project.
pub async fn find(app: &App, access: &ProjectAccess, id: UploadId) -> ApiResult<Upload> {
    let mut tx = app.store.read().await?;
    let upload = uploads::get(&mut tx, access.project_id(), id).await?;
    upload.ok_or(ApiError::NotFound("upload"))
}

/// Looks at the head of an uploaded file.
pub async fn inspect(
    app: &App,
    upload: &Upload,
    format: Option<shared::dataset::FileFormat>,
) -> ApiResult<Inspection> {
    let path = path_of(app, upload.id);
    let file_name = upload.file_name.clone();
    let inspected =
        tokio::task::spawn_blocking(move || inspect::inspect(&path, &file_name, format)).await;
    match inspected.map_err(anyhow::Error::new)? {
        Ok(Some(inspection)) => Ok(inspection),
        Ok(None) => Err(ApiError::invalid("file", "is empty")),
        Err(error) if error.kind() == io::ErrorKind::InvalidData => Err(ApiError::invalid(
            "file",
            format!("cannot be read: {error}"),
        )),
        Err(error) => Err(storage_error(error)),
    }
}

/// What an import would make of a file.
pub async fn preview_upload(
    app: &App,
    access: &ProjectAccess,
    id: UploadId,
    request: PreviewRequest,
) -> ApiResult<ImportPreview> {
    let upload = find(app, access, id).await?;
    let inspection = inspect(app, &upload, request.format).await?;
    let (shape, why, mapping) = match (request.mapping, inspection.recognised) {
        (Some(mapping), _) => (
            None,
            "columns as they were chosen".to_owned(),
            Some(mapping),
        ),
        (None, Some(known)) => (Some(known.shape), known.reason, Some(known.mapping)),
        (None, None) => (
            None,
            "no known set of columns: choose what each one is".to_owned(),
            None,
        ),
    };
    if let Some(mapping) = &mapping {
        refuse_bad_mapping(mapping)?;
    }
    let rows = preview_rows(inspection.records, mapping.as_ref(), &upload.file_name);
    Ok(ImportPreview {
        upload,
        format: inspection.format,
        shape,
        reason: format!("{}; {why}", inspection.reason),
        columns: inspection.columns,
        mapping,
        rows,
    })
}

/// Refuses a mapping that cannot work.
pub fn refuse_bad_mapping(mapping: &ColumnMapping) -> ApiResult<()> {
    match mapping::check(mapping) {
        errors if errors.is_empty() => Ok(()),
        errors => Err(ApiError::invalid_fields(errors)),
    }
}

fn preview_rows(
    records: Vec<Record>,
    mapping: Option<&ColumnMapping>,
    file_name: &str,
) -> Vec<PreviewRow> {
    let mapper = mapping.map(|mapping| Mapper::new(mapping.clone(), Coverage::Typical));
    let preview = |record: Record| {
        let line = record.place.line;
        let result = match (record.fields, &mapper) {
            (Err(unreadable), _) => Err(unreadable.reason),
            (Ok(_), None) => Err("no mapping yet".to_owned()),
            (Ok(fields), Some(mapper)) => mapper.map(&fields, source_of(file_name, line)),
        };
        let (row, rejected) = match result {
            Ok(row) => (Some(row), None),
            Err(why) => (None, Some(why)),
        };
        PreviewRow {
            line,
            row,
            rejected,
        }
    };
    records
        .into_iter()
        .take(PREVIEW_RECORDS)
        .map(preview)
        .collect()
}

/// How a row of a file names its source.
#[must_use]
pub fn source_of(file_name: &str, line: i64) -> String {
    format!("{file_name}:{line}")
}
