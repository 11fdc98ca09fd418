//! Kahneman-Tversky optimisation (Ethayarajh et al. 2024): every answer is judged alone.

use super::pairs::sigmoid;
use super::{LossOutput, Objective, PreferenceSums, Scored};

/// With the log-ratio `r = log π(y|x) - log ref(y|x)` of an answer, sums over its tokens, and an
/// estimate z of the distance of π from ref:
///
/// | answer | loss |
/// | --- | --- |
/// | wanted | `w·(1 - σ(β·(r - z)))` |
/// | unwanted | `w'·(1 - σ(β·(z - r)))` |
///
/// and the mean over the answers of a step, as TRL 1.16 has it. z is [`Scored::kl`], the mean
/// log-ratio of answers after prompts that are not their own, not below zero; no gradient goes
/// through it. Rewards are `β·r`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Kto {
    /// How strongly the model is held to its reference.
    pub beta: f64,
    /// How much a wanted answer counts, w, and an unwanted one, w'.
    pub weights: [f64; 2],
}

impl Kto {
    /// The loss of an answer and its derivative by the log-ratio.
    fn of_ratio(&self, ratio: f64, kl: f64, desirable: bool) -> (f64, f64) {
        let side = usize::from(!desirable);
        let sign = [1.0, -1.0][side];
        let x = sign * self.beta * (ratio - kl);
        // 1 - σ(x) without cancellation.
        let short = sigmoid(-x);
        let weight = self.weights[side];
        let slope = -sign * self.beta * sigmoid(x) * short;
        (weight * short, weight * slope)
    }
}

impl Objective for Kto {
    fn units(&self, labels: &[usize]) -> usize {
        labels.len()
    }

    fn needs_reference(&self) -> bool {
        true
    }

    fn needs_kl(&self) -> bool {
        true
    }

    fn evaluate(&self, scored: &Scored<'_>, units: usize) -> LossOutput {
        let units = units.max(1) as f64;
        let mut output = LossOutput {
            by_logp: vec![0.0; scored.logps.len()],
            ..LossOutput::default()
        };
        let mut sums = PreferenceSums::default();
        let examples = scored.spans.iter().zip(scored.reference);
        for ((span, reference), desirable) in examples.zip(scored.desirable) {
            let logp = scored.sum(span);
            let ratio = logp - reference;
            let (loss, slope) = self.of_ratio(ratio, scored.kl, *desirable);
            output.loss += loss / units;
            output.by_logp[span.clone()].fill(slope / units);
            sums.add_labelled(*desirable, self.beta * ratio, logp, scored.kl);
        }
        output.preference = Some(sums);
        output
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KTO: Kto = Kto {
        beta: 0.3,
        weights: [1.0, 1.5],
    };

    #[test]
    fn derivatives_are_those_of_the_loss() {
        for (ratio, kl) in [(0.0, 0.0), (2.5, 1.0), (-7.0, 3.0), (40.0, 0.5)] {
            for desirable in [true, false] {
                let h = 1e-5;
                let loss = |ratio| KTO.of_ratio(ratio, kl, desirable).0;
                let slope = (loss(ratio + h) - loss(ratio - h)) / (2.0 * h);
                let found = KTO.of_ratio(ratio, kl, desirable).1;
                assert!((found - slope).abs() < 1e-9, "{ratio} {kl} {desirable}");
            }
        }
    }

    #[test]
    fn no_ratio_overflows() {
        for ratio in [-1e6, -35.0, 80.0, 1e6] {
            for desirable in [true, false] {
                let (loss, slope) = KTO.of_ratio(ratio, 2.0, desirable);
                assert!((0.0..=1.5).contains(&loss) && slope.is_finite(), "{ratio}");
            }
        }
    }

    #[test]
    fn micro_batches_add_up_and_a_missing_side_is_not_reported() {
        let logps = [-1.0, -0.5, -2.0, -4.0];
        let spans = [0..2, 2..3, 3..4];
        let reference = [-2.0, -2.0, -3.5];
        let desirable = [true, true, false];
        let part = |first: usize, last: usize| {
            let scored = Scored {
                logps: &logps,
                spans: &spans[first..last],
                reference: &reference[first..last],
                desirable: &desirable[first..last],
                kl: 0.25,
                ..Scored::default()
            };
            KTO.evaluate(&scored, KTO.units(&[2, 1, 1]))
        };
        let (whole, first, second) = (part(0, 3), part(0, 2), part(2, 3));
        assert!((first.loss + second.loss - whole.loss).abs() < 1e-12);
        let losses = [(0.25, true), (-0.25, true), (-0.75, false)]
            .map(|(off, desirable)| KTO.of_ratio(off, 0.0, desirable).0 / 3.0);
        assert!((whole.loss - losses.iter().sum::<f64>()).abs() < 1e-12);
        assert!(whole.by_logp[..3].iter().all(|slope| *slope < 0.0));
        assert!(whole.by_logp[3] > 0.0);

        let metrics = first.preference.unwrap().metrics();
        assert_eq!(metrics.rewards_chosen, Some(0.3 * 0.25));
        assert_eq!(
            (metrics.rewards_rejected, metrics.rewards_margins),
            (None, None)
        );
        let mut sums = first.preference.unwrap();
        sums.merge(&second.preference.unwrap());
        let metrics = sums.metrics();
        assert!((metrics.rewards_margins.unwrap() - 0.3 * 0.75).abs() < 1e-12);
        assert_eq!((metrics.kl, metrics.rewards_accuracies), (Some(0.25), None));
    }
}
