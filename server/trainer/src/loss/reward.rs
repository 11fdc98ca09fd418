//! The loss of reward models.

use super::pairs::{Pair, PairLoss, PairwiseLoss, sigmoid, softplus};

/// The probability that the chosen response wins (Bradley and Terry 1952), and optionally how far
/// both scores are from zero together (Eisenstein et al. 2023), as in TRL 1.16:
///
/// `-log σ(r_chosen - r_rejected) + c·(r_chosen + r_rejected)²`
///
/// What a pair holds as the sum of log-probabilities is the score.
#[derive(Clone, Copy, Debug)]
pub struct BradleyTerry {
    /// The weight c of the second term.
    pub centering: f64,
}

impl PairwiseLoss for BradleyTerry {
    fn needs_reference(&self) -> bool {
        false
    }

    fn of(&self, pair: &Pair) -> PairLoss {
        let [chosen, rejected] = pair.logps;
        let (difference, sum) = (chosen - rejected, chosen + rejected);
        let lost = sigmoid(-difference);
        let pull = 2.0 * self.centering * sum;
        PairLoss {
            loss: softplus(-difference) + self.centering * sum * sum,
            by_logp: [pull - lost, pull + lost],
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
        check_derivatives(&BradleyTerry { centering: 0.0 });
    }

    #[test]
    fn scores_are_pulled_to_zero_together() {
        let pair = |logps| Pair {
            logps,
            reference: [0.0; 2],
            labels: [1; 2],
        };
        let loss = BradleyTerry { centering: 0.5 };
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
