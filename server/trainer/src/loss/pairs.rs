//! What all losses of pairs share: sums over a response, the mean over the pairs of a step.

use std::ops::Range;

use super::{LossOutput, Objective, PreferenceSums, Scored};

/// What a loss of pairs sees of one pair. Both sides are in the order chosen, rejected.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pair {
    /// The sum of the labels' log-probabilities.
    pub logps: [f64; 2],
    /// The same under the reference model; zero where the loss needs none.
    pub reference: [f64; 2],
    /// The number of labels.
    pub labels: [usize; 2],
    /// What annotators said of it beyond its order.
    pub verdict: Verdict,
}

/// What annotators said of a pair beyond its order. By default that is certain, and has no margin.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Verdict {
    /// The share of them who preferred the chosen response, from 0.5 to 1.
    pub share: f64,
    /// By how much it shall score above the rejected one.
    pub margin: f64,
}

impl Default for Verdict {
    fn default() -> Self {
        Self {
            share: 1.0,
            margin: 0.0,
        }
    }
}

impl Pair {
    /// How much more probable each response became: `log π - log ref`.
    pub(super) fn ratios(&self) -> [f64; 2] {
        [0, 1].map(|side| self.logps[side] - self.reference[side])
    }

    /// A sum of each side by its number of labels.
    pub(super) fn by_label(&self, sums: [f64; 2]) -> [f64; 2] {
        [0, 1].map(|side| sums[side] / self.labels[side].max(1) as f64)
    }
}

/// The loss of one pair.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PairLoss {
    /// The loss.
    pub loss: f64,
    /// Its derivative by the log-probability of each label of a side: all labels of a side count
    /// the same.
    pub by_logp: [f64; 2],
    /// The implicit rewards.
    pub rewards: [f64; 2],
    /// What is reported as the log-probability of a side: its sum or its mean; nothing of scores.
    pub logps: Option<[f64; 2]>,
}

/// A loss that looks at one pair at a time.
pub trait PairwiseLoss: Send + Sync {
    /// Whether [`Pair::reference`] must be filled.
    fn needs_reference(&self) -> bool;

    /// The loss of one pair.
    fn of(&self, pair: &Pair) -> PairLoss;
}

/// The mean of a loss over the pairs of a step. Sequences alternate: chosen, rejected.
#[derive(Clone, Copy, Debug)]
pub struct Pairwise<L>(pub L);

impl<L: PairwiseLoss> Objective for Pairwise<L> {
    fn units(&self, labels: &[usize]) -> usize {
        labels.len() / 2
    }

    fn needs_reference(&self) -> bool {
        self.0.needs_reference()
    }

    fn evaluate(&self, scored: &Scored<'_>, units: usize) -> LossOutput {
        let units = units.max(1) as f64;
        let mut output = LossOutput {
            by_logp: vec![0.0; scored.logps.len()],
            ..LossOutput::default()
        };
        let mut sums = PreferenceSums::default();
        for (index, spans) in scored.spans.chunks_exact(2).enumerate() {
            let side = |side: usize| scored.sum(&spans[side]);
            let reference = |side: usize| scored.reference.get(2 * index + side).copied();
            let pair = Pair {
                logps: [side(0), side(1)],
                reference: [0, 1].map(|side| reference(side).unwrap_or_default()),
                labels: [spans[0].len(), spans[1].len()],
                verdict: scored.verdicts.get(index).copied().unwrap_or_default(),
            };
            let found = self.0.of(&pair);
            output.loss += found.loss / units;
            for (span, by_logp) in spans.iter().zip(found.by_logp) {
                output.by_logp[span.clone()].fill(by_logp / units);
            }
            sums.add(found.rewards, found.logps);
        }
        output.preference = Some(sums);
        output
    }
}

impl Scored<'_> {
    /// The sum of a sequence's log-probabilities.
    pub(super) fn sum(&self, span: &Range<usize>) -> f64 {
        let logps = self.logps[span.clone()].iter();
        logps.map(|logp| f64::from(*logp)).sum()
    }
}

/// `log(1 + eˣ)` without overflow.
pub(super) fn softplus(x: f64) -> f64 {
    x.max(0.0) + (-x.abs()).exp().ln_1p()
}

/// `1 / (1 + e⁻ˣ)`.
pub(super) fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

/// The cross entropy of `σ(x)` with an event that did not happen in a share `flipped` of cases, and its
/// derivative by x: `-(1-q)·log σ(x) - q·log σ(-x)`.
pub(super) fn logistic(x: f64, flipped: f64) -> (f64, f64) {
    (
        (1.0 - flipped) * softplus(-x) + flipped * softplus(x),
        flipped * sigmoid(x) - (1.0 - flipped) * sigmoid(-x),
    )
}

#[cfg(test)]
pub(super) mod testing {
    use super::*;

    /// A few pairs, far apart in every way.
    pub(in crate::loss) fn pairs() -> Vec<Pair> {
        let pair = |logps, reference, labels, share, margin| Pair {
            logps,
            reference,
            labels,
            verdict: Verdict { share, margin },
        };
        vec![
            pair([-1.25, -5.0], [-1.5, -4.75], [2, 2], 1.0, 0.0),
            pair([-0.5, -5.5], [-0.5, -7.0], [1, 2], 0.75, -0.5),
            pair([-310.0, -12.0], [-200.0, -30.0], [120, 9], 0.5, 2.0),
            pair([-30.0, -900.0], [-90.0, -500.0], [31, 250], 0.9, 0.25),
        ]
    }

    /// Holds the derivatives of a loss against finite differences of it.
    pub(in crate::loss) fn check_derivatives(loss: &dyn PairwiseLoss) {
        for pair in pairs() {
            let found = loss.of(&pair);
            assert!(found.loss.is_finite());
            for side in 0..2 {
                let h = 1e-5;
                let moved = |by: f64| {
                    let mut pair = pair;
                    pair.logps[side] += by;
                    loss.of(&pair).loss
                };
                let slope = (moved(h) - moved(-h)) / (2.0 * h);
                let error = (found.by_logp[side] - slope).abs();
                assert!(error < 1e-7 * (1.0 + slope.abs()), "{pair:?}: {error}");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Difference;

    impl PairwiseLoss for Difference {
        fn needs_reference(&self) -> bool {
            false
        }

        fn of(&self, pair: &Pair) -> PairLoss {
            PairLoss {
                loss: pair.logps[1] - pair.logps[0],
                by_logp: [-1.0, 1.0],
                rewards: pair.logps,
                logps: Some(pair.logps),
            }
        }
    }

    #[test]
    fn micro_batches_add_up_to_the_mean_over_the_pairs_of_a_step() {
        let logps = [-1.0, -0.25, -3.0, -2.0, -0.5, -1.5, -4.0];
        let spans = [0..2, 2..4, 4..5, 5..7];
        let evaluate = |spans: &[Range<usize>]| {
            let scored = Scored {
                logps: &logps,
                spans,
                ..Scored::default()
            };
            Pairwise(Difference).evaluate(&scored, 2)
        };
        let (whole, first) = (evaluate(&spans), evaluate(&spans[..2]));
        let second = evaluate(&spans[2..]);
        assert!((whole.loss - (-3.75 - 5.0) / 2.0).abs() < 1e-12);
        assert!((first.loss + second.loss - whole.loss).abs() < 1e-12);
        assert_eq!(whole.by_logp, [-0.5, -0.5, 0.5, 0.5, -0.5, 0.5, 0.5]);
        let metrics = whole.preference.unwrap().metrics();
        assert_eq!(metrics.rewards_chosen, Some(-0.875));
        assert_eq!(metrics.rewards_accuracies, Some(1.0));
        assert_eq!(metrics.logps_rejected, Some(-5.25));
        assert_eq!(Pairwise(Difference).units(&[2, 2, 1, 2]), 2);
    }
}
