//! Answers that were drawn, for as long as steps learn from them.
//!
//! After the first of several steps the model that drew them is gone: neither they nor the
//! log-probabilities with which they were drawn can be found again. So a checkpoint between two draws
//! holds both. Numbers are kept as their bits, because JSON would not give back all of them. What the
//! reference says of the answers does not change, and is computed anew.

use serde::{Deserialize, Serialize};
use shared::training::TrainingConfig;

/// The answers of a round of drawing, so many to each prompt.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Rollout {
    /// The tokens of each answer.
    answers: Vec<Vec<u32>>,
    /// The advantage of each answer, 64 bits.
    advantages: Vec<u64>,
    /// The log-probabilities with which the tokens of each micro-batch were drawn, 32 bits.
    logps: Vec<Vec<u32>>,
}

impl Rollout {
    /// Answers that no step has learned from.
    pub(super) fn new(answers: Vec<Vec<u32>>, advantages: &[f64]) -> Self {
        Self {
            answers,
            advantages: advantages.iter().map(|one| one.to_bits()).collect(),
            logps: Vec::new(),
        }
    }

    /// The same, once it is known with which log-probabilities each micro-batch was drawn.
    pub(super) fn drawn_with(self, logps: &[Vec<f32>]) -> Self {
        let bits = |part: &Vec<f32>| part.iter().map(|logp| logp.to_bits()).collect();
        Self {
            logps: logps.iter().map(bits).collect(),
            ..self
        }
    }

    pub(super) fn answers(&self) -> impl Iterator<Item = &[u32]> {
        self.answers.iter().map(Vec::as_slice)
    }

    pub(super) fn advantages(&self) -> Vec<f64> {
        let bits = self.advantages.iter();
        bits.map(|bits| f64::from_bits(*bits)).collect()
    }

    /// The log-probabilities with which a micro-batch was drawn; nothing if they are not known yet.
    pub(super) fn logps(&self, micro_batch: usize) -> Vec<f32> {
        let bits = self.logps.get(micro_batch).into_iter().flatten();
        bits.map(|bits| f32::from_bits(*bits)).collect()
    }

    /// What is missing in a checkpoint after so many steps, if anything is.
    pub(super) fn missing(
        kept: Option<&Self>,
        step: usize,
        config: &TrainingConfig,
    ) -> Option<&'static str> {
        let is_between = !step.is_multiple_of(config.iterations());
        let Some(kept) = kept else {
            return is_between
                .then_some("it does not hold the answers that are being learned from");
        };
        let micro_batches = kept.answers.chunks(config.batch.size.max(1));
        let tokens = micro_batches.map(|answers| answers.iter().map(Vec::len).sum::<usize>());
        let is_whole = kept.answers.len() == kept.advantages.len()
            && kept.answers.len().is_multiple_of(config.grpo.answers)
            && tokens.eq(kept.logps.iter().map(Vec::len));
        let is_whole = is_whole && is_between;
        (!is_whole).then_some("the answers that it holds are not those of its step")
    }
}

#[cfg(test)]
mod tests {
    use shared::training::Method;

    use super::*;

    #[test]
    fn every_bit_is_read_as_it_was_written() {
        let advantages = [0.1 + 0.2, -1.0 / 3.0, f64::MIN_POSITIVE];
        let logps = [vec![-0.1_f32, -1e-7], vec![f32::MIN]];
        let answers = vec![vec![1], vec![2], vec![3]];
        let rollout = Rollout::new(answers, &advantages).drawn_with(&logps);
        let json = serde_json::to_string(&rollout).unwrap();
        let read: Rollout = serde_json::from_str(&json).unwrap();
        assert_eq!(read, rollout);
        assert_eq!(read.advantages(), advantages);
        assert_eq!([read.logps(0), read.logps(1)], logps);
        assert!(read.logps(2).is_empty());
    }

    #[test]
    fn what_is_missing_between_two_draws_is_told() {
        let mut config = TrainingConfig {
            method: Method::Grpo,
            ..TrainingConfig::default()
        };
        config.grpo.answers = 2;
        config.grpo.iterations = 3;
        config.batch.size = 1;
        let answers = vec![vec![1, 2], vec![3]];
        let begun = Rollout::new(answers, &[0.5, -0.5]);
        let whole = begun.clone().drawn_with(&[vec![-1.0, -2.0], vec![-0.5]]);
        let missing = |kept: Option<&Rollout>, step| Rollout::missing(kept, step, &config);
        assert_eq!(missing(None, 3), None);
        assert_eq!(missing(Some(&whole), 4), None);
        assert_eq!(missing(Some(&whole), 5), None);
        assert!(missing(None, 4).is_some());
        assert!(missing(Some(&begun), 4).is_some(), "no log-probabilities");
        assert!(missing(Some(&whole), 3).is_some(), "of another step");
        let shifted = begun.clone().drawn_with(&[vec![-1.0], vec![-2.0, -0.5]]);
        assert!(missing(Some(&shifted), 4).is_some(), "of other answers");
        let odd = Rollout::new(vec![vec![1]], &[0.5]).drawn_with(&[vec![-1.0]]);
        assert!(missing(Some(&odd), 4).is_some());
    }
}
