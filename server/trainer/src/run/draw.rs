//! Learning from rewards of answers that the model draws itself.
//!
//! A step draws several answers to each of its prompts, has them judged, and is then a step like any
//! other. Every answer is learned from once, so the model that drew it is the one that learns. What is
//! drawn follows from the seed and the number of the step, so that a resumed run draws the same.

use rand::{RngCore, SeedableRng};
use rand_chacha::ChaCha8Rng;
use shared::training::{DrawnMetrics, GrpoConfig, TrainingConfig};

use super::interrupter::Interrupter;
use super::learner::Learner;
use super::step::{Measure, Prepared, Scene, StepInput, StepSums};
use crate::adapter::Adapter;
use crate::data::{AskedRow, TokenizedRow};
use crate::engine::Batch;
use crate::error::Result;
use crate::loss::{advantages, deviation, mean};

/// A request for one answer.
#[derive(Clone, Copy, Debug)]
pub struct Draw<'a> {
    /// What is asked.
    pub prompt: &'a AskedRow,
    /// Decides what is drawn.
    pub seed: u64,
}

/// An answer that was drawn.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Drawn {
    /// Its tokens, with the one that ended it.
    pub tokens: Vec<u32>,
    /// Whether it came to its end, instead of having as many tokens as it may.
    pub ended: bool,
    /// What it is worth, if it could be judged.
    pub reward: Option<f64>,
}

/// Draws answers and judges them.
pub trait Drawer: Sync {
    /// An answer for each request, in their order. When interrupted, whatever there is. Without an
    /// adapter the model answers as it now is.
    fn draw(
        &self,
        adapter: Option<&Adapter>,
        draws: &[Draw<'_>],
        settings: &GrpoConfig,
        interrupter: &Interrupter,
    ) -> Result<Vec<Drawn>>;
}

/// How a run draws.
#[derive(Clone, Copy)]
pub(super) struct Policy<'a> {
    pub(super) drawer: &'a dyn Drawer,
    pub(super) config: &'a TrainingConfig,
}

impl Policy<'_> {
    /// The requests of the step after `done` steps: so many for each prompt, one prompt after another.
    fn requests<'a>(&self, prompts: &[&'a AskedRow], done: usize) -> Vec<Draw<'a>> {
        let mut source = ChaCha8Rng::seed_from_u64(self.config.seed);
        source.set_stream(done as u64);
        let copies = |prompt| std::iter::repeat_n(prompt, self.config.grpo.answers);
        let each = prompts.iter().copied().flat_map(copies);
        each.map(|prompt| Draw {
            prompt,
            seed: source.next_u64(),
        })
        .collect()
    }
}

impl Scene<'_> {
    /// Gradients of the step after `done` steps; `None` if it was interrupted halfway.
    pub(super) fn draw_and_learn(
        &self,
        policy: &Policy<'_>,
        learner: &Learner<'_>,
        input: &StepInput<'_>,
        done: usize,
    ) -> Result<Option<StepSums>> {
        let settings = &policy.config.grpo;
        let sources = input.micro_batches.iter().flatten();
        let prompts: Vec<_> = sources
            .filter_map(|source| input.train.examples.asked(*source))
            .collect();
        let requests = policy.requests(&prompts, done);
        let drawn =
            policy
                .drawer
                .draw(learner.adapter(), &requests, settings, input.interrupter)?;
        if input.interrupter.reason().is_some() {
            return Ok(None);
        }
        let rewards: Vec<_> = drawn.iter().map(|one| one.reward).collect();
        let advantages = advantages(&rewards, settings.answers, settings.scale);
        let rows = requests.iter().zip(&drawn);
        let rows: Vec<_> = rows
            .map(|(one, drawn)| answered(one.prompt, drawn))
            .collect();
        let size = policy.config.batch.size.max(1);
        let parts = rows.chunks(size).zip(advantages.chunks(size));
        let parts = parts
            .map(|(rows, advantages)| self.prepare_drawn(rows, advantages))
            .collect::<Result<Vec<_>>>()?;
        let units = parts
            .iter()
            .map(|part| self.objective.units(&part.labels()));
        let measure = Measure {
            units: units.sum(),
            kl: 0.0,
        };
        let sums = self.learn_all(&parts, measure, learner, input)?;
        Ok(sums.map(|mut sums| {
            let entropy = sums.entropy / sums.labels.max(1) as f64;
            sums.drawn = Some(DrawnMetrics {
                entropy: (sums.labels > 0).then_some(entropy),
                ..measured(&drawn, settings.answers)
            });
            sums
        }))
    }

    /// Answers with what their loss needs.
    fn prepare_drawn(&self, rows: &[TokenizedRow], advantages: &[f64]) -> Result<Prepared> {
        let batch = Batch::new(rows);
        let mut token_reference = Vec::new();
        if self.objective.needs_token_reference() && !batch.labels.is_empty() {
            let (model, adapter) = self.reference();
            let hidden = model.forward(adapter, &batch)?;
            let scores = model.score_at(self.temperature, &hidden, &batch, false)?;
            token_reference = scores.logps();
        }
        Ok(Prepared {
            batch,
            advantages: advantages.to_vec(),
            token_reference,
            ..Prepared::default()
        })
    }
}

/// A prompt with an answer, whose tokens are learned.
fn answered(asked: &AskedRow, drawn: &Drawn) -> TokenizedRow {
    let prompt = &asked.prompt.tokens;
    let tokens = [prompt.as_slice(), &drawn.tokens].concat();
    let loss_mask = (0..tokens.len()).map(|place| place >= prompt.len());
    TokenizedRow {
        loss_mask: loss_mask.collect(),
        tokens,
    }
}

/// What is told of drawn answers, so many to each prompt.
fn measured(drawn: &[Drawn], group: usize) -> DrawnMetrics {
    let rewards: Vec<_> = drawn.iter().map(|one| one.reward).collect();
    let is_known = rewards.iter().any(Option::is_some);
    let groups = rewards.chunks(group.max(1));
    let count = groups.len();
    let flat = groups.filter(|rewards| deviation(rewards) < 1e-8).count();
    let answers = drawn.len() as f64;
    let tokens: usize = drawn.iter().map(|one| one.tokens.len()).sum();
    let unended = drawn.iter().filter(|one| !one.ended).count();
    let of_known = |value: f64| is_known.then_some(value);
    let of_all = |value: f64| (!drawn.is_empty()).then_some(value);
    DrawnMetrics {
        reward: of_known(mean(&rewards)),
        reward_std: of_known(deviation(&rewards)),
        frac_reward_zero_std: of_all(flat as f64 / count.max(1) as f64),
        mean_length: of_all(tokens as f64 / answers),
        clipped_ratio: of_all(unended as f64 / answers),
        entropy: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_that_cannot_be_judged_count_in_no_reward() {
        let drawn = |length, reward, ended| Drawn {
            tokens: vec![1; length],
            ended,
            reward,
        };
        let all = [
            drawn(2, Some(1.0), true),
            drawn(4, Some(1.0), false),
            drawn(6, Some(4.0), true),
            drawn(8, None, true),
        ];
        let found = measured(&all, 2);
        assert_eq!(found.reward, Some(2.0));
        assert!((found.reward_std.unwrap() - 3.0_f64.sqrt()).abs() < 1e-12);
        // Of the second group only one answer is known.
        assert_eq!(found.frac_reward_zero_std, Some(1.0));
        assert_eq!(
            (found.mean_length, found.clipped_ratio),
            (Some(5.0), Some(0.25))
        );
        assert_eq!(measured(&[], 2), DrawnMetrics::default());
    }
}
