//! The runner of background work.
//!
//! A job is a row. A runner claims one in a short transaction, works on it outside of any, renews
//! its lease while it works, and ends it in another short transaction. A job whose runner died
//! goes back to the queue when the lease has run out, and its handler finds out how to go on.
//!
//! # Adding a kind of job
//! 1. Add it to [`JobKind`](shared::job::JobKind) and to the `CHECK` of the table, by a migration.
//! 2. Implement [`JobHandler`] in a file of this folder and register it in `cli/serve.rs`.
//! 3. Enqueue it from a service, in the transaction of the change that asks for it.

pub mod blank_model;
mod control;
pub mod evaluation;
pub mod import;
pub mod model_download;
pub mod model_export;
mod runner;
pub mod sample_pairs;
pub mod training;

use std::{collections::HashMap, fmt::Debug, sync::Arc};

use futures::future::BoxFuture;
use serde::de::DeserializeOwned;
use shared::{ids::UserId, job::JobKind, model::ModelVersion};
use store::jobs::{self, JobRecord};

use crate::{
    app::App,
    error::ApiError,
    inference::InferenceError,
    services::{
        change::Change,
        models::{self, NewBase},
    },
};

pub use control::JobControl;
pub use runner::{Timing, run};

/// How a job ended, other than well.
#[derive(Debug)]
pub enum JobError {
    /// It cannot be done; the text is for a person.
    Failed(String),
    /// A person asked for its end.
    Cancelled,
    /// The server is stopping: the job goes on after the next start.
    Interrupted,
    /// The job is not this runner's any more: another one took it over.
    LeaseLost,
}

impl From<store::StoreError> for JobError {
    fn from(error: store::StoreError) -> Self {
        Self::Failed(error.to_string())
    }
}

impl From<InferenceError> for JobError {
    fn from(error: InferenceError) -> Self {
        match error {
            InferenceError::Interrupted => Self::Interrupted,
            other => Self::Failed(other.to_string()),
        }
    }
}

/// What a finished job says of itself, or how it ended otherwise.
pub type JobResult = Result<String, JobError>;

/// What a job was told, as the service that asked for it wrote it.
fn task_of<T: DeserializeOwned>(job: &JobRecord) -> Result<T, JobError> {
    serde_json::from_str(&job.payload)
        .map_err(|error| JobError::Failed(format!("its task cannot be read: {error}")))
}

/// Registers the base model that a job has made. The job's lease is checked in the same transaction,
/// so that no two runners do it.
async fn register(
    app: &App,
    job: &JobRecord,
    control: &JobControl,
    requested_by: UserId,
    base: NewBase,
) -> Result<ModelVersion, JobError> {
    let failed = |error: ApiError| JobError::Failed(error.to_string());
    let created_by = Some(requested_by);
    let change = Change::begin(app, created_by).await;
    let mut change = change.map_err(failed)?;
    change.set_project(job.job.project_id);
    if !jobs::set_progress(change.tx(), control.lease(), Some(1.0), "registering").await? {
        return Err(JobError::LeaseLost);
    }
    let added = models::add_base(app, change, job.job.project_id, created_by, base).await;
    added.map_err(failed)
}

/// What a job says that has registered a base model.
fn registered(version: &ModelVersion) -> String {
    format!("registered {} version {}", version.name, version.number)
}

/// Does the work of one kind of job.
pub trait JobHandler: Debug + Send + Sync {
    /// Works on a job until its end. Must return soon after `control` says stop.
    fn run<'job>(
        &'job self,
        app: &'job App,
        job: &'job JobRecord,
        control: &'job JobControl,
    ) -> BoxFuture<'job, JobResult>;
}

/// The handler of each kind.
pub type Handlers = Arc<HashMap<JobKind, Box<dyn JobHandler>>>;
