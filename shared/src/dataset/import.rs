//! Uploaded files, what was recognised in them, and how an import went.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{Row, RowKind};
use crate::{
    coverage::Coverage,
    ids::{DatasetId, ImportId, JobId, UploadId, UserId},
    job::JobState,
};

text_enum! {
    /// How a file is to be cut into records.
    pub enum FileFormat {
        /// One JSON object a line.
        Jsonl = "jsonl",
        /// A JSON array of objects, or objects one after the other.
        Json = "json",
        /// Values with separators, the first line naming the columns.
        Csv = "csv",
    }
}

text_enum! {
    /// The known sets of keys that a file's records were recognised by.
    pub enum FileShape {
        /// TRL: `prompt`, `completion`.
        PromptCompletion = "prompt_completion",
        /// TRL: `prompt`, `chosen`, `rejected`. Beside the two answers of this and of every other
        /// pair may stand `votes_chosen` and `votes_rejected`, and `margin`.
        Preference = "preference",
        /// TRL: `prompt`, `completion`, `label`.
        Unpaired = "unpaired",
        /// `messages` of `role` and `content`.
        Messages = "messages",
        /// `instruction`, `input`, `output`.
        Alpaca = "alpaca",
        /// `instruction`, `input`, `chosen`, `rejected`.
        AlpacaPreference = "alpaca_preference",
        /// `conversations` of `from` and `value`.
        ShareGpt = "sharegpt",
        /// `conversations`, `chosen`, `rejected`.
        ShareGptPreference = "sharegpt_preference",
        /// `conversations`, `kto_tag`.
        ShareGptUnpaired = "sharegpt_unpaired",
        /// `input`, `preferred_output`, `non_preferred_output`.
        OpenAiPreference = "openai_preference",
        /// `prompt`, `chosen`, `rejected` with the prompt repeated in both, and scores.
        UltraFeedback = "ultrafeedback",
        /// `instruction` or `prompt`, `chosen_response`, `rejected_response`.
        ResponsePair = "response_pair",
        /// `prompt`, `text`, `rejected_text`.
        AutoTrainPreference = "autotrain_preference",
        /// `question`, `chosen`, `rejected`.
        QuestionPreference = "question_preference",
        /// `chosen`, `rejected` that begin alike, as whole conversations or transcripts.
        ImplicitPreference = "implicit_preference",
        /// Two columns that are a question and an answer by their names.
        QuestionAnswer = "question_answer",
        /// `text` with a column that labels it.
        LabelledText = "labelled_text",
        /// `text`.
        Text = "text",
    }
}

text_enum! {
    /// What a column of a file can be used for.
    pub enum RowField {
        /// What is asked: a text, or turns.
        Prompt = "prompt",
        /// The operator's instructions, put in front of the prompt.
        System = "system",
        /// A text that is put after the prompt.
        Input = "input",
        /// Earlier turns, as pairs of question and answer.
        History = "history",
        /// The answer.
        Completion = "completion",
        /// A whole conversation.
        Messages = "messages",
        /// The better answer.
        Chosen = "chosen",
        /// The worse answer.
        Rejected = "rejected",
        /// How many annotators preferred the better answer.
        VotesChosen = "votes_chosen",
        /// How many annotators preferred the worse answer.
        VotesRejected = "votes_rejected",
        /// By how much the better answer shall score above the worse one.
        Margin = "margin",
        /// Whether the answer is wanted.
        Label = "label",
        /// Plain text.
        Text = "text",
        /// What kind of case the row is: typical, edge, adversarial or negative.
        Coverage = "coverage",
        /// Words to find the row by.
        Tags = "tags",
        /// The keys of the clauses that the row exercises.
        Clauses = "clauses",
        /// Where the row comes from, as an export of Temper writes it.
        Provenance = "provenance",
    }
}

/// A file that waits to be imported.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Upload {
    /// The file.
    pub id: UploadId,
    /// Its name where it came from.
    pub file_name: String,
    /// Its size.
    pub size_bytes: i64,
    /// When it arrived.
    pub created_at: DateTime<Utc>,
}

/// How the columns of a file become rows. A column without a use is kept as data.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ColumnMapping {
    /// What every row becomes.
    pub kind: RowKind,
    /// The columns that have a use.
    pub columns: Vec<ColumnUse>,
}

/// The use of one column.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ColumnUse {
    /// The column's name.
    pub column: String,
    /// What it is.
    pub field: RowField,
}

/// Asks what an import would make of a file; absent fields are detected.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PreviewRequest {
    /// How to cut the file into records.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub format: Option<FileFormat>,
    /// How to make rows of the records.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mapping: Option<ColumnMapping>,
}

/// What was recognised in the head of a file, and what an import would make of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ImportPreview {
    /// The file.
    pub upload: Upload,
    /// How it is cut into records.
    pub format: FileFormat,
    /// What its keys were recognised as; absent if nothing known fits, or a mapping was given.
    pub shape: Option<FileShape>,
    /// Why, for a person.
    pub reason: String,
    /// The columns of the first records.
    pub columns: Vec<FileColumn>,
    /// The mapping that was given, or is proposed; absent if nothing known fits.
    pub mapping: Option<ColumnMapping>,
    /// The first records, as they will be.
    pub rows: Vec<PreviewRow>,
}

/// One column of a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FileColumn {
    /// Its name.
    pub name: String,
    /// Its first value that is not empty, shortened.
    pub example: String,
}

/// One record as an import would take it: a row, or the reason why not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PreviewRow {
    /// The line of the file on which it begins.
    pub line: i64,
    /// The row.
    pub row: Option<Row>,
    /// Why it is no row.
    pub rejected: Option<String>,
}

/// Imports a file into a dataset's draft.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CreateImport {
    /// The file.
    pub upload_id: UploadId,
    /// How to cut it into records; detected if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub format: Option<FileFormat>,
    /// How to make rows of the records; detected if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mapping: Option<ColumnMapping>,
    /// The coverage of rows whose record does not say.
    #[serde(default = "default_coverage")]
    pub default_coverage: Coverage,
    /// Leave rows out whose content the draft has already. They are counted in any case.
    #[serde(default)]
    pub skip_duplicates: bool,
}

const fn default_coverage() -> Coverage {
    Coverage::Typical
}

/// An import and how it went.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Import {
    /// The import.
    pub id: ImportId,
    /// Into which dataset.
    pub dataset_id: DatasetId,
    /// The job that does it.
    pub job_id: JobId,
    /// Where it stands.
    pub state: JobState,
    /// How it ended, or what it is doing.
    pub message: String,
    /// How far it is, from 0 to 1.
    pub progress: Option<f64>,
    /// The file's name.
    pub file_name: String,
    /// The file's size.
    pub size_bytes: i64,
    /// How its records were cut.
    pub format: FileFormat,
    /// How they were made rows.
    pub mapping: ColumnMapping,
    /// Rows that are in the draft now.
    pub imported: i64,
    /// Rows whose content the draft had already; they are left out if the import was asked to.
    pub duplicates: i64,
    /// Records that could not be made rows.
    pub rejected: i64,
    /// Whether its rows were taken out of the draft again.
    pub taken_back: bool,
    /// Who asked for it.
    pub created_by: Option<UserId>,
    /// When.
    pub created_at: DateTime<Utc>,
}

/// A record that could not be made a row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Rejection {
    /// Its number in the file, from 1.
    pub record: i64,
    /// The line on which it begins, from 1.
    pub line: i64,
    /// Why, and what would be right.
    pub reason: String,
    /// How it begins.
    pub excerpt: String,
}
