//! Direct preference optimisation (Rafailov et al. 2023) and the losses that differ from it only
//! in how they judge a margin.

use shared::training::PreferenceLoss;

use super::pairs::{Pair, PairLoss, PairwiseLoss, logistic, sigmoid, softplus};

/// A function of the margin `Δ = (log π(c) - log ref(c)) - (log π(r) - log ref(r))` of the chosen
/// response c over the rejected one r, sums over their tokens. With `x = β·Δ`:
///
/// | loss | formula | source |
/// | --- | --- | --- |
/// | sigmoid | `-(1-ε)·log σ(x) - ε·log σ(-x)`; conservative DPO where ε > 0 | Rafailov et al. 2023, Mitchell 2023 |
/// | hinge | `max(0, 1 - x)` | `SLiC`, Zhao et al. 2023 |
/// | ipo | `(Δ' - 1/(2β))²`, where Δ' has the means over the tokens of a response | Azar et al. 2023 |
/// | robust | `(-(1-ε)·log σ(x) + ε·log σ(-x)) / (1-2ε)` | Chowdhury et al. 2024 |
///
/// As TRL 1.16 has them, which knows ε in the robust loss only. With soft labels ε is the share of
/// votes that say otherwise, `1-p`, of which so many are taken to be wrong as of the others:
/// `(1-p)·(1-ε) + p·ε`. Rewards are `β·(log π - log ref)`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Dpo {
    /// Which of them.
    pub loss: PreferenceLoss,
    /// How strongly the model is held to its reference.
    pub beta: f64,
    /// The share of pairs whose order is taken to be wrong, ε, from 0 to below 0.5.
    pub label_smoothing: f64,
    /// Whether the sigmoid loss takes the share of votes, p, instead of certainty.
    pub soft_labels: bool,
}

impl Dpo {
    /// The loss of a margin and its derivative, where so large a share of annotators preferred the
    /// chosen response.
    fn of_margin(&self, margin: f64, share: f64) -> (f64, f64) {
        let (beta, flipped) = (self.beta, self.label_smoothing);
        let x = beta * margin;
        match self.loss {
            PreferenceLoss::Sigmoid => {
                let share = if self.soft_labels { share } else { 1.0 };
                let flipped = (1.0 - share) * (1.0 - flipped) + share * flipped;
                let (loss, slope) = logistic(x, flipped);
                (loss, beta * slope)
            }
            PreferenceLoss::Robust => {
                let (right, wrong) = (softplus(-x), softplus(x));
                let (by_right, by_wrong) = (-beta * sigmoid(-x), beta * sigmoid(x));
                let scale = 1.0 / (1.0 - 2.0 * flipped);
                (
                    scale * ((1.0 - flipped) * right - flipped * wrong),
                    scale * ((1.0 - flipped) * by_right - flipped * by_wrong),
                )
            }
            PreferenceLoss::Hinge if x < 1.0 => (1.0 - x, -beta),
            PreferenceLoss::Hinge => (0.0, 0.0),
            PreferenceLoss::Ipo => {
                let off = margin - 1.0 / (2.0 * beta);
                (off * off, 2.0 * off)
            }
        }
    }
}

impl PairwiseLoss for Dpo {
    fn needs_reference(&self) -> bool {
        true
    }

    fn of(&self, pair: &Pair) -> PairLoss {
        let ratios = pair.ratios();
        let means = self.loss == PreferenceLoss::Ipo;
        let sides = if means { pair.by_label(ratios) } else { ratios };
        let (loss, slope) = self.of_margin(sides[0] - sides[1], pair.verdict.share);
        let slopes = [slope, -slope];
        PairLoss {
            loss,
            by_logp: if means { pair.by_label(slopes) } else { slopes },
            rewards: ratios.map(|ratio| self.beta * ratio),
            logps: Some(pair.logps),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::pairs::testing::{check_derivatives, pairs};
    use super::*;

    fn losses() -> impl Iterator<Item = Dpo> {
        let all = PreferenceLoss::ALL.iter();
        all.flat_map(|loss| {
            [(0.0, false), (0.2, false), (0.0, true), (0.2, true)].map(
                |(label_smoothing, soft_labels)| Dpo {
                    loss: *loss,
                    beta: 0.3,
                    label_smoothing,
                    soft_labels,
                },
            )
        })
    }

    #[test]
    fn derivatives_are_those_of_the_losses() {
        for loss in losses() {
            check_derivatives(&loss);
        }
    }

    #[test]
    fn the_sigmoid_loss_agrees_with_the_closed_form() {
        let loss = losses().next().unwrap();
        // Δ = (-1.25 + 1.5) - (-5 + 4.75) = 0.5.
        let found = loss.of(&pairs()[0]);
        assert!((found.loss - (1.0 + (-0.15f64).exp()).ln()).abs() < 1e-12);
        assert!((found.by_logp[0] - -0.3 / (1.0 + 0.15f64.exp())).abs() < 1e-12);
        assert!((found.rewards[0] - 0.3 * 0.25).abs() < 1e-12);
    }

    #[test]
    fn a_share_of_votes_is_a_smoothing_of_its_own() {
        let dpo = |label_smoothing, soft_labels| Dpo {
            loss: PreferenceLoss::Sigmoid,
            beta: 0.3,
            label_smoothing,
            soft_labels,
        };
        // Three of four agree, and one judgement in ten is wrong: 0.75·0.1 + 0.25·0.9 are flipped.
        let found = dpo(0.1, true).of_margin(-0.7, 0.75);
        let expected = dpo(0.3, false).of_margin(-0.7, 1.0);
        assert!((found.0 - expected.0).abs() < 1e-15 && (found.1 - expected.1).abs() < 1e-15);
        assert_eq!(
            dpo(0.1, true).of_margin(0.4, 1.0),
            dpo(0.1, false).of_margin(0.4, 0.75)
        );
        // Where the model is as sure as the votes there is nothing left to learn.
        let sure = (0.75_f64 / 0.25).ln() / 0.3;
        assert!(dpo(0.0, true).of_margin(sure, 0.75).1.abs() < 1e-15);
    }

    #[test]
    fn no_margin_overflows() {
        for loss in losses() {
            for margin in [-2000.0, -35.0, 0.0, 80.0, 2000.0] {
                let (value, slope) = loss.of_margin(margin, 0.75);
                assert!(value.is_finite() && slope.is_finite(), "{loss:?} {margin}");
            }
        }
    }
}
