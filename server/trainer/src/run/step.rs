//! The loss of a step's micro-batches, forward and backward.

use candle_core::Tensor;
use shared::training::DrawnMetrics;

use crate::adapter::Adapter;
use crate::engine::{Batch, Gradients, Model, Pass, Scores};
use crate::error::Result;
use crate::loss::{ClippedSums, LossOutput, Objective, PreferenceSums, Scored, Verdict};
use crate::model::Matrix;
use crate::ops::DropoutKey;

use super::examples::Examples;
use super::interrupter::Interrupter;
use super::learner::Learner;
use super::order::Source;
use super::reference::{Reference, ReferenceModel};

/// Data with what the reference model says about it.
#[derive(Debug)]
pub(super) struct Scorable {
    pub(super) examples: Examples,
    reference: Reference,
}

impl Scorable {
    pub(super) fn new(examples: Examples, reference: Reference) -> Self {
        Self {
            examples,
            reference,
        }
    }
}

/// What all steps share.
pub(super) struct Scene<'a> {
    pub(super) model: &'a Model,
    pub(super) objective: Box<dyn Objective>,
    /// What the model is held to.
    pub(super) reference: ReferenceModel,
    /// The most tokens of a row.
    pub(super) max_length: usize,
    /// Whether sequences are scored whole, instead of token by token.
    pub(super) scored: bool,
    /// At which temperature answers are drawn; one where none are.
    pub(super) temperature: f64,
}

/// A micro-batch with what its loss needs besides the model.
#[derive(Default)]
pub(super) struct Prepared {
    pub(super) batch: Batch,
    /// For each sequence its sum under the reference model, if the objective needs it.
    pub(super) reference: Vec<f64>,
    /// For each sequence whether its answer is wanted, where examples have labels.
    pub(super) desirable: Vec<bool>,
    /// For each pair what annotators said of it, where examples are pairs.
    pub(super) verdicts: Vec<Verdict>,
    /// For each sequence its advantage, where answers were drawn.
    pub(super) advantages: Vec<f64>,
    /// For each label its log-probability under the reference model, if the objective needs it.
    pub(super) token_reference: Vec<f32>,
    /// For each label the log-probability with which it was drawn, once the model has changed since.
    pub(super) drawn_logps: Vec<f32>,
}

impl Prepared {
    /// The number of labels of each sequence.
    pub(super) fn labels(&self) -> Vec<usize> {
        let spans = self.batch.spans.iter();
        spans.map(ExactSizeIterator::len).collect()
    }

    fn scored<'a>(&'a self, logps: &'a [f32], kl: f64) -> Scored<'a> {
        Scored {
            logps,
            spans: &self.batch.spans,
            reference: &self.reference,
            desirable: &self.desirable,
            verdicts: &self.verdicts,
            kl,
            advantages: &self.advantages,
            token_reference: &self.token_reference,
            drawn_logps: &self.drawn_logps,
        }
    }
}

/// What the loss is divided by, and what it is measured against.
#[derive(Clone, Copy)]
pub(super) struct Measure {
    pub(super) units: usize,
    pub(super) kl: f64,
}

impl Scene<'_> {
    /// The reference model, with its adapter.
    pub(super) fn reference(&self) -> (&Model, Option<&Adapter>) {
        match &self.reference {
            ReferenceModel::Base(adapter) => (self.model, adapter.as_ref()),
            ReferenceModel::Copy(model) => (model, None),
        }
    }

    /// The loss of a micro-batch without gradients.
    pub(super) fn loss(
        &self,
        adapter: Option<&Adapter>,
        part: &Prepared,
        measure: Measure,
    ) -> Result<LossOutput> {
        let hidden = self.model.forward(adapter, &part.batch)?;
        let scores = self.scores(adapter, &hidden, &part.batch, false)?;
        let logps = scores.logps();
        let scored = part.scored(&logps, measure.kl);
        Ok(self.objective.evaluate(&scored, measure.units))
    }

    /// What the model says about a micro-batch, token by token or about each sequence.
    fn scores(
        &self,
        adapter: Option<&Adapter>,
        hidden: &Tensor,
        batch: &Batch,
        gradients: bool,
    ) -> Result<Scores> {
        let own = self.model.weights.score.as_ref().map(Matrix::numbers);
        let head = adapter.and_then(Adapter::score).cloned();
        Ok(match head.or(own.transpose()?) {
            Some(head) => self.model.reward(hidden, batch, &head, gradients)?,
            None => self
                .model
                .score_at(self.temperature, hidden, batch, gradients)?,
        })
    }

    /// The loss of a micro-batch and what was said of its labels; adds its gradients.
    fn learn(
        &self,
        pass: &Pass<'_>,
        part: &Prepared,
        measure: Measure,
        gradients: Gradients<'_>,
    ) -> Result<Learned> {
        let batch = &part.batch;
        let saved = self.model.forward_saving(pass, batch)?;
        let scores = self.scores(pass.adapter(), saved.hidden(), batch, true)?;
        let logps = scores.logps();
        let scored = part.scored(&logps, measure.kl);
        let output = self.objective.evaluate(&scored, measure.units);
        if output.loss.is_finite() {
            self.model
                .backward(pass, batch, saved, &scores, &output.by_logp, gradients)?;
        }
        let entropies = scores.labels.iter().map(|label| f64::from(label.entropy));
        Ok(Learned {
            output,
            entropy: entropies.sum(),
            logps,
        })
    }
}

/// What learning from a micro-batch found.
struct Learned {
    output: LossOutput,
    /// The sum of its predictions' entropies.
    entropy: f64,
    /// The log-probabilities of its labels, before the step.
    logps: Vec<f32>,
}

/// The sums of one optimizer step.
#[derive(Clone, Debug, Default)]
pub(super) struct StepSums {
    pub(super) loss: f64,
    pub(super) tokens: usize,
    pub(super) preference: Option<PreferenceSums>,
    /// Labels that were learned from, and the sum of their predictions' entropies.
    pub(super) labels: usize,
    pub(super) entropy: f64,
    /// For each micro-batch the log-probabilities of its labels, before the step.
    pub(super) logps: Vec<Vec<f32>>,
    /// Labels that were drawn, and clipped.
    pub(super) clipped: ClippedSums,
    /// What was drawn, where answers were.
    pub(super) drawn: Option<DrawnMetrics>,
}

impl StepSums {
    pub(super) fn add(&mut self, output: &LossOutput, batch: &Batch) {
        self.loss += output.loss;
        self.tokens += batch.row_tokens;
        self.clipped.merge(output.clipped);
        if let Some(preference) = &output.preference {
            self.preference.get_or_insert_default().merge(preference);
        }
    }
}

/// What one step learns from.
pub(super) struct StepInput<'a> {
    pub(super) train: &'a mut Scorable,
    pub(super) general: Option<&'a mut Scorable>,
    /// Examples of each micro-batch.
    pub(super) micro_batches: &'a [Vec<Source>],
    /// The dropout of the step's first micro-batch; the stream counts on.
    pub(super) dropout: Option<DropoutKey>,
    pub(super) interrupter: &'a Interrupter,
}

impl Scene<'_> {
    /// Gradients of one step; `None` if it was interrupted halfway.
    pub(super) fn step(
        &self,
        learner: &Learner<'_>,
        input: &mut StepInput<'_>,
    ) -> Result<Option<StepSums>> {
        let StepInput {
            train,
            general,
            micro_batches,
            interrupter,
            ..
        } = input;
        let mut batches = Vec::with_capacity(micro_batches.len());
        let mut units = 0;
        for sources in *micro_batches {
            if let Some(part) = self.prepare(train, general.as_deref_mut(), sources)? {
                units += self.objective.units(&part.labels());
                batches.push(part);
            }
        }
        let mut kl = 0.0;
        if self.objective.needs_kl() {
            let sources = micro_batches.iter().flatten();
            let examples: Vec<_> = sources
                .filter_map(|source| match source {
                    Source::Train(index) => train.examples.labelled(*index),
                    Source::General(index) => general.as_ref()?.examples.labelled(*index),
                })
                .collect();
            let size = micro_batches.first().map_or(1, Vec::len);
            let Some(found) = self.kl(learner.adapter(), &examples, size, interrupter)? else {
                return Ok(None);
            };
            kl = found;
        }
        let measure = Measure { units, kl };
        self.learn_all(&batches, measure, learner, input)
    }

    /// Gradients of all micro-batches of a step; `None` if it was interrupted halfway.
    pub(super) fn learn_all(
        &self,
        parts: &[Prepared],
        measure: Measure,
        learner: &Learner<'_>,
        input: &StepInput<'_>,
    ) -> Result<Option<StepSums>> {
        crate::ops::fill(learner.flat_gradients(), 0.0)?;
        let pass = Pass::new(self.model, learner.adapter())?;
        let mut sums = StepSums::default();
        for (number, part) in parts.iter().enumerate() {
            if input.interrupter.reason().is_some() {
                return Ok(None);
            }
            // Answers of which nothing was drawn.
            if part.batch.labels.is_empty() {
                sums.logps.push(Vec::new());
                continue;
            }
            let stream = |key: DropoutKey| key.stream + number as u64;
            let dropout = input.dropout.map(|key| DropoutKey {
                stream: stream(key),
                ..key
            });
            let pass = pass.with_dropout(dropout);
            let learned = self.learn(&pass, part, measure, learner.gradients())?;
            sums.add(&learned.output, &part.batch);
            sums.labels += part.batch.labels.len();
            sums.entropy += learned.entropy;
            sums.logps.push(learned.logps);
        }
        Ok(Some(sums))
    }

    /// The micro-batch of some examples, with their reference; `None` if nothing in it is learned.
    pub(super) fn prepare(
        &self,
        train: &mut Scorable,
        general: Option<&mut Scorable>,
        sources: &[Source],
    ) -> Result<Option<Prepared>> {
        let mut rows = Vec::new();
        let mut reference = Vec::new();
        let mut desirable = Vec::new();
        let mut verdicts = Vec::new();
        let mut general = general;
        // The reference first, which needs the data mutably, then the rows.
        if self.objective.needs_reference() {
            for source in sources {
                let (data, index) = match source {
                    Source::Train(index) => (Some(&mut *train), *index),
                    Source::General(index) => (general.as_deref_mut(), *index),
                };
                if let Some(Scorable {
                    examples,
                    reference: known,
                }) = data
                {
                    let model = self.reference();
                    reference.extend_from_slice(known.sums(index, examples, model)?);
                }
            }
        }
        for source in sources {
            let (data, index) = match source {
                Source::Train(index) => (Some(&*train), *index),
                Source::General(index) => (general.as_deref(), *index),
            };
            if let Some(Scorable { examples, .. }) = data {
                rows.extend(examples.sequences(index));
                desirable.extend(examples.labelled(index).map(|row| row.desirable));
                verdicts.extend(examples.verdict(index));
            }
        }
        let batch = if self.scored {
            Batch::scored(rows)
        } else {
            Batch::new(rows)
        };
        // Rows without labels only: nothing to compute.
        Ok((!batch.labels.is_empty()).then_some(Prepared {
            batch,
            reference,
            desirable,
            verdicts,
            ..Prepared::default()
        }))
    }
}
