//! Answers that are each wanted or not.

use rayon::prelude::*;
use serde_json::Value;
use shared::dataset::RowContent;

use super::rows::Row;
use super::tokens::{Encoder, TokenCounts, TokenizedRow};
use crate::error::Result;

/// One answer with its prompt, and whether the model should answer like this.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LabelledRow {
    /// The prompt with the answer, cut to the longest length.
    pub row: TokenizedRow,
    /// What was cut off the end of the answer: another prompt, if it is shorter, has room for it.
    pub beyond: Vec<u32>,
    /// Whether it is wanted.
    pub desirable: bool,
}

/// Labelled answers for preference tuning without pairs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TokenizedLabels {
    /// The answers that are left: single ones and the better sides of pairs in the order of the
    /// file, then the worse sides of pairs.
    pub rows: Vec<LabelledRow>,
    /// For each of them its place in the given rows.
    pub sources: Vec<usize>,
    /// What happened to the others.
    pub counts: TokenCounts,
}

impl LabelledRow {
    fn new(mut row: TokenizedRow, max_length: usize, desirable: bool) -> Self {
        let beyond = row.tokens.get(max_length..).unwrap_or_default().to_vec();
        row.cut(max_length);
        Self {
            row,
            beyond,
            desirable,
        }
    }

    /// The prompt: all tokens before the answer.
    pub fn prompt(&self) -> &[u32] {
        let mask = self.row.loss_mask.iter();
        let length = mask.take_while(|learned| !**learned).count();
        &self.row.tokens[..length]
    }

    /// The answer of this row after the prompt of another one, cut to the longest length: what KTO
    /// estimates the model's distance from its reference on.
    pub fn answer_after(&self, other: &Self, max_length: usize) -> TokenizedRow {
        let prompt = other.prompt();
        let answer = &self.row.tokens[self.prompt().len()..];
        let mut row = TokenizedRow {
            tokens: [prompt, answer, &self.beyond].concat(),
            loss_mask: Vec::new(),
        };
        row.loss_mask = (0..row.tokens.len())
            .map(|place| place >= prompt.len())
            .collect();
        row.cut(max_length);
        row
    }
}

impl Encoder<'_> {
    /// All tokens of the answers of a row, not cut, each with whether it is wanted: of a pair the
    /// better one, then the worse one. `None` for a row whose answer has no label.
    pub fn labelled(
        &self,
        content: &RowContent,
        tools: Option<&Value>,
    ) -> Result<Option<Vec<(TokenizedRow, bool)>>> {
        let (prompt, sides) = match content {
            RowContent::Unpaired {
                prompt,
                completion,
                desirable,
            } => (prompt, vec![(completion, *desirable)]),
            RowContent::Preference {
                prompt,
                chosen,
                rejected,
                ..
            } => (prompt, vec![(chosen, true), (rejected, false)]),
            _ => return Ok(None),
        };
        let sides = sides.into_iter().map(|(answer, desirable)| {
            let row = self.completion(prompt, answer, tools)?;
            Ok((row, desirable))
        });
        sides.collect::<Result<_>>().map(Some)
    }

    /// Tokenizes labelled answers, cut to the longest length. Other rows, and answers whose prompt
    /// alone fills that length, are dropped.
    ///
    /// Pairs are taken apart as TRL 1.16 does, the better sides first (TRL does so by thousands of
    /// rows, which makes a difference only to a run that does not shuffle).
    pub fn labels(&self, rows: &[Row]) -> Result<TokenizedLabels> {
        let all = rows
            .par_iter()
            .map(|row| self.labelled(&row.content, row.tools.as_ref()));
        let mut data = TokenizedLabels::default();
        let mut worse_sides = Vec::new();
        for (source, sides) in all.collect::<Result<Vec<_>>>()?.into_iter().enumerate() {
            let Some(mut sides) = sides else {
                data.counts.dropped += 1;
                continue;
            };
            let worse = sides.drain(1..).map(|side| (source, side));
            worse_sides.extend(worse);
            for side in sides {
                data.add(source, side, self.max_length());
            }
        }
        for (source, side) in worse_sides {
            data.add(source, side, self.max_length());
        }
        Ok(data)
    }
}

impl TokenizedLabels {
    fn add(&mut self, source: usize, (row, desirable): (TokenizedRow, bool), max_length: usize) {
        let labelled = LabelledRow::new(row, max_length, desirable);
        if labelled.row.learned() == 0 {
            self.counts.dropped += 1;
        } else {
            self.counts.truncated += usize::from(!labelled.beyond.is_empty());
            self.rows.push(labelled);
            self.sources.push(source);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labelled(tokens: &[u32], prompt: usize, max_length: usize) -> LabelledRow {
        let row = TokenizedRow {
            tokens: tokens.to_vec(),
            loss_mask: (0..tokens.len()).map(|place| place >= prompt).collect(),
        };
        LabelledRow::new(row, max_length, true)
    }

    #[test]
    fn an_answer_after_a_shorter_prompt_gets_back_what_was_cut() {
        let long = labelled(&[1, 2, 3, 10, 11, 12, 13], 3, 5);
        assert_eq!((long.row.tokens.len(), long.beyond.len()), (5, 2));
        let short = labelled(&[4, 20], 1, 5);
        let mismatched = long.answer_after(&short, 5);
        assert_eq!(mismatched.tokens, [4, 10, 11, 12, 13]);
        assert_eq!(mismatched.loss_mask, [false, true, true, true, true]);
        let mismatched = short.answer_after(&long, 5);
        assert_eq!(mismatched.tokens, [1, 2, 3, 20]);
        assert_eq!(long.answer_after(&long, 5), long.row);
    }
}
