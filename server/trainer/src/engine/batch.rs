//! Sequences packed one after another, with the places where the loss looks.

use std::ops::Range;

use crate::data::TokenizedRow;

/// A batch of T rows of tokens. Positions begin anew with each sequence.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Batch {
    /// The input tokens of all sequences, `[T]`.
    pub tokens: Vec<u32>,
    /// The place of each token in its sequence, `[T]`.
    pub positions: Vec<u32>,
    /// Where each sequence begins, and T at the end.
    pub starts: Vec<usize>,
    /// The rows whose prediction is scored, `[N]`, rising.
    pub loss_rows: Vec<u32>,
    /// What each of them should predict, `[N]`.
    pub labels: Vec<u32>,
    /// For each sequence its part of `loss_rows`.
    pub spans: Vec<Range<usize>>,
    /// Tokens of the rows as they came, for counting.
    pub row_tokens: usize,
}

impl Batch {
    /// Packs rows. A token is a label if its mask says so and something precedes it; what follows
    /// the last label of a row is left out, because nothing learns from it.
    pub fn new<'a>(rows: impl IntoIterator<Item = &'a TokenizedRow>) -> Self {
        let mut batch = Self {
            starts: vec![0],
            ..Self::default()
        };
        for row in rows {
            batch.push(row);
        }
        batch
    }

    /// Packs whole sequences without labels, as for generation.
    pub fn unlabelled(rows: &[&[u32]]) -> Self {
        let mut batch = Self {
            starts: vec![0],
            ..Self::default()
        };
        for tokens in rows {
            batch.push_tokens(tokens);
            batch.row_tokens += tokens.len();
        }
        batch
    }

    /// The number of sequences.
    pub fn sequences(&self) -> usize {
        self.spans.len()
    }

    fn push(&mut self, row: &TokenizedRow) {
        let first_row = self.tokens.len();
        let is_label = |at: &usize| row.loss_mask.get(*at).copied().unwrap_or(false);
        let labels: Vec<usize> = (1..row.tokens.len()).filter(is_label).collect();
        let first_label = self.labels.len();
        for at in &labels {
            self.loss_rows.push((first_row + at - 1) as u32);
            self.labels.push(row.tokens[*at]);
        }
        self.row_tokens += row.tokens.len();
        self.push_tokens(&row.tokens[..labels.last().copied().unwrap_or(0)]);
        if let Some(span) = self.spans.last_mut() {
            *span = first_label..self.labels.len();
        }
    }

    fn push_tokens(&mut self, tokens: &[u32]) {
        self.tokens.extend_from_slice(tokens);
        self.positions.extend(0..tokens.len() as u32);
        self.starts.push(self.tokens.len());
        self.spans.push(self.labels.len()..self.labels.len());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_end_at_their_last_label_and_positions_begin_anew() {
        let first = TokenizedRow {
            tokens: vec![5, 6, 7, 8],
            loss_mask: vec![true, false, true, false],
        };
        let second = TokenizedRow {
            tokens: vec![9, 10, 11],
            loss_mask: vec![false, true, true],
        };
        let batch = Batch::new([&first, &second]);
        assert_eq!(batch.tokens, [5, 6, 9, 10]);
        assert_eq!(batch.positions, [0, 1, 0, 1]);
        assert_eq!(batch.starts, [0, 2, 4]);
        assert_eq!(batch.loss_rows, [1, 2, 3]);
        assert_eq!(batch.labels, [7, 10, 11]);
        assert_eq!(batch.spans, [0..1, 1..3]);
        assert_eq!(batch.row_tokens, 7);
    }
}
