//! How far the model is from its reference, estimated as KTO needs it.
//!
//! KTO judges an answer against the mean log-ratio of answers to other prompts than their own
//! (Ethayarajh et al. 2024, section 4.1). As in TRL 1.16 each prompt of a group is followed by the
//! answer of the example before it, and the first prompt by the last answer, so that the group's
//! answers are judged against themselves. TRL's group is one batch of one device, in the order of
//! the file, which it never shuffles. Here it is the examples of an optimizer step, in the order in
//! which the step has them: the same where batches are not accumulated and rows are not shuffled, and
//! otherwise as good as one batch of that size, so that accumulating changes nothing. What is paired
//! depends only on the step, so a resumed run finds the same numbers.
//!
//! Both models see the same batch without dropout, so that a model that is still its reference is
//! found at exactly zero. The reference is not kept: the pairing is another one in each epoch.

use crate::adapter::Adapter;
use crate::data::{LabelledRow, TokenizedRow};
use crate::engine::Batch;
use crate::error::Result;

use super::interrupter::Interrupter;
use super::reference::sequence_sums;
use super::step::Scene;

impl Scene<'_> {
    /// The estimate on a group of examples, at least zero; so many go through the model at once.
    /// `None` if interrupted.
    pub(super) fn kl(
        &self,
        adapter: Option<&Adapter>,
        examples: &[&LabelledRow],
        batch_size: usize,
        interrupter: &Interrupter,
    ) -> Result<Option<f64>> {
        let mut sum = 0.0;
        for rows in mismatched(examples, self.longest()).chunks(batch_size.max(1)) {
            if interrupter.reason().is_some() {
                return Ok(None);
            }
            let batch = Batch::new(rows);
            if batch.labels.is_empty() {
                continue;
            }
            let (model, reference_adapter) = self.reference();
            let policy = sequence_sums(self.model, adapter, &batch)?;
            let reference = sequence_sums(model, reference_adapter, &batch)?;
            let ratios = policy.iter().zip(&reference);
            sum += ratios
                .map(|(policy, reference)| policy - reference)
                .sum::<f64>();
        }
        let mean = sum / examples.len().max(1) as f64;
        // Not `max`, which would hide what is no number.
        Ok(Some(if mean < 0.0 { 0.0 } else { mean }))
    }

    /// The most tokens of a mismatched row: a long prompt may meet a long answer.
    fn longest(&self) -> usize {
        self.max_length.min(self.model.config.context())
    }
}

/// Each prompt with the answer of the example before it.
fn mismatched(examples: &[&LabelledRow], max_length: usize) -> Vec<TokenizedRow> {
    let before = examples
        .iter()
        .cycle()
        .skip(examples.len().saturating_sub(1));
    let pairs = examples.iter().zip(before);
    pairs
        .map(|(asked, answered)| answered.answer_after(asked, max_length))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_move_on_by_one() {
        let row = |prompt: u32, answer: u32| LabelledRow {
            row: TokenizedRow {
                tokens: vec![prompt, answer],
                loss_mask: vec![false, true],
            },
            ..LabelledRow::default()
        };
        let rows = [row(1, 10), row(2, 20), row(3, 30)];
        let found = mismatched(&rows.each_ref(), 8);
        let tokens: Vec<_> = found.into_iter().map(|row| row.tokens).collect();
        assert_eq!(tokens, [[1, 30], [2, 10], [3, 20]]);
        assert!(mismatched(&[], 8).is_empty());
    }
}
