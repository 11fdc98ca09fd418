//! Log-probabilities under the reference model, computed once for each example and kept for the
//! run.
//!
//! Examples are scored in fixed groups of neighbours in the file, whatever batch asks first, so
//! that a resumed run finds the same numbers to the last bit.

use std::ops::Range;

use crate::adapter::Adapter;
use crate::engine::{Batch, Model};
use crate::error::Result;

use super::examples::Examples;

/// The reference sums of one set of examples.
#[derive(Debug)]
pub(super) struct Reference {
    group: usize,
    /// For each example the sums of its sequences, such as chosen and rejected.
    sums: Vec<Option<Vec<f64>>>,
}

impl Reference {
    /// Nothing known yet; examples are scored by groups of `group`.
    pub(super) fn new(examples: usize, group: usize) -> Self {
        Self {
            group: group.max(1),
            sums: vec![None; examples],
        }
    }

    /// The sums of one example's sequences. `adapter` is the one that training began with, if it did not begin
    /// with a fresh one.
    pub(super) fn sums(
        &mut self,
        index: usize,
        examples: &Examples,
        model: &Model,
        adapter: Option<&Adapter>,
    ) -> Result<&[f64]> {
        if self.sums[index].is_none() {
            self.score_group(index, examples, model, adapter)?;
        }
        Ok(self.sums[index].as_deref().unwrap_or_default())
    }

    fn score_group(
        &mut self,
        index: usize,
        examples: &Examples,
        model: &Model,
        adapter: Option<&Adapter>,
    ) -> Result<()> {
        let first = index / self.group * self.group;
        let last = (first + self.group).min(self.sums.len());
        let rows: Vec<_> = (first..last)
            .flat_map(|index| examples.sequences(index))
            .collect();
        let mut sums = sequence_sums(model, adapter, &Batch::new(rows))?.into_iter();
        for place in first..last {
            let sequences = examples.sequences(place).len();
            self.sums[place] = Some(sums.by_ref().take(sequences).collect());
        }
        Ok(())
    }
}

/// For each sequence of a batch the sum of its labels' log-probabilities, without gradients.
pub(super) fn sequence_sums(
    model: &Model,
    adapter: Option<&Adapter>,
    batch: &Batch,
) -> Result<Vec<f64>> {
    let hidden = model.forward(adapter, batch)?;
    let logps = model.score(&hidden, batch, false)?.logps();
    let sum = |span: &Range<usize>| {
        let logps = logps[span.clone()].iter();
        logps.map(|logp| f64::from(*logp)).sum()
    };
    Ok(batch.spans.iter().map(sum).collect())
}
