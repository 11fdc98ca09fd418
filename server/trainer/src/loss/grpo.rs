//! Group-relative policy optimisation.

use shared::training::{PolicyLoss, RewardScale};

use super::{ClippedSums, LossOutput, Objective, PreferenceSums, Scored};

/// Added to a standard deviation before it divides, as in TRL.
const SMALLEST_DEVIATION: f64 = 1e-4;

/// The loss of drawn answers (Shao et al. 2024), as in TRL 1.16. With the advantage a of an answer, the
/// ratio r of a token's probability by the one with which it was drawn, and the reference's probability
/// ρ of it by the model's, each token gives
///
/// `r·β·(ρ - ln ρ - 1) - min(r·a, clamp(r, 1 - ε, 1 + ε')·a)`
///
/// The ratio belongs to the distance too, so that its gradient is the one of the reverse KL divergence,
/// `-r·β·ln ρ` (DeepSeek-AI 2025). In the step that follows drawing, r is one and nothing is clipped.
#[derive(Clone, Copy, Debug)]
pub struct Grpo {
    /// What the mean is taken over.
    pub loss: PolicyLoss,
    /// The weight β of the distance from the reference.
    pub kl_weight: f64,
    /// How far the ratio may fall below one, ε, and rise above it, ε'.
    pub clips: [f64; 2],
    /// The most tokens of an answer.
    pub max_new_tokens: usize,
}

impl Grpo {
    /// The loss of a token by its ratio and its answer's advantage, the gradient of that by its
    /// log-probability, and whether it was clipped at either side.
    fn policy(&self, ratio: f64, advantage: f64) -> (f64, f64, [bool; 2]) {
        let [low, high] = self.clips;
        let clipped = [
            advantage < 0.0 && ratio < 1.0 - low,
            advantage > 0.0 && ratio > 1.0 + high,
        ];
        if clipped.contains(&true) {
            let held = ratio.clamp(1.0 - low, 1.0 + high);
            return (-held * advantage, 0.0, clipped);
        }
        let loss = -ratio * advantage;
        (loss, loss, clipped)
    }
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
        let mut clipped = ClippedSums::default();
        for (span, advantage) in scored.spans.iter().zip(scored.advantages) {
            let parts = match self.loss {
                PolicyLoss::Grpo => units * span.len(),
                PolicyLoss::Dapo | PolicyLoss::DrGrpo => units,
            };
            let weight = 1.0 / parts.max(1) as f64;
            for place in span.clone() {
                let logp = f64::from(scored.logps[place]);
                let drawn_at = scored.drawn_logps.get(place);
                let ratio = drawn_at.map_or(1.0, |drawn| (logp - f64::from(*drawn)).exp());
                let (loss, slope, sides) = self.policy(ratio, *advantage);
                clipped.add(sides);
                output.loss += weight * loss;
                output.by_logp[place] = weight * slope;
                if let Some(reference) = scored.token_reference.get(place) {
                    let log_ratio = f64::from(*reference) - logp;
                    let distance = ratio * (log_ratio.exp() - log_ratio - 1.0);
                    distances.add_distance(distance);
                    output.loss += weight * self.kl_weight * distance;
                    output.by_logp[place] -= weight * self.kl_weight * ratio * log_ratio;
                }
            }
        }
        let has_reference = !scored.token_reference.is_empty();
        output.preference = has_reference.then_some(distances);
        output.clipped = clipped;
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
                clips: [0.2, 0.2],
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

    /// Ratios of about 0.6, 1.5, 1.1, 0.7 and 1.5, of which with these advantages the second is too high
    /// and the fourth too low.
    const DRAWN: [f32; 5] = [-0.5, -0.9, -2.1, 0.1, -3.4];

    #[test]
    fn gradients_of_later_iterations_are_slopes_of_the_loss() {
        let logps = [-1.0_f32, -0.5, -2.0, -0.25, -3.0];
        let reference = [-1.5_f32, -0.5, -1.0, -0.5, -3.5];
        let grpo = Grpo {
            loss: PolicyLoss::Grpo,
            kl_weight: 0.3,
            clips: [0.2, 0.3],
            max_new_tokens: 4,
        };
        let at = |logps: &[f32]| {
            let scored = Scored {
                drawn_logps: &DRAWN,
                ..scored(logps, &reference)
            };
            grpo.evaluate(&scored, 2)
        };
        let found = at(&logps);
        let step = 2.0_f32.powi(-10);
        for place in 0..logps.len() {
            let moved = |by: f32| {
                let mut logps = logps;
                logps[place] += by;
                at(&logps).loss
            };
            let slope = (moved(step) - moved(-step)) / f64::from(2.0 * step);
            assert!((found.by_logp[place] - slope).abs() < 1e-6, "{place}");
        }
        assert_eq!(found.clipped.shares(), Some([0.2, 0.2]));
    }

    #[test]
    fn only_what_would_go_on_in_its_direction_is_clipped() {
        let grpo = Grpo {
            loss: PolicyLoss::Dapo,
            kl_weight: 0.0,
            clips: [0.2, 0.3],
            max_new_tokens: 4,
        };
        for (ratio, advantage, loss, slope, sides) in [
            (1.5, 2.0, -2.6, 0.0, [false, true]),
            (1.5, -2.0, 3.0, 3.0, [false, false]),
            (0.5, -2.0, 1.6, 0.0, [true, false]),
            (0.5, 2.0, -1.0, -1.0, [false, false]),
            (1.25, 2.0, -2.5, -2.5, [false, false]),
            (0.75, 0.0, 0.0, 0.0, [false, false]),
        ] {
            let found = grpo.policy(ratio, advantage);
            assert!((found.0 - loss).abs() < 1e-12, "{ratio} {advantage}");
            assert!((found.1 - slope).abs() < 1e-12, "{ratio} {advantage}");
            assert_eq!(found.2, sides, "{ratio} {advantage}");
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
