//! Losses of pairs that need no reference model: they compare means over the tokens of a response.

use super::pairs::{Pair, PairLoss, PairwiseLoss, sigmoid, softplus};

/// Odds-ratio preference optimisation (Hong et al. 2024):
/// `-a(c) - λ·log σ(log odds(c) - log odds(r))` with the mean log-probability `a` of a response's
/// tokens and `log odds = a - log(1 - eᵃ)`.
///
/// The first term imitates the chosen response. It is the mean over each response, then over pairs,
/// as in the paper; TRL 1.16 takes the mean over all tokens of a batch, those of the prompt too.
/// Rewards are `λ·a`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Orpo {
    /// The weight of the preference, λ.
    pub beta: f64,
}

/// The greatest mean log-probability that has finite odds here.
const CERTAIN: f64 = -1e-9;

impl PairwiseLoss for Orpo {
    fn needs_reference(&self) -> bool {
        false
    }

    fn of(&self, pair: &Pair) -> PairLoss {
        let means = pair.by_label(pair.logps).map(|mean| mean.min(CERTAIN));
        // 1 - eᵃ, without cancellation.
        let others = means.map(|mean| -mean.exp_m1());
        let odds = [0, 1].map(|side| means[side] - others[side].ln());
        let difference = odds[0] - odds[1];
        let slope = -self.beta * sigmoid(-difference);
        let by_means = [-1.0 + slope / others[0], -slope / others[1]];
        PairLoss {
            loss: -means[0] + self.beta * softplus(-difference),
            by_logp: pair.by_label(by_means),
            rewards: means.map(|mean| self.beta * mean),
            logps: Some(means),
        }
    }
}

/// Simple preference optimisation (Meng et al. 2024): `-log σ(β·(a(c) - a(r)) - γ)` with the mean
/// log-probability `a` of a response's tokens. Rewards are `β·a`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Simpo {
    /// How steeply a difference counts, β.
    pub beta: f64,
    /// The difference of rewards that is asked for, γ.
    pub margin: f64,
}

impl PairwiseLoss for Simpo {
    fn needs_reference(&self) -> bool {
        false
    }

    fn of(&self, pair: &Pair) -> PairLoss {
        let means = pair.by_label(pair.logps);
        let x = self.beta * (means[0] - means[1]) - self.margin;
        let slope = -self.beta * sigmoid(-x);
        PairLoss {
            loss: softplus(-x),
            by_logp: pair.by_label([slope, -slope]),
            rewards: means.map(|mean| self.beta * mean),
            logps: Some(means),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::pairs::{Verdict, testing::check_derivatives};
    use super::*;

    #[test]
    fn derivatives_are_those_of_the_losses() {
        check_derivatives(&Orpo { beta: 0.1 });
        check_derivatives(&Simpo {
            beta: 2.0,
            margin: 1.0,
        });
    }

    #[test]
    fn a_certain_response_has_finite_odds() {
        let pair = Pair {
            logps: [0.0, -3.0],
            reference: [0.0; 2],
            labels: [4, 2],
            verdict: Verdict::default(),
        };
        let found = Orpo { beta: 0.1 }.of(&pair);
        assert!(found.loss.is_finite() && found.by_logp.iter().all(|slope| slope.is_finite()));
    }
}
