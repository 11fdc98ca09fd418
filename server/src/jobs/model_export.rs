//! The job that writes a model version for other programs, reads it back, and keeps the file.
//!
//! Everything is written beside its place and moved there when it is whole, so that a crash leaves
//! nothing that could be taken for an export; the job then begins anew.

use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
};

use futures::{FutureExt, future::BoxFuture};
use sha2::{Digest, Sha256};
use shared::{
    ids::{ModelExportId, ProjectId},
    model_export::{ExportedFile, ModelExportFormat},
};
use store::{
    jobs::{self, JobRecord},
    model_exports, models,
};
use tempfile::TempDir;
use zip::ZipWriter;

use super::{JobControl, JobError, JobHandler, JobResult, task_of};
use crate::{
    app::App,
    error::{ApiError, ApiResult},
    inference::{InferenceError, ModelFiles, ModelInUse, on_thread},
    services::{
        adapter_exports::store_file,
        asking,
        model_exports::{ModelExportPayload, beside, file_name, folder, remove_files},
    },
};

/// Writes model versions.
#[derive(Clone, Copy, Debug, Default)]
pub struct ModelExportJob;

impl JobHandler for ModelExportJob {
    fn run<'job>(
        &'job self,
        app: &'job App,
        job: &'job JobRecord,
        control: &'job JobControl,
    ) -> BoxFuture<'job, JobResult> {
        async move {
            let payload: ModelExportPayload = task_of(job)?;
            let task = Task::read(app, job.job.project_id, payload.export_id).await;
            let task = task.map_err(|error| JobError::Failed(error.to_string()))?;
            task.work(app, control).await
        }
        .boxed()
    }
}

/// Everything that an export needs from the database.
#[derive(Clone, Debug)]
struct Task {
    export_id: ModelExportId,
    format: ModelExportFormat,
    files: ModelFiles,
    file_name: String,
    /// Where the file will be.
    folder: PathBuf,
}

impl Task {
    async fn read(app: &App, project_id: ProjectId, export_id: ModelExportId) -> ApiResult<Self> {
        let mut tx = app.store.read().await?;
        let export = model_exports::get(&mut tx, project_id, export_id).await?;
        let export = export.ok_or(ApiError::NotFound("export any more"))?;
        let version = models::get_version(&mut tx, project_id, export.model_version_id).await?;
        let version = version.ok_or(ApiError::NotFound("model version any more"))?;
        Ok(Self {
            export_id,
            format: export.format,
            files: asking::files_of(app, &mut tx, project_id, &version).await?,
            file_name: file_name(&version, export.format),
            folder: folder(app, export_id),
        })
    }

    async fn work(self, app: &App, control: &JobControl) -> JobResult {
        control.progress(app, None, "loading the model").await?;
        let (loader, files) = (app.clone(), self.files.clone());
        let model = on_thread(move || loader.inference.open(&files)).await?;
        control
            .progress(app, None, "writing it and reading it back")
            .await?;
        let task = self.clone();
        let written = on_thread(move || task.write(&model)).await;
        // Whoever interrupted it says why; what was written goes with its folder.
        control.check()?;
        let (partial, file) = written?;
        self.settle(partial.path())
            .map_err(|error| refused(&error))?;
        let mut tx = app.store.write().await?;
        model_exports::set_file(&mut tx, self.export_id, &file).await?;
        if !jobs::set_progress(&mut tx, control.lease(), Some(1.0), "").await? {
            return Err(JobError::LeaseLost);
        }
        tx.commit().await?;
        Ok(format!(
            "{:.0} MB; the first choice is the original's after {} of {} tokens",
            file.size_bytes as f64 / 1e6,
            file.check.same_first_choice,
            file.check.tokens
        ))
    }

    /// Writes the export into a folder of its own, which is removed when it is dropped.
    fn write(&self, model: &ModelInUse) -> Result<(TempDir, ExportedFile), InferenceError> {
        let partial = self.begin().map_err(|error| refused(&error))?;
        let whole = partial.path().join(&self.file_name);
        let check = if self.format.is_folder() {
            let folder = partial.path().join("model");
            let check = model.export(self.format, &folder)?;
            pack(&folder, &whole).map_err(|error| refused(&error))?;
            check
        } else {
            model.export(self.format, &whole)?
        };
        let (size_bytes, content_hash) = measure(&whole).map_err(|error| refused(&error))?;
        let file = ExportedFile {
            name: self.file_name.clone(),
            size_bytes,
            content_hash,
            check,
        };
        Ok((partial, file))
    }

    /// A new folder beside the export's place, after what earlier attempts left was removed.
    fn begin(&self) -> io::Result<TempDir> {
        remove_files(&self.folder)?;
        let (parent, prefix) = beside(&self.folder);
        fs::create_dir_all(parent)?;
        tempfile::Builder::new().prefix(&prefix).tempdir_in(parent)
    }

    /// Moves the whole file to its place.
    fn settle(&self, partial: &Path) -> io::Result<()> {
        fs::create_dir_all(&self.folder)?;
        let place = self.folder.join(&self.file_name);
        fs::rename(partial.join(&self.file_name), place)?;
        File::open(&self.folder)?.sync_all()
    }
}

/// The size and hash of a file.
fn measure(path: &Path) -> io::Result<(i64, String)> {
    let mut hasher = Sha256::new();
    let size = io::copy(&mut File::open(path)?, &mut hasher)?;
    let size = i64::try_from(size).unwrap_or(i64::MAX);
    Ok((size, hex::encode(hasher.finalize())))
}

/// Puts the files of a folder into a ZIP archive.
fn pack(folder: &Path, to: &Path) -> io::Result<()> {
    let mut archive = ZipWriter::new(File::create(to)?);
    let mut entries = fs::read_dir(folder)?.collect::<io::Result<Vec<_>>>()?;
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let name = entry.file_name();
        store_file(&mut archive, &name.to_string_lossy(), &entry.path())?;
    }
    archive.finish()?.sync_all()
}

fn refused(error: &io::Error) -> InferenceError {
    let advice = if error.kind() == io::ErrorKind::StorageFull {
        ": make room on the server's disk and ask again"
    } else {
        ""
    };
    InferenceError::Refused(format!("cannot write the export: {error}{advice}"))
}
