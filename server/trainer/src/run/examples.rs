//! What a run learns from, and what identifies it.

use sha2::{Digest, Sha256};
use shared::training::Method;

use crate::data::{TokenizedPair, TokenizedRow};
use crate::error::{Result, TrainerError};

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

    /// Refuses the kind that the method cannot use, and tokens that the model does not have.
    pub(super) fn check(
        &self,
        method: Method,
        vocabulary: usize,
        field: &'static str,
    ) -> Result<()> {
        let fits = matches!(
            (self, method),
            (Self::Rows(_), Method::Sft) | (Self::Pairs(_), Method::Dpo)
        );
        let fail = |reason: String| Err(TrainerError::Config { field, reason });
        if !fits {
            return fail(match method {
                Method::Sft => "sft needs rows with a completion, not pairs".into(),
                Method::Dpo => "dpo needs pairs of chosen and rejected, not rows".into(),
            });
        }
        for index in 0..self.len() {
            for row in self.sequences(index) {
                if row.tokens.len() != row.loss_mask.len() {
                    return fail(format!(
                        "the mask of example {index} is not as long as its tokens"
                    ));
                }
                if let Some(token) = row
                    .tokens
                    .iter()
                    .find(|&&token| token as usize >= vocabulary)
                {
                    return fail(format!(
                        "token {token} of example {index} is beyond the model's {vocabulary}; \
                         the tokenizer belongs to another model"
                    ));
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
