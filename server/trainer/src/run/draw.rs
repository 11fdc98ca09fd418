//! Learning from rewards of answers that the model draws itself.
//!
//! A step draws several answers to each of its prompts, has them judged, and is then a step like any
//! other. As many steps as there are iterations learn from them, before the next one draws. In the first
//! the model is still the one that drew; what it says of the answers there is what the others measure the
//! model against. What is drawn follows from the seed and the number of the round, so that a resumed run
//! draws the same; between two draws it goes on from what is kept (`rollout`).

use rand::{RngCore, SeedableRng};
use rand_chacha::ChaCha8Rng;
use shared::training::{DrawnMetrics, GrpoConfig, TrainingConfig};

use super::interrupter::Interrupter;
use super::learner::Learner;
use super::rollout::Rollout;
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
    /// The requests of a round of drawing, from 0: so many for each prompt, one prompt after another.
    fn requests<'a>(&self, prompts: &[&'a AskedRow], round: usize) -> Vec<Draw<'a>> {
        let mut source = ChaCha8Rng::seed_from_u64(self.config.seed);
        source.set_stream(round as u64);
        let copies = |prompt| std::iter::repeat_n(prompt, self.config.grpo.answers);
        let each = prompts.iter().copied().flat_map(copies);
        each.map(|prompt| Draw {
            prompt,
            seed: source.next_u64(),
        })
        .collect()
    }

    /// The answers of a round of drawing; `None` if it was interrupted halfway.
    fn draw(
        &self,
        adapter: Option<&Adapter>,
        prompts: &[&AskedRow],
        round: usize,
        interrupter: &Interrupter,
    ) -> Result<Option<Vec<Drawn>>> {
        let requests = self.requests(prompts, round);
        let settings = &self.config.grpo;
        let drawn = self
            .drawer
            .draw(adapter, &requests, settings, interrupter)?;
        Ok(interrupter.reason().is_none().then_some(drawn))
    }

    /// The answers with what each is worth against the others.
    fn rollout(&self, drawn: Vec<Drawn>) -> Rollout {
        let GrpoConfig { answers, scale, .. } = self.config.grpo;
        let rewards: Vec<_> = drawn.iter().map(|one| one.reward).collect();
        let tokens = drawn.into_iter().map(|one| one.tokens);
        Rollout::new(tokens.collect(), &advantages(&rewards, answers, scale))
    }
}

/// A step among those that learn from the same answers, and what is kept between them.
pub(super) struct Turn<'a> {
    /// Steps made before.
    pub(super) done: usize,
    /// What a checkpoint keeps of the answers.
    pub(super) kept: &'a mut Option<Rollout>,
    /// Their micro-batches; none after a checkpoint was read.
    pub(super) parts: &'a mut Vec<Prepared>,
}

impl Scene<'_> {
    /// Gradients of one step; `None` if it was interrupted halfway.
    pub(super) fn draw_and_learn(
        &self,
        policy: &Policy<'_>,
        learner: &Learner<'_>,
        input: &StepInput<'_>,
        turn: Turn<'_>,
    ) -> Result<Option<StepSums>> {
        let Turn { done, kept, parts } = turn;
        let iterations = policy.config.iterations();
        let (round, iteration) = (done / iterations, done % iterations);
        let sources = input.micro_batches.iter().flatten();
        let prompts: Vec<_> = sources
            .filter_map(|source| input.train.examples.asked(*source))
            .collect();
        let mut rollout = None;
        let mut metrics = DrawnMetrics::default();
        if iteration == 0 {
            let adapter = learner.adapter();
            let Some(drawn) = policy.draw(adapter, &prompts, round, input.interrupter)? else {
                return Ok(None);
            };
            metrics = measured(&drawn, policy.config.grpo.answers);
            let begun = policy.rollout(drawn);
            *parts = self.prepare_drawn(policy, &prompts, &begun)?;
            rollout = Some(begun);
        } else if let Some(kept) = kept
            && parts.is_empty()
        {
            *parts = self.prepare_drawn(policy, &prompts, kept)?;
        }
        let units = parts
            .iter()
            .map(|part| self.objective.units(&part.labels()));
        let measure = Measure {
            units: units.sum(),
            kl: 0.0,
        };
        let Some(mut sums) = self.learn_all(parts, measure, learner, input)? else {
            return Ok(None);
        };
        if iteration + 1 == iterations {
            parts.clear();
            *kept = None;
        } else if let Some(begun) = rollout {
            let logps = std::mem::take(&mut sums.logps);
            *kept = Some(begun.drawn_with(&logps));
            for (part, logps) in parts.iter_mut().zip(logps) {
                part.drawn_logps = logps;
            }
        }
        sums.drawn = Some(learned(metrics, &sums, iterations));
        Ok(Some(sums))
    }

    /// The micro-batches of answers, so many to each prompt, with what their loss needs.
    fn prepare_drawn(
        &self,
        policy: &Policy<'_>,
        prompts: &[&AskedRow],
        rollout: &Rollout,
    ) -> Result<Vec<Prepared>> {
        let each = policy.config.grpo.answers.max(1);
        let copies = |prompt| std::iter::repeat_n(prompt, each);
        let asked = prompts.iter().copied().flat_map(copies);
        let rows = asked.zip(rollout.answers());
        let rows: Vec<_> = rows
            .map(|(asked, tokens)| answered(asked, tokens))
            .collect();
        let size = policy.config.batch.size.max(1);
        let advantages = rollout.advantages();
        let parts = rows.chunks(size).zip(advantages.chunks(size)).enumerate();
        parts
            .map(|(number, (rows, advantages))| {
                let batch = Batch::new(rows);
                Ok(Prepared {
                    token_reference: self.token_reference(&batch)?,
                    batch,
                    advantages: advantages.to_vec(),
                    drawn_logps: rollout.logps(number),
                    ..Prepared::default()
                })
            })
            .collect()
    }

    /// The log-probabilities of labels under the reference model, where the objective needs them.
    fn token_reference(&self, batch: &Batch) -> Result<Vec<f32>> {
        if !self.objective.needs_token_reference() || batch.labels.is_empty() {
            return Ok(Vec::new());
        }
        let (model, adapter) = self.reference();
        let hidden = model.forward(adapter, batch)?;
        let scores = model.score_at(self.temperature, &hidden, batch, false)?;
        Ok(scores.logps())
    }
}

/// A prompt with an answer, whose tokens are learned.
fn answered(asked: &AskedRow, answer: &[u32]) -> TokenizedRow {
    let prompt = &asked.prompt.tokens;
    let tokens = [prompt.as_slice(), answer].concat();
    let loss_mask = (0..tokens.len()).map(|place| place >= prompt.len());
    TokenizedRow {
        loss_mask: loss_mask.collect(),
        tokens,
    }
}

/// What is told of a step that learned from answers, beside what is told of the answers.
fn learned(metrics: DrawnMetrics, sums: &StepSums, iterations: usize) -> DrawnMetrics {
    let entropy = sums.entropy / sums.labels.max(1) as f64;
    let clipped = sums.clipped.shares().filter(|_| iterations > 1);
    DrawnMetrics {
        entropy: (sums.labels > 0).then_some(entropy),
        clipped_tokens: clipped.map(|[low, high]| low + high),
        clipped_low: clipped.map(|[low, _]| low),
        clipped_high: clipped.map(|[_, high]| high),
        ..metrics
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
        ..DrawnMetrics::default()
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
