//! What a person should know of a run under way: numbers that foretell a bad end.
//!
//! Nothing here changes a run. Clipping, keeping the best state and stopping early are settings of
//! their own; a finding names the one that helps. Each is told once in a run.
//!
//! # Adding a finding
//! A word for it in [`Finding`], its rule in [`Health::step`] or [`Health::evaluation`] (of drawn
//! answers in `drawn`), what it remembers in [`Health`], and a test of a run that has it and of one
//! that has not.

mod drawn;
#[cfg(test)]
mod tests;

use std::collections::{BTreeSet, VecDeque};

use serde::{Deserialize, Serialize};
use shared::training::{EvaluationMetrics, RunEvent, StepMetrics, TrainingConfig};

use self::drawn::Drawing;

/// Steps in a row without a gradient that make a dead adapter.
const SILENT: usize = 3;
/// Gradient norms that are remembered.
const REMEMBERED: usize = 32;
/// Norms that must be known before one can be unusual.
const KNOWN: usize = 8;
/// How many times the usual norm is a spike.
const SPIKE: f64 = 10.0;
/// Evaluations in a row, each worse than the one before, that make a rise.
const RISING: usize = 2;
/// By how much of itself the validation loss must have risen above its lowest.
const RISEN: f64 = 0.01;
/// By how much of itself the loss on general rows must have risen since the beginning.
const FORGOTTEN: f64 = 0.1;
/// By how much the share of passed checks must have fallen while the reward rises.
const FEWER_PASS: f64 = 0.1;

/// What a run is found to have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Finding {
    /// No gradient reaches the adapter.
    DeadAdapter,
    /// One gradient is far larger than the others.
    GradientSpike,
    /// The validation loss rises.
    ValidationRising,
    /// Preference tuning makes the chosen responses less likely, too.
    BothLessLikely,
    /// Answers to a prompt get the same reward.
    RewardsAlike,
    /// The model has hardly a choice left in what it draws.
    EntropyCollapse,
    /// Drawn answers are much longer or shorter than at the beginning.
    LengthDrift,
    /// The reward rises while fewer answers pass the checks.
    RewardOverOptimised,
    /// General rows become less likely.
    Forgetting,
}

impl Finding {
    const fn code(self) -> &'static str {
        match self {
            Self::DeadAdapter => "dead_adapter",
            Self::GradientSpike => "gradient_spike",
            Self::ValidationRising => "validation_rising",
            Self::BothLessLikely => "both_less_likely",
            Self::RewardsAlike => "rewards_alike",
            Self::EntropyCollapse => "entropy_collapse",
            Self::LengthDrift => "length_drift",
            Self::RewardOverOptimised => "reward_over_optimised",
            Self::Forgetting => "forgetting",
        }
    }
}

/// What is remembered of a run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Health {
    /// Steps in a row without a gradient.
    silent: usize,
    /// The last norms of gradients.
    norms: VecDeque<f64>,
    /// The lowest validation loss, with its step.
    lowest: Option<(usize, f64)>,
    /// The last validation loss.
    last: Option<f64>,
    /// Evaluations in a row that were each worse than the one before.
    rising: usize,
    /// The first loss on general rows.
    general: Option<f64>,
    /// The first reward of held-out answers, and the largest share that passed all checks.
    rewarded: Option<(f64, f64)>,
    drawing: Drawing,
    /// What was told.
    told: BTreeSet<Finding>,
}

impl Health {
    /// Takes in a step.
    pub(super) fn step(&mut self, metrics: &StepMetrics, config: &TrainingConfig) -> Vec<RunEvent> {
        let drawn = metrics.drawn.as_ref();
        let drawn = drawn.map(|drawn| self.drawing.step(drawn, config));
        let drawn: Vec<_> = drawn
            .into_iter()
            .flatten()
            .filter_map(|(finding, message)| self.tell(finding, metrics.step, message))
            .collect();
        self.gradient(metrics, config)
            .into_iter()
            .chain(drawn)
            .collect()
    }

    fn gradient(&mut self, metrics: &StepMetrics, config: &TrainingConfig) -> Option<RunEvent> {
        let norm = metrics.grad_norm?;
        let is_silent = norm <= 0.0;
        self.silent = if is_silent { self.silent + 1 } else { 0 };
        if self.silent >= SILENT {
            let message = format!(
                "no gradient reached the adapter in {SILENT} steps in a row, so nothing is learned: \
                 with the hinge loss every margin may be wide enough by now, otherwise look whether \
                 the rows differ in anything that is learned"
            );
            return self.tell(Finding::DeadAdapter, metrics.step, message);
        }
        if is_silent {
            return None;
        }
        let usual = median(&self.norms);
        self.norms.push_back(norm);
        if self.norms.len() > REMEMBERED {
            self.norms.pop_front();
        }
        let usual = usual.filter(|usual| self.norms.len() > KNOWN && norm > SPIKE * usual)?;
        let limit = config.optimizer.max_grad_norm;
        let what_now = if limit > 0.0 {
            format!(
                "it was clipped to {limit}, so one such step does little; lower the learning rate if \
                 the loss does not come back"
            )
        } else {
            "clipping is off: set optimizer.max_grad_norm, such as to 1".to_owned()
        };
        let message = format!(
            "the gradient's norm is {norm:.2}, {:.0} times the usual {usual:.2}: {what_now}",
            norm / usual
        );
        self.tell(Finding::GradientSpike, metrics.step, message)
    }

    /// Takes in an evaluation; `by_reference` says that rewards are measured from a reference model.
    pub(super) fn evaluation(
        &mut self,
        metrics: &EvaluationMetrics,
        config: &TrainingConfig,
        by_reference: bool,
    ) -> Vec<RunEvent> {
        let less_likely = if by_reference {
            self.less_likely(metrics)
        } else {
            None
        };
        let found = [
            self.rise(metrics, config),
            less_likely,
            self.over_optimised(metrics),
            self.forgetting(metrics),
        ];
        found.into_iter().flatten().collect()
    }

    fn over_optimised(&mut self, metrics: &EvaluationMetrics) -> Option<RunEvent> {
        let (reward, checks) = (metrics.reward?, metrics.all_checks?);
        let share = checks.passed as f64 / checks.total.max(1) as f64;
        let (first, best) = self.rewarded.unwrap_or((reward, share));
        self.rewarded = Some((first, best.max(share)));
        if reward <= first || best - share <= FEWER_PASS {
            return None;
        }
        let message = format!(
            "the reward of held-out answers rose from {first:.3} to {reward:.3}, while the share that \
             passes every check fell from {best:.2} to {share:.2}: the model learns what the reward \
             model likes instead of what the checks ask. Raise grpo.kl_weight or grpo.checks_weight, \
             or stop at an earlier state"
        );
        self.tell(Finding::RewardOverOptimised, metrics.step, message)
    }

    fn forgetting(&mut self, metrics: &EvaluationMetrics) -> Option<RunEvent> {
        let loss = metrics.general_loss?;
        let first = *self.general.get_or_insert(loss);
        if loss - first <= FORGOTTEN * first.abs() {
            return None;
        }
        let message = format!(
            "the loss on general rows rose from {first:.3} to {loss:.3}: the model forgets what it \
             could before. Mix general rows in (data.general_share), lower the learning rate, or take \
             fewer epochs"
        );
        self.tell(Finding::Forgetting, metrics.step, message)
    }

    fn rise(&mut self, metrics: &EvaluationMetrics, config: &TrainingConfig) -> Option<RunEvent> {
        let loss = metrics.validation_loss?;
        let is_worse = self.last.is_some_and(|last| loss > last);
        self.rising = if is_worse { self.rising + 1 } else { 0 };
        self.last = Some(loss);
        let (step, lowest) = self
            .lowest
            .filter(|(_, lowest)| *lowest <= loss)
            .unwrap_or((metrics.step, loss));
        self.lowest = Some((step, lowest));
        if self.rising < RISING || loss - lowest <= RISEN * lowest.abs() {
            return None;
        }
        let handed_over = if config.evaluation.keep_best {
            format!("the state of step {step} is what will be handed over")
        } else {
            "set evaluation.keep_best to hand over the best state instead of the last".to_owned()
        };
        let message = format!(
            "the validation loss rises, from {lowest:.3} after step {step} to {loss:.3}, while \
             training goes on: the model learns its rows by heart. {handed_over}; fewer epochs, a \
             lower learning rate or more rows avoid it"
        );
        self.tell(Finding::ValidationRising, metrics.step, message)
    }

    fn less_likely(&mut self, metrics: &EvaluationMetrics) -> Option<RunEvent> {
        let preference = metrics.preference?;
        let (chosen, rejected) = (preference.rewards_chosen?, preference.rewards_rejected?);
        // The better response lost more than it gained on the worse one.
        let margin = chosen - rejected;
        if !(margin > 0.0 && -chosen > margin) {
            return None;
        }
        let message = format!(
            "both responses become less likely (rewards {chosen:.2} and {rejected:.2}): the model \
             moves away from answers like the chosen ones, and may begin to write something else. \
             Raise preference.beta, lower the learning rate, or imitate the chosen ones at once \
             (orpo)"
        );
        self.tell(Finding::BothLessLikely, metrics.step, message)
    }

    fn tell(&mut self, finding: Finding, step: usize, message: String) -> Option<RunEvent> {
        self.told.insert(finding).then(|| RunEvent::Warning {
            step,
            code: finding.code().to_owned(),
            message,
        })
    }
}

fn median(values: &VecDeque<f64>) -> Option<f64> {
    let mut sorted: Vec<f64> = values.iter().copied().collect();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied()
}
