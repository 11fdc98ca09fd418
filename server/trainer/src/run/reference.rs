//! Log-probabilities under the reference model, computed once for each example and kept for the
//! run.
//!
//! Examples are scored in fixed groups of neighbours in the file, whatever batch asks first, so
//! that a resumed run finds the same numbers to the last bit.

use crate::adapter::Adapter;
use crate::engine::{Batch, Model};
use crate::error::Result;

use super::examples::Examples;

/// The reference sums of one set of examples.
#[derive(Debug)]
pub(super) struct Reference {
    group: usize,
    /// For each example the sums of chosen and rejected.
    sums: Vec<Option<[f64; 2]>>,
}

impl Reference {
    /// Nothing known yet; examples are scored by groups of `group`.
    pub(super) fn new(examples: usize, group: usize) -> Self {
        Self {
            group: group.max(1),
            sums: vec![None; examples],
        }
    }

    /// The sums of one example. `adapter` is the one that training began with, if it did not begin
    /// with a fresh one.
    pub(super) fn sums(
        &mut self,
        index: usize,
        examples: &Examples,
        model: &Model,
        adapter: Option<&Adapter>,
    ) -> Result<[f64; 2]> {
        if let Some(sums) = self.sums[index] {
            return Ok(sums);
        }
        let first = index / self.group * self.group;
        let last = (first + self.group).min(self.sums.len());
        let rows: Vec<_> = (first..last)
            .flat_map(|index| examples.sequences(index))
            .collect();
        let batch = Batch::new(rows);
        let hidden = model.forward(adapter, &batch)?;
        let logps = model.score(&hidden, &batch, false)?.logps();
        for (place, spans) in batch.spans.chunks_exact(2).enumerate() {
            let sum = |at: usize| -> f64 {
                logps[spans[at].clone()]
                    .iter()
                    .map(|logp| f64::from(*logp))
                    .sum()
            };
            self.sums[first + place] = Some([sum(0), sum(1)]);
        }
        Ok(self.sums[index].unwrap_or_default())
    }
}
