//! The rows of a run, tokenized as its method needs them.

use std::path::Path;

use shared::dataset::RowKind;
use shared::training::{Lesson, TrainingConfig};

use crate::data::{Encoder, Row, TokenizedRow};
use crate::error::{Result, TrainerError};
use crate::model::LoadedModel;
use crate::run::Examples;

/// Tokenized rows, and what happened to the others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prepared {
    /// What is left to learn from.
    pub examples: Examples,
    /// Rows that were cut.
    pub truncated: usize,
    /// Rows that were left out, because nothing of them would be learned.
    pub dropped: usize,
}

/// What rows are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// To learn from.
    Train,
    /// To measure the loss on.
    Validation,
    /// To be mixed in against forgetting.
    General,
}

impl Part {
    /// Whether rows of a kind are taken.
    pub const fn takes(self, lesson: Lesson, kind: RowKind) -> bool {
        match self {
            Self::Train | Self::Validation => lesson.takes(kind),
            Self::General => lesson.mixes(kind),
        }
    }

    /// Whether the rows are packed. What is measured is not: it keeps the order of the file and is
    /// counted by the row.
    pub fn is_packed(self, config: &TrainingConfig) -> bool {
        config.packing() && self != Self::Validation
    }
}

/// Tokenizes rows as the method needs them.
pub(super) fn prepare(
    config: &TrainingConfig,
    model: &LoadedModel,
    rows: &[Row],
    part: Part,
) -> Result<Prepared> {
    let system_prompt = config.data.system_prompt.as_deref();
    let max_length = config.data.max_length;
    let encoder = Encoder::new(model, system_prompt, max_length);
    let lesson = config.method.lesson();
    let (examples, counts) = match lesson {
        Lesson::Answers | Lesson::Texts => {
            let is_taken = |row: &&Row| part.takes(lesson, row.content.kind());
            let taken: Vec<&Row> = rows.iter().filter(is_taken).collect();
            let mut data = encoder.rows(&taken)?;
            data.counts.dropped += rows.len() - taken.len();
            let examples = if part.is_packed(config) {
                Examples::packed(data.rows, max_length)
            } else {
                Examples::Rows(data.rows)
            };
            (examples, data.counts)
        }
        Lesson::Pairs => {
            let data = encoder.pairs(rows)?;
            (Examples::Pairs(data.pairs), data.counts)
        }
        Lesson::Comparisons => {
            let data = encoder.comparisons(rows)?;
            (Examples::Pairs(data.pairs), data.counts)
        }
        Lesson::Unpaired => {
            let data = encoder.labels(rows)?;
            (Examples::Unpaired(data.rows), data.counts)
        }
        Lesson::Prompts => {
            let data = encoder.prompts(rows)?;
            (Examples::Prompts(data.rows), data.counts)
        }
    };
    Ok(Prepared {
        examples,
        truncated: counts.truncated,
        dropped: counts.dropped,
    })
}

/// Tokenizes rows as what is to be imitated, whatever the method.
pub(super) fn imitated(
    config: &TrainingConfig,
    model: &LoadedModel,
    rows: &[Row],
) -> Result<Vec<TokenizedRow>> {
    let system_prompt = config.data.system_prompt.as_deref();
    let encoder = Encoder::new(model, system_prompt, config.data.max_length);
    let rows: Vec<Row> = rows.iter().cloned().map(Row::into_answer).collect();
    Ok(encoder.rows(&rows)?.rows)
}

/// Why no row is left to learn from.
pub(super) fn nothing_to_learn(config: &TrainingConfig, rows: usize) -> TrainerError {
    let reason = if rows == 0 {
        format!("{} holds no rows", Path::new(&config.data.train).display())
    } else {
        let kind = match config.method.lesson() {
            Lesson::Answers => "rows with a completion (and no label) or a conversation",
            Lesson::Texts => "rows with a text",
            Lesson::Pairs | Lesson::Comparisons => "rows with chosen and rejected",
            Lesson::Unpaired => {
                "rows with a completion and a label (true or false), or chosen and rejected"
            }
            Lesson::Prompts => "rows with a prompt",
        };
        let most = config.data.max_length;
        let short = match config.method.lesson() {
            Lesson::Texts => "texts and a data.max_length of at least two tokens",
            Lesson::Comparisons => "prompts with responses of at most data.max_length",
            Lesson::Prompts => "prompts of at most data.max_length",
            Lesson::Answers | Lesson::Pairs | Lesson::Unpaired => {
                "prompts shorter than data.max_length"
            }
        };
        format!(
            "none of the {rows} rows has a token to learn from: {} needs {kind}, and {short} ({most})",
            config.method
        )
    };
    TrainerError::Config {
        field: "data.train",
        reason,
    }
}
