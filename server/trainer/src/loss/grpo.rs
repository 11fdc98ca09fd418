//! Group-relative policy optimisation.

use shared::training::{PolicyLoss, RewardScale};

use super::{LossOutput, Objective, PreferenceSums, Scored};

/// Added to a standard deviation before it divides, as in TRL.
const SMALLEST_DEVIATION: f64 = 1e-4;

/// The loss of drawn answers (Shao et al. 2024), as in TRL 1.16 where every answer is learned from
/// once, right after it was drawn, so that nothing is clipped. With the advantage a of an answer and
/// the reference's probability ρ of a token by the model's, each token gives
///
/// `π/π₀·(β·(ρ - ln ρ - 1) - a)`
///
/// where π₀ is π without a gradient. The ratio belongs to both terms, so that the gradient of the
/// second is the one of the reverse KL divergence, `-β·ln ρ` (DeepSeek-AI 2025).
#[derive(Clone, Copy, Debug)]
pub struct Grpo {
    /// What the mean is taken over.
    pub loss: PolicyLoss,
    /// The weight β of the distance from the reference.
    pub kl_weight: f64,
    /// The most tokens of an answer.
    pub max_new_tokens: usize,
}

impl Objective for Grpo {
    fn units(&self, labels: &[usize]) -> usize {
        match self.loss {
            PolicyLoss::Dapo => labels.iter().sum(),
            PolicyLoss::Grpo => labels.len(),
            PolicyLoss::DrGrpo => labels.len() * self.max_new_tokens,
        }
    }

    fn needs_reference(&self) -> bool {
        false
    }

    fn needs_token_reference(&self) -> bool {
        self.kl_weight > 0.0
    }

    fn evaluate(&self, scored: &Scored<'_>, units: usize) -> LossOutput {
        let mut output = LossOutput {
            by_logp: vec![0.0; scored.logps.len()],
            ..LossOutput::default()
        };
        let mut distances = PreferenceSums::default();
        for (span, advantage) in scored.spans.iter().zip(scored.advantages) {
            let parts = match self.loss {
                PolicyLoss::Grpo => units * span.len(),
                PolicyLoss::Dapo | PolicyLoss::DrGrpo => units,
            };
            let weight = 1.0 / parts.max(1) as f64;
            for place in span.clone() {
                output.loss -= weight * advantage;
                output.by_logp[place] = -weight * advantage;
                if let Some(reference) = scored.token_reference.get(place) {
                    let log_ratio = f64::from(*reference) - f64::from(scored.logps[place]);
                    let distance = log_ratio.exp() - log_ratio - 1.0;
                    distances.add_distance(distance);
                    output.loss += weight * self.kl_weight * distance;
                    output.by_logp[place] -= weight * self.kl_weight * log_ratio;
                }
            }
        }
        let has_reference = !scored.token_reference.is_empty();
        output.preference = has_reference.then_some(distances);
        output
    }
}

/// How much better each answer is than the mean of its group, as so many answers to each prompt
/// follow each other. What could not be judged is worth nothing and counts in no mean.
pub fn advantages(rewards: &[Option<f64>], group: usize, scale: RewardScale) -> Vec<f64> {
    let of_all = deviation(rewards);
    let groups = rewards.chunks(group.max(1));
    let advantages = groups.flat_map(|rewards| {
        let center = mean(rewards);
        let divisor = match scale {
            RewardScale::Group => deviation(rewards) + SMALLEST_DEVIATION,
            RewardScale::Batch => of_all + SMALLEST_DEVIATION,
            RewardScale::None => 1.0,
        };
        let of_one = move |reward: &Option<f64>| reward.map(|reward| (reward - center) / divisor);
        rewards
            .iter()
            .map(move |reward| of_one(reward).unwrap_or(0.0))
    });
    advantages.collect()
}

/// The mean of what was judged; zero if nothing was.
pub(crate) fn mean(rewards: &[Option<f64>]) -> f64 {
    let known = rewards.iter().flatten();
    known.clone().sum::<f64>() / known.count().max(1) as f64
}

/// The standard deviation of what was judged, as of a sample; zero of fewer than two.
pub(crate) fn deviation(rewards: &[Option<f64>]) -> f64 {
    let center = mean(rewards);
    let known = rewards.iter().flatten();
    let squares = known.clone().map(|reward| (reward - center).powi(2));
    let count = known.clone().count();
    if count < 2 {
        return 0.0;
    }
    (squares.sum::<f64>() / (count - 1) as f64).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scored<'a>(logps: &'a [f32], reference: &'a [f32]) -> Scored<'a> {
        Scored {
            logps,
            spans: &[0..2, 2..5],
            advantages: &[0.7, -1.2],
            token_reference: reference,
            ..Scored::default()
        }
    }

    #[test]
    fn gradients_are_those_of_both_factors() {
        let logps = [-1.0_f32, -0.5, -2.0, -0.25, -3.0];
        let reference = [-1.5_f32, -0.5, -1.0, -0.5, -3.5];
        for &loss in PolicyLoss::ALL {
            let grpo = Grpo {
                loss,
                kl_weight: 0.3,
                max_new_tokens: 4,
            };
            let units = grpo.units(&[2, 3]);
            let found = grpo.evaluate(&scored(&logps, &reference), units);
            for place in 0..logps.len() {
                // A loss whose ratio is one by definition changes with the second factor only; the
                // first one's slope is the token's value.
                let advantage = if place < 2 { 0.7 } else { -1.2 };
                let length = if place < 2 { 2.0 } else { 3.0 };
                let parts = match loss {
                    PolicyLoss::Dapo => 5.0,
                    PolicyLoss::Grpo => 2.0 * length,
                    PolicyLoss::DrGrpo => 8.0,
                };
                let step = 2.0_f32.powi(-10);
                let moved = |by: f32| {
                    let mut logps = logps;
                    logps[place] += by;
                    grpo.evaluate(&scored(&logps, &reference), units).loss
                };
                let slope = (moved(step) - moved(-step)) / f64::from(2.0 * step);
                let log_ratio = f64::from(reference[place] - logps[place]);
                let distance = log_ratio.exp() - log_ratio - 1.0;
                let expected = slope + (0.3 * distance - advantage) / parts;
                assert!(
                    (found.by_logp[place] - expected).abs() < 1e-6,
                    "{loss} {place}"
                );
            }
        }
    }

    #[test]
    fn an_answer_is_measured_against_its_group() {
        let rewards = [Some(1.0), Some(3.0), None, Some(2.0), Some(2.0), Some(2.0)];
        let plain = advantages(&rewards, 3, RewardScale::None);
        assert_eq!(plain, [-1.0, 1.0, 0.0, 0.0, 0.0, 0.0]);
        let by_group = advantages(&rewards, 3, RewardScale::Group);
        let expected = 1.0 / (2.0_f64.sqrt() + 1e-4);
        assert!((by_group[1] - expected).abs() < 1e-12);
        let by_batch = advantages(&rewards, 3, RewardScale::Batch);
        let expected = 1.0 / (0.5_f64.sqrt() + 1e-4);
        assert!((by_batch[1] - expected).abs() < 1e-12);
        assert_eq!(advantages(&[None, None], 2, RewardScale::Group), [0.0, 0.0]);
    }
}
