//! What a run learns from, and what identifies it.

use sha2::{Digest, Sha256};
use shared::dataset::Votes;
use shared::training::{Lesson, Method};

use crate::data::{AskedRow, LabelledRow, TokenizedPair, TokenizedRow, best_fit};
use crate::error::{Result, TrainerError};
use crate::loss::Verdict;
use crate::model::ModelConfig;

use super::order::Source;

/// Tokenized data of one kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Examples {
    /// Rows to imitate.
    Rows(Vec<TokenizedRow>),
    /// Rows to imitate, several of which are one example. They do not see each other.
    Packs(Vec<Vec<TokenizedRow>>),
    /// Pairs to prefer by.
    Pairs(Vec<TokenizedPair>),
    /// Answers that are each wanted or not.
    Unpaired(Vec<LabelledRow>),
    /// Prompts that the model answers itself.
    Prompts(Vec<AskedRow>),
}

impl Examples {
    /// Rows packed by best fit into examples of at most `max_length` tokens.
    pub fn packed(rows: Vec<TokenizedRow>, max_length: usize) -> Self {
        let lengths: Vec<usize> = rows.iter().map(|row| row.tokens.len()).collect();
        let mut rows: Vec<_> = rows.into_iter().map(Some).collect();
        let packs = best_fit(&lengths, max_length).into_iter();
        let packs = packs.map(|pack| {
            pack.into_iter()
                .filter_map(|row| rows[row].take())
                .collect()
        });
        Self::Packs(packs.collect())
    }

    /// The number of rows, packs, pairs or answers.
    pub fn len(&self) -> usize {
        match self {
            Self::Rows(rows) => rows.len(),
            Self::Packs(packs) => packs.len(),
            Self::Pairs(pairs) => pairs.len(),
            Self::Unpaired(rows) => rows.len(),
            Self::Prompts(rows) => rows.len(),
        }
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The number of rows: of packs what is in them, otherwise that of the examples.
    pub(super) fn rows(&self) -> usize {
        match self {
            Self::Packs(packs) => packs.iter().map(Vec::len).sum(),
            Self::Rows(_) | Self::Pairs(_) | Self::Unpaired(_) | Self::Prompts(_) => self.len(),
        }
    }

    /// The sequences of one example: a row, those of a pack, or chosen and rejected, or the
    /// prompt.
    pub(super) fn sequences(&self, index: usize) -> Vec<&TokenizedRow> {
        match self {
            Self::Rows(rows) => vec![&rows[index]],
            Self::Packs(packs) => packs[index].iter().collect(),
            Self::Pairs(pairs) => vec![&pairs[index].chosen, &pairs[index].rejected],
            Self::Unpaired(rows) => vec![&rows[index].row],
            Self::Prompts(rows) => vec![&rows[index].prompt],
        }
    }

    /// One prompt, if the examples are such.
    pub(super) fn asked(&self, source: Source) -> Option<&AskedRow> {
        match (self, source) {
            (Self::Prompts(rows), Source::Train(index)) => rows.get(index),
            _ => None,
        }
    }

    /// One answer with its label, if the examples have such.
    pub(super) fn labelled(&self, index: usize) -> Option<&LabelledRow> {
        match self {
            Self::Unpaired(rows) => rows.get(index),
            Self::Rows(_) | Self::Packs(_) | Self::Pairs(_) | Self::Prompts(_) => None,
        }
    }

    /// What annotators said of one pair beyond its order, if the examples are pairs.
    pub(super) fn verdict(&self, index: usize) -> Option<Verdict> {
        let Self::Pairs(pairs) = self else {
            return None;
        };
        let pair = pairs.get(index)?;
        let certain = Verdict::default();
        Some(Verdict {
            share: pair.votes.map_or(certain.share, Votes::share),
            margin: pair
                .margin
                .map_or(certain.margin, |margin| margin.get().into()),
        })
    }

    /// At most so many examples to measure on: the first ones, but of labelled answers some from
    /// everywhere, because the unwanted sides of pairs stand behind all wanted ones.
    pub(super) fn measured(&self, most: usize) -> Vec<usize> {
        let count = self.len().min(most);
        match self {
            Self::Unpaired(rows) => (0..count).map(|at| at * rows.len() / count).collect(),
            Self::Rows(_) | Self::Packs(_) | Self::Pairs(_) | Self::Prompts(_) => {
                (0..count).collect()
            }
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
            (
                Self::Rows(_) | Self::Packs(_),
                Lesson::Answers | Lesson::Texts
            ) | (Self::Pairs(_), Lesson::Pairs | Lesson::Comparisons)
                | (Self::Unpaired(_), Lesson::Unpaired)
                | (Self::Prompts(_), Lesson::Prompts)
        );
        let fail = |reason: String| Err(TrainerError::Config { field, reason });
        if !fits {
            return fail(match method.lesson() {
                Lesson::Answers => format!("{method} needs rows with a completion to imitate"),
                Lesson::Texts => format!("{method} needs texts to read"),
                Lesson::Pairs | Lesson::Comparisons => {
                    format!("{method} needs pairs of chosen and rejected")
                }
                Lesson::Unpaired => format!("{method} needs answers with a label"),
                Lesson::Prompts => format!("{method} needs prompts to answer"),
            });
        }
        for index in 0..self.len() {
            let rows = self.sequences(index);
            let beyond = self.labelled(index).map_or(&[][..], |row| &row.beyond);
            let reason = rows.iter().find_map(|row| unreadable(row, model));
            if let Some(reason) = reason.or_else(|| unknown(beyond, model)) {
                return fail(format!("example {index} {reason}"));
            }
        }
        Ok(())
    }

    /// Adds every token and mask to a digest, and what else is learned from.
    pub(super) fn digest(&self, sha: &mut Sha256) {
        sha.update((self.len() as u64).to_le_bytes());
        for index in 0..self.len() {
            if let Self::Packs(packs) = self {
                sha.update((packs[index].len() as u64).to_le_bytes());
            }
            for row in self.sequences(index) {
                sha.update((row.tokens.len() as u64).to_le_bytes());
                for (token, learned) in row.tokens.iter().zip(&row.loss_mask) {
                    sha.update(token.to_le_bytes());
                    sha.update([u8::from(*learned)]);
                }
            }
            if let Some(row) = self.labelled(index) {
                sha.update([u8::from(row.desirable)]);
                sha.update((row.beyond.len() as u64).to_le_bytes());
                for token in &row.beyond {
                    sha.update(token.to_le_bytes());
                }
            }
            // What a pair does not have adds nothing, so that checkpoints of before are gone on from.
            if let Self::Pairs(pairs) = self {
                if let Some(votes) = pairs[index].votes {
                    sha.update(b"votes");
                    sha.update(votes.chosen().to_le_bytes());
                    sha.update(votes.rejected().to_le_bytes());
                }
                if let Some(margin) = pairs[index].margin {
                    sha.update(b"margin");
                    sha.update(margin.get().to_le_bytes());
                }
            }
            if let Self::Prompts(rows) = self {
                let expected = &rows[index].expected;
                sha.update((expected.len() as u64).to_le_bytes());
                sha.update(expected);
            }
        }
    }
}

/// Why the model cannot read a row, if it cannot.
pub(super) fn unreadable(row: &TokenizedRow, model: &ModelConfig) -> Option<String> {
    let length = row.tokens.len();
    if length != row.loss_mask.len() {
        return Some("has a mask that is not as long as its tokens".into());
    }
    if length > model.context() {
        let most = model.context();
        return Some(format!(
            "has {length} tokens where the model reads {most}; lower data.max_length"
        ));
    }
    unknown(&row.tokens, model)
}

fn unknown(tokens: &[u32], model: &ModelConfig) -> Option<String> {
    let vocabulary = model.vocab_size;
    let beyond = tokens.iter().find(|token| **token as usize >= vocabulary)?;
    Some(format!(
        "has token {beyond} where the model knows {vocabulary}; the tokenizer is another model's"
    ))
}

#[cfg(test)]
mod tests {
    use shared::dataset::Margin;

    use super::*;

    #[test]
    fn packs_differ_by_what_is_in_which() {
        let row = |token| TokenizedRow {
            tokens: vec![token; 3],
            loss_mask: vec![false, true, true],
        };
        let packed = Examples::packed(vec![row(1), row(2), row(3)], 6);
        assert_eq!((packed.len(), packed.rows()), (2, 3));
        let Examples::Packs(mut packs) = packed.clone() else {
            panic!("not packed");
        };
        assert_eq!(packs, [vec![row(1), row(2)], vec![row(3)]]);
        let moved = packs[0].remove(1);
        packs[1].insert(0, moved);
        let digest = |examples: &Examples| {
            let mut sha = Sha256::new();
            examples.digest(&mut sha);
            sha.finalize()
        };
        assert_ne!(digest(&packed), digest(&Examples::Packs(packs)));
    }

    #[test]
    fn pairs_differ_by_their_votes_and_margins() {
        let digest = |votes: Option<[u32; 2]>, margin: Option<f64>| {
            let pair = TokenizedPair {
                votes: votes.map(|[chosen, rejected]| Votes::new(chosen, rejected).unwrap()),
                margin: margin.map(|margin| Margin::new(margin).unwrap()),
                ..TokenizedPair::default()
            };
            let mut sha = Sha256::new();
            Examples::Pairs(vec![pair]).digest(&mut sha);
            sha.finalize()
        };
        let all = [
            digest(None, None),
            digest(Some([2, 1]), None),
            digest(Some([3, 1]), None),
            digest(Some([2, 2]), None),
            digest(None, Some(0.5)),
            digest(None, Some(0.25)),
            digest(Some([2, 1]), Some(0.5)),
        ];
        for (index, one) in all.iter().enumerate() {
            assert!(!all[..index].contains(one), "{index}");
        }
    }

    #[test]
    fn labelled_answers_are_measured_from_everywhere() {
        let rows = Examples::Unpaired(vec![LabelledRow::default(); 10]);
        assert_eq!(rows.measured(4), [0, 2, 5, 7]);
        assert_eq!(rows.measured(99), (0..10).collect::<Vec<_>>());
        assert!(rows.measured(0).is_empty());
        let rows = Examples::Rows(vec![TokenizedRow::default(); 10]);
        assert_eq!(rows.measured(4), [0, 1, 2, 3]);
    }
}
