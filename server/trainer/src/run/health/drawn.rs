//! What is watched of drawn answers: that they differ, that the model still has a choice, and how long
//! they are.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};
use shared::training::{DrawnMetrics, TrainingConfig};

use super::Finding;

/// Steps that make a mean, at the beginning and now.
const WINDOW: usize = 5;
/// Steps that draw in a row in which no prompt's answers differ in reward.
const ALIKE: usize = 5;
/// The share of its beginning to which the entropy must have fallen.
const COLLAPSED: f64 = 0.2;
/// How many times as long, or as short, as at the beginning.
const DRIFTED: f64 = 2.0;
/// Tokens by which the length must have changed besides.
const DRIFTED_TOKENS: f64 = 8.0;

/// What is remembered of drawn answers.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Drawing {
    /// Steps that draw in a row in which no prompt's answers differ in reward.
    alike: usize,
    entropy: Course,
    length: Course,
}

impl Drawing {
    /// Takes in the answers of a step; gives what was found, each with what to say.
    pub(super) fn step(
        &mut self,
        drawn: &DrawnMetrics,
        config: &TrainingConfig,
    ) -> Vec<(Finding, String)> {
        let mut found = Vec::new();
        // Steps that draw nothing tell no share.
        if let Some(share) = drawn.frac_reward_zero_std {
            self.alike = if share >= 1.0 { self.alike + 1 } else { 0 };
        }
        if self.alike >= ALIKE {
            found.push((Finding::RewardsAlike, rewards_alike(config)));
        }
        let entropy = self.entropy.add(drawn.entropy);
        if let Some((first, now)) = entropy.filter(|(first, now)| *now < COLLAPSED * first) {
            let message = format!(
                "the model has hardly a choice left in its answers (entropy {now:.3} nats a token, \
                 {first:.3} at the beginning), so that they differ ever less and teach ever less: \
                 raise grpo.kl_weight, or lower the learning rate"
            );
            found.push((Finding::EntropyCollapse, message));
        }
        let length = self.length.add(drawn.mean_length);
        let drifted = |(first, now): &(f64, f64)| {
            let ratio = (now / first).max(first / now);
            ratio > DRIFTED && (now - first).abs() > DRIFTED_TOKENS
        };
        if let Some((first, now)) = length.filter(drifted) {
            let message = format!(
                "answers have {now:.0} tokens by now, {first:.0} at the beginning: look at the samples \
                 whether the reward pays for length; a check of the length, or a higher \
                 grpo.kl_weight, keeps it"
            );
            found.push((Finding::LengthDrift, message));
        }
        found
    }
}

fn rewards_alike(config: &TrainingConfig) -> String {
    let draws = config.grpo.answers;
    format!(
        "all {draws} answers to each prompt got the same reward {ALIKE} times in a row, so that \
         nothing is learned from them: the prompts may be too easy or too hard, or the checks tell \
         only passed from failed. Draw more answers, raise grpo.temperature, or reward in smaller \
         steps"
    )
}

/// The first values of a number, and its last ones.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
struct Course {
    first: Vec<f64>,
    last: VecDeque<f64>,
}

impl Course {
    /// Takes in a value; gives the means of the first ones and of the last, once there are enough.
    fn add(&mut self, value: Option<f64>) -> Option<(f64, f64)> {
        let value = value?;
        if self.first.len() < WINDOW {
            self.first.push(value);
            return None;
        }
        self.last.push_back(value);
        if self.last.len() > WINDOW {
            self.last.pop_front();
        }
        let mean = |sum: f64| sum / WINDOW as f64;
        let now = (self.last.len() == WINDOW).then(|| mean(self.last.iter().sum()))?;
        Some((mean(self.first.iter().sum()), now))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is found in steps of which each is made from its number.
    fn found(of_step: impl Fn(usize) -> DrawnMetrics) -> Vec<Finding> {
        let mut drawing = Drawing::default();
        let config = TrainingConfig::default();
        let all = (0..20).flat_map(|step| drawing.step(&of_step(step), &config));
        let mut all: Vec<_> = all.map(|(finding, _)| finding).collect();
        all.dedup();
        all
    }

    fn sound() -> DrawnMetrics {
        DrawnMetrics {
            frac_reward_zero_std: Some(0.5),
            mean_length: Some(40.0),
            entropy: Some(1.0),
            ..DrawnMetrics::default()
        }
    }

    #[test]
    fn answers_that_go_on_as_they_began_are_sound() {
        assert_eq!(found(|_| sound()), []);
        assert_eq!(found(|_| DrawnMetrics::default()), []);
    }

    #[test]
    fn rewards_that_never_differ_are_told_and_a_difference_in_between_starts_anew() {
        let flat = |share| DrawnMetrics {
            frac_reward_zero_std: Some(share),
            ..sound()
        };
        assert_eq!(found(|_| flat(1.0)), [Finding::RewardsAlike]);
        let now_and_then = |step| flat(if step % 5 == 4 { 0.75 } else { 1.0 });
        assert_eq!(found(now_and_then), []);
        let every_second = |step: usize| DrawnMetrics {
            frac_reward_zero_std: step.is_multiple_of(2).then_some(1.0),
            ..sound()
        };
        assert_eq!(found(every_second), [Finding::RewardsAlike]);
    }

    #[test]
    fn a_lost_choice_and_a_changed_length_are_told() {
        let falling = |step: usize| DrawnMetrics {
            entropy: Some(1.0 / (1.0 + step as f64)),
            ..sound()
        };
        assert_eq!(found(falling), [Finding::EntropyCollapse]);
        for by in [5.0, -1.9] {
            let drifting = |step: usize| DrawnMetrics {
                mean_length: Some(40.0 + by * step as f64),
                ..sound()
            };
            assert_eq!(found(drifting), [Finding::LengthDrift], "{by}");
        }
        // Twice as many, but few.
        let short = |step: usize| DrawnMetrics {
            mean_length: Some(if step < 5 { 3.0 } else { 9.0 }),
            ..sound()
        };
        assert_eq!(found(short), []);
    }
}
