//! The job that makes a blank model and registers it.
//!
//! The model is written beside its place and moved there when it is whole. Begun again after a crash,
//! the job makes the same one in another place.

use std::path::Path;

use futures::{FutureExt, future::BoxFuture};
use shared::{dataset::Split, model::ModelKind};
use store::jobs::JobRecord;
use trainer::{
    TrainerError,
    blank::{Plan, Vocabulary},
    data::read_rows,
};

use super::{JobControl, JobError, JobHandler, JobResult, register, registered, task_of};
use crate::{
    app::App,
    services::{
        blank_models::{BlankModelTask, Found, find, path_of, version_of},
        models::{Contents, NewBase, models_folder},
        row_files,
    },
};

/// Makes blank models.
#[derive(Clone, Copy, Debug, Default)]
pub struct BlankModelJob;

impl JobHandler for BlankModelJob {
    fn run<'job>(
        &'job self,
        app: &'job App,
        job: &'job JobRecord,
        control: &'job JobControl,
    ) -> BoxFuture<'job, JobResult> {
        async move {
            let task: BlankModelTask = task_of(job)?;
            if let Some(done) = done(app, job).await? {
                return Ok(done);
            }
            let path = path_of(job.job.id, job.attempt);
            let folder = models_folder(app).join(&path);
            let contents = make(app, job, control, &task, &folder).await;
            let version = match contents {
                Ok(contents) => {
                    let base = NewBase {
                        name: task.request.name,
                        kind: ModelKind::Blank,
                        path,
                        hub: None,
                        contents,
                    };
                    register(app, job, control, task.requested_by, base).await
                }
                Err(error) => Err(error),
            };
            if version.is_err() {
                // The answer may have been lost, and not the change.
                if let Some(done) = done(app, job).await? {
                    return Ok(done);
                }
                drop(tokio::fs::remove_dir_all(&folder).await);
            }
            version.map(|version| registered(&version))
        }
        .boxed()
    }
}

/// What the job has registered, in this attempt or an earlier one whose runner died.
async fn done(app: &App, job: &JobRecord) -> Result<Option<String>, JobError> {
    let mut tx = app.store.read().await?;
    let found = version_of(&mut tx, job.job.project_id, job.job.id).await;
    let found = found.map_err(|error| JobError::Failed(error.to_string()))?;
    Ok(found.as_ref().map(registered))
}

/// Makes the tokenizer and draws the weights.
async fn make(
    app: &App,
    job: &JobRecord,
    control: &JobControl,
    task: &BlankModelTask,
    folder: &Path,
) -> Result<Contents, JobError> {
    control.progress(app, None, "reading the texts").await?;
    let found = find(app, job.job.project_id, &task.request.tokenizer).await;
    let found = found.map_err(|error| JobError::Failed(error.to_string()))?;
    let vocabulary = match found {
        Found::Given(vocabulary) => *vocabulary,
        Found::Texts(record, size) => {
            let file = row_files::write_of(app, &record, Some(Split::Train)).await;
            let file = file.map_err(|error| JobError::Failed(error.to_string()))?;
            control
                .progress(
                    app,
                    Some(0.1),
                    "training the tokenizer, which cannot be stopped",
                )
                .await?;
            let trained = aside(move || train(&file, size)).await?;
            control.check()?;
            trained
        }
    };
    control
        .progress(app, Some(0.6), "drawing the weights")
        .await?;
    let (shape, seed) = (task.request.shape, task.request.seed);
    let folder = folder.to_path_buf();
    let model = aside(move || {
        let plan = Plan::of_shape(&shape, &vocabulary)?;
        plan.write(&vocabulary, seed, &folder)
    });
    let contents = Contents::of(model.await?);
    control.check()?;
    Ok(contents)
}

fn train(file: &Path, size: usize) -> Result<Vocabulary, TrainerError> {
    let rows = read_rows(file)?;
    Vocabulary::trained(rows.iter().flat_map(|row| row.content.texts()), size)
}

/// Does what computes for long on a thread of its own.
async fn aside<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, TrainerError> + Send + 'static,
) -> Result<T, JobError> {
    let done = tokio::task::spawn_blocking(work).await;
    let done = done.map_err(|error| JobError::Failed(format!("it ended in an error: {error}")))?;
    done.map_err(|error| JobError::Failed(error.to_string()))
}
