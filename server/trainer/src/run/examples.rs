//! What a run learns from, and what identifies it.

use sha2::{Digest, Sha256};
use shared::training::{Lesson, Method};

use crate::data::{TokenizedPair, TokenizedRow};
use crate::error::{Result, TrainerError};
use crate::model::ModelConfig;

/// Tokenized data of one kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Examples {
    /// Rows to imitate.
    Rows(Vec<TokenizedRow>),
    /// Pairs to prefer by.
    Pairs(Vec<TokenizedPair>),
}

impl Examples {
    /// The number of rows or pairs.
    pub fn len(&self) -> usize {
        match self {
            Self::Rows(rows) => rows.len(),
            Self::Pairs(pairs) => pairs.len(),
        }
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The sequences of one example: a row, or chosen and rejected.
    pub(super) fn sequences(&self, index: usize) -> Vec<&TokenizedRow> {
        match self {
            Self::Rows(rows) => vec![&rows[index]],
            Self::Pairs(pairs) => vec![&pairs[index].chosen, &pairs[index].rejected],
        }
    }

    /// Refuses the kind that the method cannot use, and rows that the model cannot read.
    pub(super) fn check(
        &self,
        method: Method,
        model: &ModelConfig,
        field: &'static str,
    ) -> Result<()> {
        let fits = matches!(
            (self, method.lesson()),
            (Self::Rows(_), Lesson::Answers) | (Self::Pairs(_), Lesson::Pairs)
        );
        let fail = |reason: String| Err(TrainerError::Config { field, reason });
        if !fits {
            return fail(match method.lesson() {
                Lesson::Answers => format!("{method} needs rows with a completion, not pairs"),
                Lesson::Pairs => format!("{method} needs pairs of chosen and rejected, not rows"),
            });
        }
        for index in 0..self.len() {
            for row in self.sequences(index) {
                if let Some(reason) = unreadable(row, model) {
                    return fail(format!("example {index} {reason}"));
                }
            }
        }
        Ok(())
    }

    /// Adds every token and mask to a digest.
    pub(super) fn digest(&self, sha: &mut Sha256) {
        sha.update((self.len() as u64).to_le_bytes());
        for index in 0..self.len() {
            for row in self.sequences(index) {
                sha.update((row.tokens.len() as u64).to_le_bytes());
                for (token, learned) in row.tokens.iter().zip(&row.loss_mask) {
                    sha.update(token.to_le_bytes());
                    sha.update([u8::from(*learned)]);
                }
            }
        }
    }
}

fn unreadable(row: &TokenizedRow, model: &ModelConfig) -> Option<String> {
    let (length, vocabulary) = (row.tokens.len(), model.vocab_size);
    if length != row.loss_mask.len() {
        return Some("has a mask that is not as long as its tokens".into());
    }
    if length > model.context() {
        let most = model.context();
        return Some(format!(
            "has {length} tokens where the model reads {most}; lower data.max_length"
        ));
    }
    let beyond = row
        .tokens
        .iter()
        .find(|token| **token as usize >= vocabulary)?;
    Some(format!(
        "has token {beyond} where the model knows {vocabulary}; the tokenizer is another model's"
    ))
}
