//! Immutable versions: how they are cut, split, counted and exported.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::RowKind;
use crate::{
    coverage::Coverage,
    ids::{DatasetId, DatasetVersionId, UserId},
};

text_enum! {
    /// A side of a version's split.
    pub enum Split {
        /// Trained on.
        Train = "train",
        /// Only measured on, while training.
        Validation = "validation",
    }
}

text_enum! {
    /// The keys that an exported file has.
    pub enum ExportFormat {
        /// Each row with the keys of its kind: what trainers of the TRL family read.
        Native = "native",
        /// `prompt`, `completion`.
        PromptCompletion = "prompt_completion",
        /// `messages` of `role` and `content`.
        Messages = "messages",
        /// `prompt`, `chosen`, `rejected`, and where a row has them `votes_chosen` and
        /// `votes_rejected`, and `margin`.
        Preference = "preference",
        /// `instruction`, `input`, `output`, `system`, `history`.
        Alpaca = "alpaca",
        /// `conversations` of `from` and `value`.
        ShareGpt = "sharegpt",
    }
}

/// Cuts a version from a dataset's draft.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CreateDatasetVersion {
    /// Why it is cut.
    #[serde(default)]
    pub note: String,
    /// The share of rows that is held back for validation, from 0 to 0.5.
    #[serde(default = "default_validation_share")]
    pub validation_share: f64,
    /// Another seed holds back other rows.
    #[serde(default)]
    pub seed: u32,
}

const fn default_validation_share() -> f64 {
    0.1
}

/// An immutable version of a dataset.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DatasetVersion {
    /// The version.
    pub id: DatasetVersionId,
    /// Its dataset.
    pub dataset_id: DatasetId,
    /// From 1, without gaps in a dataset.
    pub number: i64,
    /// The number of the version whose draft was edited into this one.
    pub parent: Option<i64>,
    /// Why it was cut.
    pub note: String,
    /// The SHA-256 of its rows in their order with their split, in hexadecimal digits. Two versions
    /// that teach the same have the same.
    pub content_hash: String,
    /// The share of rows that was asked for to be held back.
    pub validation_share: f64,
    /// The seed of the split.
    pub seed: u32,
    /// What it holds.
    pub counts: RowCounts,
    /// Who cut it.
    pub created_by: Option<UserId>,
    /// When.
    pub created_at: DateTime<Utc>,
}

/// How many rows there are, and of what.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RowCounts {
    /// All rows.
    pub rows: i64,
    /// Those that are trained on; in a draft all of them.
    pub train: i64,
    /// Those that are held back.
    pub validation: i64,
    /// Rows whose content stands in another row too.
    pub duplicates: i64,
    /// By kind of content; kinds without rows are left out.
    pub by_kind: Vec<KindCount>,
    /// By coverage, every one of them.
    pub by_coverage: Vec<CoverageCount>,
    /// By clause and coverage, sorted by clause; clauses without rows are unknown here.
    pub by_clause: Vec<ClauseCount>,
}

/// The rows of one kind.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct KindCount {
    /// The kind.
    pub kind: RowKind,
    /// How many rows.
    pub rows: i64,
}

/// The rows of one coverage.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CoverageCount {
    /// The coverage.
    pub coverage: Coverage,
    /// How many rows are trained on; in a draft all of them.
    pub train: i64,
    /// How many are held back.
    pub validation: i64,
}

/// The rows that exercise one clause.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ClauseCount {
    /// The clause's key.
    pub clause: String,
    /// By coverage; a coverage without rows is left out.
    pub by_coverage: Vec<CoverageCount>,
}
