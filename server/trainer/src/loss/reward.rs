//! The loss of reward models.

use super::pairs::{Pair, PairLoss, PairwiseLoss, Verdict, logistic};

/// The probability that the chosen response wins (Bradley and Terry 1952) by the pair's own margin m
/// (Touvron et al. 2023), and optionally how far both scores are from zero together (Eisenstein et al.
/// 2023), as in TRL 1.16:
///
/// `-log σ(x) + c·(r_chosen + r_rejected)²`, where `x = r_chosen - r_rejected - m`
///
/// With soft labels the first term is `-p·log σ(x) - (1-p)·log σ(-x)`, p being the share of votes for
/// the chosen response.
///
/// What a pair holds as the sum of log-probabilities is the score.
#[derive(Clone, Copy, Debug)]
pub struct BradleyTerry {
    /// The weight c of the second term.
    pub centering: f64,
    /// Whether the share of votes counts, instead of certainty.
    pub soft_labels: bool,
}

impl PairwiseLoss for BradleyTerry {
    fn needs_reference(&self) -> bool {
        false
    }

    fn of(&self, pair: &Pair) -> PairLoss {
        let [chosen, rejected] = pair.logps;
        let Verdict { share, margin } = pair.verdict;
        let sum = chosen + rejected;
        let flipped = if self.soft_labels { 1.0 - share } else { 0.0 };
        let (loss, slope) = logistic(chosen - rejected - margin, flipped);
        let pull = 2.0 * self.centering * sum;
        PairLoss {
            loss: loss + self.centering * sum * sum,
            by_logp: [pull + slope, pull - slope],
            rewards: pair.logps,
            logps: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::pairs::testing::check_derivatives;
    use super::*;

    #[test]
    fn derivatives_agree_with_finite_differences() {
        for soft_labels in [false, true] {
            check_derivatives(&BradleyTerry {
                centering: 0.0,
                soft_labels,
            });
        }
    }

    #[test]
    fn a_margin_and_votes_move_where_nothing_is_left_to_learn() {
        let loss = |soft_labels| BradleyTerry {
            centering: 0.0,
            soft_labels,
        };
        let verdict = Verdict {
            share: 0.75,
            margin: 2.0,
        };
        let pair = |difference| Pair {
            logps: [difference, 0.0],
            reference: [0.0; 2],
            labels: [1; 2],
            verdict,
        };
        let found = loss(false).of(&pair(2.0));
        assert!((found.loss - 2f64.ln()).abs() < 1e-15);
        // Rewards are told without the margin.
        assert!((found.rewards[0] - found.rewards[1] - 2.0).abs() < 1e-15);
        let found = loss(true).of(&pair(2.0 + 3f64.ln()));
        assert!(found.by_logp.iter().all(|slope| slope.abs() < 1e-15));
    }

    #[test]
    fn scores_are_pulled_to_zero_together() {
        let pair = |logps| Pair {
            logps,
            reference: [0.0; 2],
            labels: [1; 2],
            verdict: Verdict::default(),
        };
        let loss = BradleyTerry {
            centering: 0.5,
            soft_labels: false,
        };
        let found = loss.of(&pair([1.5, 0.5]));
        let expected = (1.0 + (-1.0_f64).exp()).ln() + 0.5 * 4.0;
        assert!((found.loss - expected).abs() < 1e-12);
        for side in 0..2 {
            let moved = |by: f64| {
                let mut scores = [1.5, 0.5];
                scores[side] += by;
                loss.of(&pair(scores)).loss
            };
            let slope = (moved(1e-6) - moved(-1e-6)) / 2e-6;
            assert!((found.by_logp[side] - slope).abs() < 1e-6);
        }
    }
}
