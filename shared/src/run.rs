//! Training runs: how one is asked for, what is known before it starts, and how far it is.
//!
//! What happens in a run is told by [`RunEvent`](crate::training::RunEvent); the settings are
//! [`TrainingConfig`](crate::training::TrainingConfig). In a run of a project the paths of the
//! configuration are filled in by the server from the ids of [`CreateRun`].

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::{
    hub::HubModel,
    ids::{
        DatasetId, DatasetVersionId, JobId, ModelVersionId, PromptVersionId, RunId, SpecVersionId,
        UserId,
    },
    job::JobState,
    training::{Method, RunEvent, TrainingConfig},
};

/// Asks for a run, or for what is known of it before it starts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CreateRun {
    /// What to call it; the model version that it makes is named after it.
    pub name: String,
    /// The base model.
    pub base_id: ModelVersionId,
    /// The rows to learn from: the version's training side is learned, its validation side measured.
    pub dataset_version_id: DatasetVersionId,
    /// Rows to measure on, all of them, instead of the version's own validation side.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub validation_version_id: Option<DatasetVersionId>,
    /// General rows to mix in, against forgetting; `config.data.general_share` says how many.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub general_version_id: Option<DatasetVersionId>,
    /// The prompt that is put before every row that has no system message of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prompt_version_id: Option<PromptVersionId>,
    /// The adapter to go on from, such as the one of supervised fine-tuning before DPO.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub initial_adapter_id: Option<ModelVersionId>,
    /// The reward model whose scores `grpo` learns from; made on the same base.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reward_model_id: Option<ModelVersionId>,
    /// The spec whose checks judge the answers generated at evaluation points, and reward those of
    /// `grpo`; absent takes the checks of the configuration.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spec_version_id: Option<SpecVersionId>,
    /// All further settings. Its paths and its system prompt must be left empty.
    pub config: TrainingConfig,
    /// Why the run starts although no domain suite is locked; recorded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suite_override: Option<String>,
}

/// A run as lists show it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RunSummary {
    /// The run.
    pub id: RunId,
    /// From 1, without gaps in a project; names it in addresses.
    pub number: i64,
    /// What people call it.
    pub name: String,
    /// What it teaches.
    pub method: Method,
    /// Its job, to cancel it by.
    pub job_id: JobId,
    /// Where it stands.
    pub state: JobState,
    /// How far it is, from 0 to 1, once that is known.
    pub progress: Option<f64>,
    /// What it is doing, or why it failed.
    pub message: String,
    /// The base model.
    pub base_id: ModelVersionId,
    /// The rows it learns from.
    pub dataset_version_id: DatasetVersionId,
    /// The last optimizer step made.
    pub step: i64,
    /// Optimizer steps in all, once that is known.
    pub total_steps: Option<i64>,
    /// The training loss of the last step.
    pub loss: Option<f64>,
    /// The newest validation loss.
    pub validation_loss: Option<f64>,
    /// The lowest validation loss.
    pub best_validation_loss: Option<f64>,
    /// The model version that it made.
    pub model_version_id: Option<ModelVersionId>,
    /// Who asked for it.
    pub created_by: Option<UserId>,
    /// When it was asked for.
    pub created_at: DateTime<Utc>,
    /// When it was last begun.
    pub started_at: Option<DateTime<Utc>>,
    /// When it ended.
    pub finished_at: Option<DateTime<Utc>>,
}

/// A run with everything that decided it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Run {
    /// What lists show.
    #[serde(flatten)]
    pub summary: RunSummary,
    /// What was asked for.
    pub request: CreateRun,
    /// How often a runner has begun it; more than once after a crash or a restart.
    pub attempt: i64,
    /// The name and number of the dataset version, such as `intake 2`.
    pub dataset_name: String,
    /// The dataset of the version, to link to.
    pub dataset_id: DatasetId,
    /// The SHA-256 of the rows, in hexadecimal.
    pub dataset_hash: String,
    /// The name and number of the base.
    pub base_name: String,
    /// For a base from a hub: its name there with the commit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>))]
    pub base_hub: Option<HubModel>,
    /// The SHA-256 of the base's weights, in hexadecimal.
    pub base_hash: String,
    /// What the preflight said when the run was asked for.
    pub preflight: Preflight,
}

text_enum! {
    /// How grave a finding is.
    pub enum Severity {
        /// The run cannot start.
        Error = "error",
        /// The run can start, but a person should know.
        Warning = "warning",
    }
}

/// Something that the preflight found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Finding {
    /// How grave it is.
    pub severity: Severity,
    /// A stable word for programs, such as `no_locked_suite`.
    pub code: String,
    /// The field of the request that it is about, such as `config.data.max_length`; may be empty.
    pub field: String,
    /// What was found and what to do.
    pub message: String,
}

/// What is known of a run before it starts.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Preflight {
    /// Rows (or pairs) that are learned from.
    pub train_rows: i64,
    /// Rows that the validation loss is measured on.
    pub validation_rows: i64,
    /// General rows that can be mixed in.
    pub general_rows: i64,
    /// Tokens of the rows that are learned from, once through.
    pub train_tokens: i64,
    /// Those of them that the loss is computed on; none where rows are scored whole, or only asked.
    pub loss_tokens: i64,
    /// The longest row, in tokens, before it is cut.
    pub longest_row: i64,
    /// Rows that would be cut to `config.data.max_length`.
    pub truncated_rows: i64,
    /// Rows left out, because nothing of them would be learned.
    pub dropped_rows: i64,
    /// Optimizer steps in all.
    pub steps: i64,
    /// Numbers that would be trained.
    pub trainable_parameters: i64,
    /// About how much memory the run needs, in bytes.
    pub memory_bytes: i64,
    /// How much memory the machine has, or the GPU that the run is for, in bytes, where that is known.
    pub available_memory_bytes: Option<i64>,
    /// About how long it takes, in seconds, from a measurement of this machine.
    pub seconds: Option<f64>,
    /// Errors and warnings, the gravest first.
    pub findings: Vec<Finding>,
}

impl Preflight {
    /// Whether nothing stands in the run's way.
    #[must_use]
    pub fn can_start(&self) -> bool {
        let is_error = |finding: &Finding| finding.severity == Severity::Error;
        !self.findings.iter().any(is_error)
    }
}

/// A row as the model will see it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RenderedRow {
    /// Its place in the version.
    pub position: i64,
    /// Its rendered texts: one for a completion or a conversation, chosen and rejected for a pair,
    /// the first pieces of a plain text.
    pub texts: Vec<RenderedText>,
    /// Further pieces of a long plain text.
    pub further_pieces: i64,
}

/// A rendered text, token by token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RenderedText {
    /// Its tokens in their order.
    pub tokens: Vec<RenderedToken>,
    /// How many tokens were cut off at the end.
    pub truncated: i64,
}

/// A token as text, and whether the model learns to say it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RenderedToken {
    /// Its text.
    pub text: String,
    /// Whether the loss is computed on it.
    pub learned: bool,
}

/// Asks how rows of a run would be rendered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RenderRows {
    /// The run as it would be asked for.
    pub run: CreateRun,
    /// How many rows to skip.
    #[serde(default)]
    pub skip: i64,
    /// How many rows to render, at most 20.
    pub count: i64,
}

/// An event with its place in a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct NumberedEvent {
    /// Its place: grows by at least one from event to event, over all attempts.
    pub seq: i64,
    /// The attempt that told it.
    pub attempt: i64,
    /// When it was recorded.
    pub at: DateTime<Utc>,
    /// What happened.
    pub event: RunEvent,
}

/// The history of a run for a page that opens late: few enough points to draw, and where to listen
/// from.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RunHistory {
    /// Steps in their order, thinned out evenly to a few hundred; superseded ones are left out.
    pub steps: Vec<NumberedEvent>,
    /// Every other event in its order; superseded ones are left out.
    pub others: Vec<NumberedEvent>,
    /// The place of the newest event: the stream goes on behind it.
    pub seq: i64,
}

/// What the live stream of a project tells; one name of a server-sent event each.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum LiveMessage {
    /// Something happened in the watched run. Its place is the event's id.
    Event(Box<NumberedEvent>),
    /// The watched run stands differently.
    Run(Box<RunSummary>),
}
