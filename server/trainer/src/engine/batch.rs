//! Sequences packed one after another, with the places where the loss looks.
//!
//! What several sequences begin with is there once: a system message that all rows share, the
//! prompt of a pair. Nothing in it is a label, so its rows are worth the same to all of them, and
//! their gradients add up in the keys and values that the others look at.

use std::ops::Range;

use crate::data::TokenizedRow;
use crate::ops::Segment;

/// Rows that sharing a beginning must save, to be worth the smaller products of attention.
const SAVED_LEAST: usize = 8;

/// A batch of T rows of tokens.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Batch {
    /// The input tokens of all segments, `[T]`.
    pub tokens: Vec<u32>,
    /// The place of each token in its sequence, `[T]`.
    pub positions: Vec<u32>,
    /// Which rows see which.
    pub segments: Vec<Segment>,
    /// For each sequence the segment that it ends in.
    pub ends: Vec<usize>,
    /// The rows whose prediction is scored, `[N]`, rising.
    pub loss_rows: Vec<u32>,
    /// What each of them should predict, `[N]`.
    pub labels: Vec<u32>,
    /// For each sequence its part of `loss_rows`.
    pub spans: Vec<Range<usize>>,
    /// Tokens of the rows as they came, for counting.
    pub row_tokens: usize,
}

/// A sequence that goes into a batch.
struct Sequence<'a> {
    tokens: &'a [u32],
    /// The places of its labels, rising, and what each is.
    labels: Vec<(usize, u32)>,
    /// The tokens that may stand in a segment with others: those before the row of the first
    /// label, and never all.
    sharable: usize,
}

impl Batch {
    /// Packs rows. A token is a label if its mask says so and something precedes it; what follows
    /// the last label of a row is left out, because nothing learns from it.
    pub fn new<'a>(rows: impl IntoIterator<Item = &'a TokenizedRow>) -> Self {
        let mut row_tokens = 0;
        let sequences = rows.into_iter().map(|row| {
            let is_label = |at: &usize| row.loss_mask.get(*at).copied().unwrap_or(false);
            let labels = (1..row.tokens.len()).filter(is_label);
            let labels: Vec<_> = labels.map(|at| (at, row.tokens[at])).collect();
            row_tokens += row.tokens.len();
            Sequence {
                tokens: &row.tokens[..labels.last().map_or(0, |(at, _)| *at)],
                sharable: labels.first().map_or(0, |(at, _)| at - 1),
                labels,
            }
        });
        let sequences: Vec<_> = sequences.collect();
        Self {
            row_tokens,
            ..Self::packed(&sequences)
        }
    }

    /// Packs whole rows, each of which is scored at its last token: the only labels are those places,
    /// and they predict nothing.
    pub fn scored<'a>(rows: impl IntoIterator<Item = &'a TokenizedRow>) -> Self {
        let rows: Vec<_> = rows.into_iter().collect();
        let sequences = rows.iter().map(|row| Sequence {
            tokens: &row.tokens,
            labels: vec![(row.tokens.len(), 0)],
            sharable: row.tokens.len().saturating_sub(1),
        });
        Self {
            row_tokens: rows.iter().map(|row| row.tokens.len()).sum(),
            ..Self::packed(&sequences.collect::<Vec<_>>())
        }
    }

    /// Packs whole sequences without labels, as for generation.
    pub fn unlabelled(rows: &[&[u32]]) -> Self {
        let sequences = rows.iter().map(|tokens| Sequence {
            tokens,
            labels: Vec::new(),
            sharable: tokens.len().saturating_sub(1),
        });
        Self {
            row_tokens: rows.iter().map(|tokens| tokens.len()).sum(),
            ..Self::packed(&sequences.collect::<Vec<_>>())
        }
    }

    /// The number of sequences.
    pub fn sequences(&self) -> usize {
        self.spans.len()
    }

    /// The segments of a sequence, from its beginning to its end.
    pub fn segments_of(&self, sequence: usize) -> Vec<Segment> {
        let end = Some(self.ends[sequence]);
        let numbers = std::iter::successors(end, |number| self.segments[*number].parent);
        let mut segments: Vec<_> = numbers.map(|number| self.segments[number]).collect();
        segments.reverse();
        segments
    }

    fn packed(sequences: &[Sequence<'_>]) -> Self {
        let mut batch = Self {
            ends: vec![0; sequences.len()],
            spans: vec![0..0; sequences.len()],
            ..Self::default()
        };
        let beginning = |number: &usize| {
            let Sequence {
                tokens, sharable, ..
            } = sequences[*number];
            &tokens[..sharable]
        };
        let mut sorted: Vec<usize> = (0..sequences.len()).collect();
        sorted.sort_by(|left, right| beginning(left).cmp(beginning(right)));
        let common = sorted.windows(2).map(|pair| {
            let pairs = beginning(&pair[0]).iter().zip(beginning(&pair[1]));
            pairs.take_while(|(left, right)| left == right).count()
        });
        let common: Vec<usize> = common.collect();
        batch.grow(sequences, &sorted, &common, 0, None);
        batch
    }

    /// Adds sequences whose first `depth` tokens are in `parent` and the segments above it. They
    /// are sorted by their beginnings; `common` is how many tokens each shares with the next.
    fn grow(
        &mut self,
        sequences: &[Sequence<'_>],
        sorted: &[usize],
        common: &[usize],
        depth: usize,
        parent: Option<usize>,
    ) {
        let Some(least) = common.iter().copied().min() else {
            for number in sorted {
                self.end(*number, &sequences[*number], depth, parent);
            }
            return;
        };
        let saved = least.saturating_sub(depth) * common.len();
        let (depth, parent) = if saved >= SAVED_LEAST {
            let tokens = &sequences[sorted[0]].tokens[depth..least];
            (least, Some(self.segment(tokens, depth, parent)))
        } else {
            (depth, parent)
        };
        // Apart where they share no more than all do.
        let mut groups = Vec::new();
        let mut first = 0;
        for last in (0..sorted.len()).filter(|at| common.get(*at).is_none_or(|at| *at == least)) {
            groups.push((&sorted[first..=last], &common[first..last]));
            first = last + 1;
        }
        // In the order in which they came.
        groups.sort_by_key(|(members, _)| members.iter().min());
        for (members, common) in groups {
            self.grow(sequences, members, common, depth, parent);
        }
    }

    /// Adds what is left of a sequence behind `depth` tokens, with its labels.
    fn end(&mut self, number: usize, sequence: &Sequence<'_>, depth: usize, parent: Option<usize>) {
        let (first_row, first_label) = (self.tokens.len(), self.labels.len());
        for (at, label) in &sequence.labels {
            self.loss_rows.push((first_row + at - 1 - depth) as u32);
            self.labels.push(*label);
        }
        self.spans[number] = first_label..self.labels.len();
        self.ends[number] = self.segment(&sequence.tokens[depth..], depth, parent);
    }

    fn segment(&mut self, tokens: &[u32], position: usize, parent: Option<usize>) -> usize {
        let start = self.tokens.len();
        self.tokens.extend_from_slice(tokens);
        let positions = position as u32..(position + tokens.len()) as u32;
        self.positions.extend(positions);
        self.segments.push(Segment {
            start,
            end: self.tokens.len(),
            parent,
        });
        self.segments.len() - 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(tokens: &[u32], learned_from: usize) -> TokenizedRow {
        TokenizedRow {
            tokens: tokens.to_vec(),
            loss_mask: (0..tokens.len()).map(|at| at >= learned_from).collect(),
        }
    }

    /// The tokens and positions that a sequence's rows have, in order.
    fn read(batch: &Batch, sequence: usize) -> (Vec<u32>, Vec<u32>) {
        let segments = batch.segments_of(sequence);
        let rows = || segments.iter().flat_map(|one| one.start..one.end);
        (
            rows().map(|row| batch.tokens[row]).collect(),
            rows().map(|row| batch.positions[row]).collect(),
        )
    }

    #[test]
    fn rows_end_at_their_last_label_and_positions_begin_anew() {
        let first = TokenizedRow {
            tokens: vec![5, 6, 7, 8],
            loss_mask: vec![true, false, true, false],
        };
        let batch = Batch::new([&first, &row(&[9, 10, 11], 1)]);
        assert_eq!(batch.tokens, [5, 6, 9, 10]);
        assert_eq!(batch.positions, [0, 1, 0, 1]);
        assert_eq!(batch.segments.len(), 2);
        assert_eq!(batch.segments[1].parent, None);
        assert_eq!(batch.loss_rows, [1, 2, 3]);
        assert_eq!(batch.labels, [7, 10, 11]);
        assert_eq!(batch.spans, [0..1, 1..3]);
        assert_eq!(batch.row_tokens, 7);
    }

    #[test]
    fn what_sequences_begin_with_is_there_once_up_to_their_first_label() {
        let system: Vec<u32> = (100..120).collect();
        let with = |rest: &[u32], learned: usize| {
            let tokens = [system.as_slice(), rest].concat();
            row(&tokens, tokens.len() - learned)
        };
        // Two pairs with prompts of their own, and a row that shares nothing.
        let prompt: Vec<u32> = (30..40).collect();
        let rows = [
            with(&[prompt.as_slice(), &[1, 2, 3]].concat(), 3),
            row(&[7, 8, 9], 1),
            with(&[prompt.as_slice(), &[1, 2, 4, 5]].concat(), 4),
            with(&[50, 51, 6], 1),
        ];
        let batch = Batch::new(&rows);
        for (number, row) in rows.iter().enumerate() {
            let (tokens, positions) = read(&batch, number);
            let kept = row.tokens.len() - 1;
            assert_eq!(tokens, row.tokens[..kept], "row {number}");
            assert_eq!(positions, (0..kept as u32).collect::<Vec<_>>());
            // Each label stands behind the row that predicts it.
            let span = batch.spans[number].clone();
            let learned = row.loss_mask.iter().filter(|bit| **bit).count();
            assert_eq!(span.len(), learned);
            let last = batch.segments[batch.ends[number]].end - 1;
            assert_eq!(batch.loss_rows[span.end - 1] as usize, last);
            assert_eq!(
                batch.labels[span.clone()],
                row.tokens[row.tokens.len() - learned..]
            );
        }
        // 20 of the system message, 9 of the prompt (its last token predicts), and the rests.
        assert_eq!(batch.tokens.len(), 20 + 9 + 3 + 4 + 2 + 2);
        assert!(batch.loss_rows.is_sorted());
        assert_eq!(batch.segments_of(2).len(), 3);
    }

    #[test]
    fn whole_rows_are_scored_at_their_last_token() {
        let prompt: Vec<u32> = (0..12).collect();
        let with = |answer: &[u32]| row(&[prompt.as_slice(), answer].concat(), 12);
        let rows = [with(&[20, 21]), with(&[30]), row(&[5, 6], 1)];
        let batch = Batch::scored(&rows);
        assert_eq!(batch.tokens.len(), 12 + 2 + 1 + 2);
        for (number, row) in rows.iter().enumerate() {
            assert_eq!(read(&batch, number).0, row.tokens);
            let place = batch.loss_rows[batch.spans[number].start] as usize;
            assert_eq!(place, batch.segments[batch.ends[number]].end - 1);
            assert_eq!(batch.spans[number].len(), 1);
        }
        assert_eq!(batch.row_tokens, 14 + 13 + 2);
    }

    #[test]
    fn equal_sequences_keep_a_row_of_their_own() {
        let tokens: Vec<u32> = (0..12).collect();
        let batch = Batch::unlabelled(&[&tokens, &tokens, &tokens]);
        assert_eq!(batch.tokens.len(), 11 + 3);
        assert_eq!(read(&batch, 1).0, tokens);
        let short = Batch::unlabelled(&[&tokens[..3], &tokens[..3]]);
        assert_eq!(short.segments.len(), 2, "not worth sharing");
        assert_eq!(Batch::new([&row(&[4], 1)]).tokens.len(), 0);
    }
}
