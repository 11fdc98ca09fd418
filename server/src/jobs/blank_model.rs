//! The job that makes a blank model and registers it.
//!
//! The model is written beside its place and moved there when it is whole. Begun again after a crash,
//! the job makes the same one: nothing of it depends on the attempt.

use std::path::Path;

use futures::{FutureExt, future::BoxFuture};
use shared::{
    ids::ProjectId,
    model::{ModelKind, ModelVersion},
};
use store::jobs::JobRecord;
use trainer::{
    TrainerError,
    blank::{Plan, Vocabulary},
    data::read_rows,
};

use super::{JobControl, JobError, JobHandler, JobResult, register, task_of};
use crate::{
    app::App,
    services::{
        blank_models::{BlankModelTask, Found, find, path_of},
        models::{Contents, NewBase, models_folder},
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
            let path = path_of(job.job.id);
            if let Some(done) = registered(app, job.job.project_id, &path).await? {
                return Ok(done);
            }
            let folder = models_folder(app).join(&path);
            let made = make(app, job, control, &task, &folder).await;
            let registered = match made {
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
            match registered {
                Ok(version) => Ok(told(&version)),
                Err(error) => {
                    // Another runner, or the next attempt, makes it in the same place.
                    if matches!(error, JobError::Failed(_) | JobError::Cancelled) {
                        drop(tokio::fs::remove_dir_all(&folder).await);
                    }
                    Err(error)
                }
            }
        }
        .boxed()
    }
}

fn told(version: &ModelVersion) -> String {
    format!("registered {} version {}", version.name, version.number)
}

/// What an earlier attempt registered before its runner died.
async fn registered(
    app: &App,
    project_id: ProjectId,
    path: &str,
) -> Result<Option<String>, JobError> {
    let mut tx = app.store.read().await?;
    let known = store::models::list_versions(&mut tx, project_id).await?;
    let found = known.iter().find(|version| version.path == path);
    Ok(found.map(told))
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
        Found::Texts(file, size) => {
            control
                .progress(app, Some(0.1), "training the tokenizer")
                .await?;
            aside(move || train(&file, size)).await?
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
