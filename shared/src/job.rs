//! Background work and its progress.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::ids::{JobId, ProjectId};

text_enum! {
    /// What a job does.
    pub enum JobKind {
        /// Trains an adapter.
        TrainingRun = "training_run",
        /// Runs a suite on a model version.
        Evaluation = "evaluation",
        /// Samples pairs of responses into a queue.
        SamplePairs = "sample_pairs",
        /// Reads an uploaded file into a dataset.
        Import = "import",
        /// Writes a model version for other programs.
        ModelExport = "model_export",
        /// Downloads a base model from the hub and registers it.
        ModelDownload = "model_download",
        /// Makes a model with random weights and registers it.
        BlankModel = "blank_model",
    }
}

text_enum! {
    /// Where a job stands.
    pub enum JobState {
        /// Waits for a runner.
        Queued = "queued",
        /// A runner holds it.
        Running = "running",
        /// Done.
        Succeeded = "succeeded",
        /// Ended with an error.
        Failed = "failed",
        /// Ended by a person.
        Cancelled = "cancelled",
    }
}

impl JobState {
    /// Whether it has not ended: it waits, or a runner holds it.
    #[must_use]
    pub const fn is_open(self) -> bool {
        matches!(self, Self::Queued | Self::Running)
    }
}

/// A unit of background work.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Job {
    /// The job.
    pub id: JobId,
    /// The project it belongs to.
    pub project_id: ProjectId,
    /// What it does.
    pub kind: JobKind,
    /// What it is about, for a person.
    pub title: String,
    /// Where it stands.
    pub state: JobState,
    /// How far it is, from 0 to 1, once that is known.
    pub progress: Option<f64>,
    /// What it is doing, in a few words.
    pub message: String,
    /// When it was asked for.
    pub created_at: DateTime<Utc>,
    /// When a runner last took it.
    pub started_at: Option<DateTime<Utc>>,
    /// When it ended.
    pub finished_at: Option<DateTime<Utc>>,
}
