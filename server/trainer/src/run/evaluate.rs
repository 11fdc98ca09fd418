//! The validation loss, and checks on answers that the model generates.

use std::collections::BTreeMap;
use std::fmt;

use shared::check::CheckResult;
use shared::training::{EvaluationConfig, EvaluationMetrics, Sample, TaskMetric};

use crate::adapter::Adapter;
use crate::data::TokenizedRow;
use crate::engine::Batch;
use crate::error::Result;
use crate::loss::mean;

use super::interrupter::Interrupter;
use super::order::Source;
use super::reference::sequence_sums;
use super::step::{Measure, Scene, Scorable, StepSums};

/// Answers kept as samples of an evaluation.
const SAMPLES: usize = 8;

/// What the model answered to the prompt of one validation row.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// The row, from 0.
    pub row: usize,
    /// The last user message.
    pub prompt: String,
    /// What the model answered.
    pub output: String,
    /// What the row holds.
    pub expected: String,
    /// What it is worth, where answers are rewarded.
    pub reward: Option<f64>,
}

/// Generates answers to the prompts of validation rows.
pub trait Answerer: Sync {
    /// Answers to the first `rows` prompts, of at most `max_new_tokens` tokens each. Returns early
    /// with what there is when interrupted. Without an adapter the model answers as it now is.
    fn answer(
        &self,
        adapter: Option<&Adapter>,
        rows: usize,
        max_new_tokens: usize,
        interrupter: &Interrupter,
    ) -> Result<Vec<Answer>>;
}

/// Judges one answer.
pub trait Scorer: Sync {
    /// The verdict of every check on it.
    fn score(&self, answer: &Answer) -> Vec<CheckResult>;

    /// The share of passed checks by their weights, from 0 to 1; `None` where nothing has a weight.
    fn share(&self, results: &[CheckResult]) -> Option<f64>;
}

/// How answers are made and judged.
#[derive(Clone, Copy)]
pub struct TaskEvaluation<'a> {
    /// Makes answers.
    pub answerer: &'a dyn Answerer,
    /// Judges them.
    pub scorer: &'a dyn Scorer,
}

impl fmt::Debug for TaskEvaluation<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("TaskEvaluation")
    }
}

/// What is evaluated.
pub(super) struct Evaluation<'a> {
    pub(super) config: &'a EvaluationConfig,
    /// How many rows are answered.
    pub(super) generate_rows: usize,
    pub(super) task: Option<TaskEvaluation<'a>>,
    /// General rows, to see what is forgotten.
    pub(super) general: Option<&'a [TokenizedRow]>,
    /// Examples that go through the model at once.
    pub(super) batch_size: usize,
    /// Batches whose examples are measured against one estimate of the distance from the
    /// reference, as in a step.
    pub(super) accumulation: usize,
    pub(super) interrupter: &'a Interrupter,
}

impl Evaluation<'_> {
    /// Evaluates the model with an adapter, if there is one; `None` if interrupted.
    pub(super) fn run(
        &self,
        scene: &Scene<'_>,
        adapter: Option<&Adapter>,
        validation: Option<&mut Scorable>,
    ) -> Result<Option<EvaluationMetrics>> {
        let mut metrics = EvaluationMetrics::default();
        if let Some(validation) = validation {
            let Some((loss, sums)) = self.validation_loss(scene, adapter, validation)? else {
                return Ok(None);
            };
            metrics.validation_loss = loss.is_finite().then_some(loss);
            metrics.preference = sums.preference.map(|sums| sums.metrics());
        }
        if let Some(rows) = self.general {
            metrics.general_loss = self.imitation_loss(scene, adapter, rows)?;
        }
        if let (Some(task), 1..) = (self.task, self.generate_rows) {
            let (rows, tokens) = (self.generate_rows, self.config.max_new_tokens);
            let answers = task
                .answerer
                .answer(adapter, rows, tokens, self.interrupter)?;
            judge(&mut metrics, task.scorer, answers);
        }
        Ok(self.interrupter.reason().is_none().then_some(metrics))
    }

    fn validation_loss(
        &self,
        scene: &Scene<'_>,
        adapter: Option<&Adapter>,
        data: &mut Scorable,
    ) -> Result<Option<(f64, StepSums)>> {
        let rows = data.examples.measured(self.config.max_rows);
        let (size, together) = (self.batch_size.max(1), self.accumulation.max(1));
        let mut sums = StepSums::default();
        let mut units = 0;
        for group in rows.chunks(size * together) {
            let Some(kl) = self.kl(scene, adapter, data, group)? else {
                return Ok(None);
            };
            for indices in group.chunks(size) {
                if self.interrupter.reason().is_some() {
                    return Ok(None);
                }
                let sources: Vec<Source> = indices.iter().copied().map(Source::Train).collect();
                let Some(part) = scene.prepare(data, None, &sources)? else {
                    continue;
                };
                units += scene.objective.units(&part.labels());
                // Divided at the end, when all are counted.
                let measure = Measure { units: 1, kl };
                sums.add(&scene.loss(adapter, &part, measure)?, &part.batch);
            }
        }
        // Of nothing there is no loss, and above all no best one.
        let loss = if units > 0 {
            sums.loss / units as f64
        } else {
            f64::NAN
        };
        Ok(Some((loss, sums)))
    }

    /// The mean loss of a token that is learned in these rows, whatever the run's own objective; there
    /// is none if it was interrupted.
    fn imitation_loss(
        &self,
        scene: &Scene<'_>,
        adapter: Option<&Adapter>,
        rows: &[TokenizedRow],
    ) -> Result<Option<f64>> {
        let (mut sum, mut labels) = (0.0, 0);
        let measured = &rows[..rows.len().min(self.config.max_rows)];
        for part in measured.chunks(self.batch_size.max(1)) {
            if self.interrupter.reason().is_some() {
                return Ok(None);
            }
            let batch = Batch::new(part);
            if batch.labels.is_empty() {
                continue;
            }
            let sums = sequence_sums(scene.model, adapter, &batch)?;
            sum -= sums.iter().sum::<f64>();
            labels += batch.labels.len();
        }
        let loss = sum / labels as f64;
        Ok(loss.is_finite().then_some(loss))
    }

    /// The distance from the reference that a group is measured against; zero where the objective
    /// needs none, `None` if interrupted.
    fn kl(
        &self,
        scene: &Scene<'_>,
        adapter: Option<&Adapter>,
        data: &Scorable,
        group: &[usize],
    ) -> Result<Option<f64>> {
        if !scene.objective.needs_kl() {
            return Ok(Some(0.0));
        }
        let labelled = |index: &usize| data.examples.labelled(*index);
        let examples: Vec<_> = group.iter().filter_map(labelled).collect();
        scene.kl(adapter, &examples, self.batch_size, self.interrupter)
    }
}

fn judge(metrics: &mut EvaluationMetrics, scorer: &dyn Scorer, answers: Vec<Answer>) {
    let mut checks: BTreeMap<String, TaskMetric> = BTreeMap::new();
    let mut all = TaskMetric::default();
    let rewards: Vec<_> = answers.iter().map(|answer| answer.reward).collect();
    let is_rewarded = rewards.iter().any(Option::is_some);
    metrics.reward = is_rewarded.then(|| mean(&rewards));
    for answer in answers {
        let results = scorer.score(&answer);
        for result in &results {
            let metric = checks.entry(result.name.clone()).or_default();
            metric.total += 1;
            metric.passed += usize::from(result.passed);
        }
        if !results.is_empty() {
            all.total += 1;
            all.passed += usize::from(results.iter().all(|result| result.passed));
        }
        if metrics.samples.len() < SAMPLES {
            let Answer {
                prompt,
                output,
                expected,
                reward,
                ..
            } = answer;
            metrics.samples.push(Sample {
                prompt,
                output,
                expected,
                reward,
                checks: results,
            });
        }
    }
    metrics.checks = checks;
    metrics.all_checks = (all.total > 0).then_some(all);
}
