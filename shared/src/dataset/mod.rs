//! Datasets: rows in a draft that can be edited, and immutable versions cut from it.
//!
//! | module | what it describes |
//! | --- | --- |
//! | [`row`] | what one row holds, whatever file it came from |
//! | [`judged`] | what a preference row may say beyond which response is better |
//! | [`import`] | uploaded files, what was recognised in them, how an import went |
//! | [`version`] | cutting a version, its split and its counts |

pub mod import;
pub mod judged;
pub mod row;
pub mod version;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

pub use import::{
    ColumnMapping, ColumnUse, CreateImport, FileColumn, FileFormat, FileShape, Import,
    ImportPreview, PreviewRequest, PreviewRow, Rejection, RowField, Upload,
};
pub use judged::{Margin, Votes};
pub use row::{Provenance, Row, RowContent, RowKind, RowSource};
pub use version::{
    ClauseCount, CoverageCount, CreateDatasetVersion, DatasetVersion, ExportFormat, KindCount,
    RowCounts, Split,
};

use crate::{coverage::Coverage, ids::DatasetId};

/// A dataset of a project.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Dataset {
    /// The dataset.
    pub id: DatasetId,
    /// Its name, unique in the project.
    pub name: String,
    /// What its rows are for.
    pub description: String,
    /// How many rows its draft has.
    pub draft_row_count: i64,
    /// Whether the draft was changed after the latest version was cut.
    pub draft_changed: bool,
    /// The number of its latest version; absent before the first one.
    pub latest_version: Option<i64>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
}

/// Makes an empty dataset.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CreateDataset {
    /// Its name, at most 100 characters, unique in the project.
    pub name: String,
    /// What its rows are for.
    #[serde(default)]
    pub description: String,
}

/// Changes a dataset; absent fields stay.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct UpdateDataset {
    /// A new name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// A new description.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
}

/// A row at its place in a draft or a version.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DatasetRow {
    /// Its place. Positions grow in the order of the rows, and may have gaps; editing and deleting
    /// other rows does not change them.
    pub position: i64,
    /// The SHA-256 of its content, in hexadecimal digits.
    pub hash: String,
    /// Its side of the split; absent in a draft.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub split: Option<Split>,
    /// The row.
    pub row: Row,
}

/// Adds a row to a draft.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CreateRow {
    /// The row.
    pub row: Row,
    /// The place of a deleted row, to put it back; absent for the end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub position: Option<i64>,
}

/// Replaces a row of a draft.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct UpdateRow {
    /// The row as it shall be.
    pub row: Row,
    /// The hash of the content that was edited. If somebody else has changed it since, the request
    /// is refused, so that nobody's edit is lost.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected_hash: Option<String>,
}

/// Sets the coverage of rows of a draft.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SetCoverage {
    /// The positions of the rows, at most a thousand.
    pub positions: Vec<i64>,
    /// What they cover.
    pub coverage: Coverage,
}

/// How many rows a bulk change has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ChangedRows {
    /// The rows that are different now.
    pub changed: i64,
}
