//! Log-probabilities under the reference model, computed once for each example and kept for the
//! run.
//!
//! Examples are scored in fixed groups of neighbours in the file, whatever batch asks first, so
//! that a resumed run finds the same numbers to the last bit.

use std::ops::Range;

use crate::adapter::Adapter;
use crate::engine::{Batch, Model};
use crate::error::{Result, TrainerError};
use crate::loss::Objective;

use super::examples::Examples;
use super::interrupter::Interrupter;
use super::request::TrainRequest;

/// The model that a run is held to.
pub(super) enum ReferenceModel {
    /// The base, with the adapter that training began with, if it did not begin with a fresh one.
    Base(Option<Adapter>),
    /// A copy of the base, whose own weights are trained.
    Copy(Box<Model>),
}

/// What the reference model says of a run's data.
pub(super) struct References {
    /// A model of its own, if one is needed.
    pub(super) model: Option<ReferenceModel>,
    pub(super) train: Reference,
    pub(super) validation: Reference,
    pub(super) general: Reference,
}

impl References {
    /// Nothing known yet, but where all weights are trained. The base is then its own reference only
    /// before the first step: so every example is scored here, and a copy is kept where the reference
    /// is asked about what is not known beforehand. An interruption leaves the rest out.
    pub(super) fn new(
        request: &TrainRequest<'_>,
        objective: &dyn Objective,
        interrupter: &Interrupter,
    ) -> Result<Self> {
        let group = request.config.batch.size;
        let scored = |examples: Option<&Examples>| {
            let mut reference = Reference::new(examples.map_or(0, Examples::len), group);
            if let (Some(_), Some(examples)) = (request.whole, examples)
                && objective.needs_reference()
            {
                reference.fill(examples, (request.model, None), interrupter)?;
            }
            Ok::<_, TrainerError>(reference)
        };
        let needs_copy = objective.needs_kl() || objective.needs_token_reference();
        let copy = request.whole.filter(|_| needs_copy);
        let copy = copy.map(|_| request.model.apart()).transpose()?;
        Ok(Self {
            model: copy.map(|model| ReferenceModel::Copy(Box::new(model))),
            train: scored(Some(&request.train))?,
            validation: scored(request.validation.as_ref())?,
            general: scored(request.general.as_ref())?,
        })
    }
}

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

    /// The sums of one example's sequences under the reference model and its adapter.
    pub(super) fn sums(
        &mut self,
        index: usize,
        examples: &Examples,
        model: (&Model, Option<&Adapter>),
    ) -> Result<&[f64]> {
        if self.sums[index].is_none() {
            self.score_group(index, examples, model)?;
        }
        Ok(self.sums[index].as_deref().unwrap_or_default())
    }

    /// Scores every example, for a model that is about to change; when interrupted, some.
    pub(super) fn fill(
        &mut self,
        examples: &Examples,
        model: (&Model, Option<&Adapter>),
        interrupter: &Interrupter,
    ) -> Result<()> {
        for index in 0..self.sums.len() {
            if interrupter.reason().is_some() {
                return Ok(());
            }
            self.sums(index, examples, model)?;
        }
        Ok(())
    }

    fn score_group(
        &mut self,
        index: usize,
        examples: &Examples,
        (model, adapter): (&Model, Option<&Adapter>),
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
