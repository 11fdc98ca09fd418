//! Model versions in forms that other programs read: asked for here, made by the job in
//! [`jobs::model_export`](crate::jobs::model_export).

use std::{
    io::{self, ErrorKind},
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};
use shared::{
    ids::{ModelExportId, ModelVersionId},
    job::{Job, JobKind, JobState},
    model::{ModelKind, ModelVersion},
    model_export::{CreateModelExport, ModelExport, ModelExportFormat},
};
use store::{
    Tx, jobs,
    model_exports::{self, NewModelExport},
};

use crate::{
    app::App,
    error::{ApiError, ApiResult},
    extract::ProjectAccess,
    services::{adapter_exports::file_stem, asking, change::Change, jobs::queued, models},
};

/// What the job of an export is told.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct ModelExportPayload {
    /// The export.
    pub export_id: ModelExportId,
}

/// The exports of a model version; a file that is gone from the disk is not named.
pub async fn list_exports(
    app: &App,
    access: &ProjectAccess,
    id: ModelVersionId,
) -> ApiResult<Vec<ModelExport>> {
    let version = models::get_model_version(app, access, id).await?;
    let mut tx = app.store.read().await?;
    let mut exports =
        model_exports::list_of_version(&mut tx, access.project_id(), version.id).await?;
    for export in &mut exports {
        if path_of(app, export).is_none() {
            export.file = None;
        }
    }
    Ok(exports)
}

/// Asks for an export. One that is there or on its way is answered as it is; one that failed, was
/// cancelled, or whose file is gone is made again.
pub async fn create_export(
    app: &App,
    access: &ProjectAccess,
    id: ModelVersionId,
    request: CreateModelExport,
) -> ApiResult<ModelExport> {
    let version = models::get_model_version(app, access, id).await?;
    let format = request.format;
    if version.kind == ModelKind::Blank {
        return Err(ApiError::invalid("format", asking::no_answers(&version)));
    }
    if !version.kind.writes_answers() {
        let message = "a reward model scores answers, which no other form can say: download its \
                       PEFT adapter";
        return Err(ApiError::invalid("format", message));
    }
    if format.is_adapter() && version.kind != ModelKind::Adapter {
        let message = "only an adapter can be written alone; this version is a whole model";
        return Err(ApiError::invalid("format", message));
    }
    let mut change = Change::begin_in(app, access).await?;
    let project_id = access.project_id();
    model_exports::lock(change.tx(), id).await?;
    let mut replaced = None;
    let existing = model_exports::list_of_version(change.tx(), project_id, id).await?;
    if let Some(export) = existing.into_iter().find(|one| one.format == format) {
        let is_there = export.job.state == JobState::Succeeded && path_of(app, &export).is_some();
        if export.job.state.is_open() || is_there {
            return Ok(export);
        }
        model_exports::delete(change.tx(), export.id).await?;
        replaced = Some(export.id);
    }
    let export_id = app.context.id();
    let job = enqueue(app, access, change.tx(), &version, format, export_id).await?;
    let export = NewModelExport {
        id: export_id,
        model_version_id: id,
        format,
        job_id: job.id,
        created_by: access.user_id(),
        created_at: job.created_at,
    };
    model_exports::insert(change.tx(), &export).await?;
    let subject = format!("model version {id}");
    change
        .commit("create_model_export", subject, &job.title)
        .await?;
    app.job_wake.notify_one();
    if let Some(replaced) = replaced {
        discard(app, replaced).await;
    }
    Ok(ModelExport {
        id: export_id,
        model_version_id: id,
        format,
        job,
        file: None,
        created_by: Some(access.user_id()),
        created_at: export.created_at,
    })
}

async fn enqueue(
    app: &App,
    access: &ProjectAccess,
    tx: &mut Tx,
    version: &ModelVersion,
    format: ModelExportFormat,
    export_id: ModelExportId,
) -> ApiResult<Job> {
    let title = format!("Export {} as {}", asking::label(version), format.label());
    let job = queued(app, access, JobKind::ModelExport, title);
    let payload = serde_json::to_string(&ModelExportPayload { export_id });
    jobs::insert(tx, &job, &payload.map_err(anyhow::Error::new)?).await?;
    Ok(job)
}

/// Forgets an export and removes its file.
pub async fn delete_export(
    app: &App,
    access: &ProjectAccess,
    version_id: ModelVersionId,
    id: ModelExportId,
) -> ApiResult<()> {
    let mut change = Change::begin_in(app, access).await?;
    let export = find(change.tx(), access, version_id, id).await?;
    if export.job.state.is_open() {
        let message = "the export is being made: cancel its job first";
        return Err(ApiError::Conflict(message.to_owned()));
    }
    model_exports::delete(change.tx(), id).await?;
    let subject = format!("model version {version_id}");
    change
        .commit("delete_model_export", subject, export.format.label())
        .await?;
    discard(app, id).await;
    Ok(())
}

/// Removes what a forgotten export has on the disk.
async fn discard(app: &App, id: ModelExportId) {
    let folder = folder(app, id);
    let removed = tokio::task::spawn_blocking(move || remove_files(&folder)).await;
    if let Ok(Err(error)) = removed {
        tracing::warn!(%error, export = %id, "cannot remove the files of a forgotten export");
    }
}

/// Where an export is written until it is whole: a folder in this one, named with this beginning.
#[must_use]
pub fn beside(folder: &Path) -> (&Path, String) {
    let name = folder.file_name().unwrap_or_default().to_string_lossy();
    (folder.parent().unwrap_or(folder), format!("{name}."))
}

/// Removes the folder of an export and what attempts to write it have left.
pub fn remove_files(folder: &Path) -> io::Result<()> {
    let (parent, prefix) = beside(folder);
    let entries = match std::fs::read_dir(parent) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        entries => entries?,
    };
    for entry in entries {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if path == folder || name.starts_with(&prefix) {
            std::fs::remove_dir_all(&path)?;
        }
    }
    Ok(())
}

/// The file of an export: where it is, and what it is called.
pub async fn file_of(
    app: &App,
    access: &ProjectAccess,
    version_id: ModelVersionId,
    id: ModelExportId,
) -> ApiResult<(PathBuf, String)> {
    let mut tx = app.store.read().await?;
    let export = find(&mut tx, access, version_id, id).await?;
    let Some(file) = &export.file else {
        let message = "the export is not finished: wait for its job";
        return Err(ApiError::Conflict(message.to_owned()));
    };
    let path = path_of(app, &export).ok_or_else(|| {
        let message = "the file is not on the server any more: ask for the export again";
        ApiError::Conflict(message.to_owned())
    })?;
    Ok((path, file.name.clone()))
}

async fn find(
    tx: &mut Tx,
    access: &ProjectAccess,
    version_id: ModelVersionId,
    id: ModelExportId,
) -> ApiResult<ModelExport> {
    let export = model_exports::get(tx, access.project_id(), id).await?;
    export
        .filter(|export| export.model_version_id == version_id)
        .ok_or(ApiError::NotFound("export"))
}

/// What the file of an export is called.
#[must_use]
pub fn file_name(version: &ModelVersion, format: ModelExportFormat) -> String {
    let ending = if format.is_folder() { "zip" } else { "gguf" };
    let word = format.as_str().trim_start_matches("gguf_");
    format!("{}-{word}.{ending}", file_stem(version))
}

/// The folder that holds nothing but the file of an export.
#[must_use]
pub fn folder(app: &App, id: ModelExportId) -> PathBuf {
    app.data_dir.join("exports").join(id.to_string())
}

/// Where the file of an export is, if it is there.
fn path_of(app: &App, export: &ModelExport) -> Option<PathBuf> {
    let path = folder(app, export.id).join(&export.file.as_ref()?.name);
    path.is_file().then_some(path)
}
