//! Direct preference optimisation (Rafailov et al. 2023).

use std::ops::Range;

use super::{LossOutput, Objective, PreferenceSums, Scored};

/// The sigmoid loss, `-log σ(β·Δ)` with
/// `Δ = (log π(chosen) - log ref(chosen)) - (log π(rejected) - log ref(rejected))`, sums over
/// completion tokens, as TRL 1.16 has it; the mean over the pairs of a step.
///
/// Sequences alternate: chosen, rejected.
#[derive(Clone, Copy, Debug)]
pub struct DpoSigmoid {
    /// How strongly the model is held to its reference.
    pub beta: f64,
}

/// `log(1 + eˣ)` without overflow.
fn softplus(x: f64) -> f64 {
    x.max(0.0) + (-x.abs()).exp().ln_1p()
}

fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

impl DpoSigmoid {
    /// The loss of one Δ and its derivative.
    fn of(self, delta: f64) -> (f64, f64) {
        let x = -self.beta * delta;
        (softplus(x), -self.beta * sigmoid(x))
    }
}

impl Objective for DpoSigmoid {
    fn units(&self, labels: &[usize]) -> usize {
        labels.len() / 2
    }

    fn needs_reference(&self) -> bool {
        true
    }

    fn evaluate(&self, scored: &Scored<'_>, units: usize) -> LossOutput {
        let units = units.max(1) as f64;
        let sum = |span: &Range<usize>| -> f64 {
            scored.logps[span.clone()]
                .iter()
                .map(|logp| f64::from(*logp))
                .sum()
        };
        let mut output = LossOutput {
            by_logp: vec![0.0; scored.logps.len()],
            ..Default::default()
        };
        let mut sums = PreferenceSums::default();
        for (spans, reference) in scored
            .spans
            .chunks_exact(2)
            .zip(scored.reference.chunks_exact(2))
        {
            let logps = [sum(&spans[0]), sum(&spans[1])];
            let rewards = [logps[0] - reference[0], logps[1] - reference[1]];
            let (loss, slope) = self.of(rewards[0] - rewards[1]);
            output.loss += loss / units;
            output.by_logp[spans[0].clone()].fill((slope / units) as f32);
            output.by_logp[spans[1].clone()].fill((-slope / units) as f32);
            sums.add(rewards.map(|reward| self.beta * reward), logps);
        }
        output.preference = Some(sums);
        output
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOGPS: [f32; 7] = [-1.0, -0.25, -3.0, -2.0, -0.5, -1.5, -4.0];
    const REFERENCE: [f64; 4] = [-1.5, -4.75, -0.5, -7.0];

    fn spans() -> Vec<Range<usize>> {
        vec![0..2, 2..4, 4..5, 5..7]
    }

    #[test]
    fn loss_and_gradient_agree_with_the_closed_form() {
        let (objective, spans) = (DpoSigmoid { beta: 0.3 }, spans());
        let scored = Scored {
            logps: &LOGPS,
            spans: &spans,
            reference: &REFERENCE,
        };
        let output = objective.evaluate(&scored, 2);
        // Pair 1: Δ = (-1.25 + 1.5) - (-5 + 4.75) = 0.5; pair 2: (-0.5 + 0.5) - (-5.5 + 7) = -1.5.
        let log_sigmoid = |x: f64| -(1.0 + (-x).exp()).ln();
        let expected = -(log_sigmoid(0.15) + log_sigmoid(-0.45)) / 2.0;
        assert!((output.loss - expected).abs() < 1e-12);
        let slopes = [0.15f64, -0.45].map(|x| -0.3 / (1.0 + x.exp()) / 2.0);
        for (span, slope) in spans
            .iter()
            .zip([slopes[0], -slopes[0], slopes[1], -slopes[1]])
        {
            for by_logp in &output.by_logp[span.clone()] {
                assert!((f64::from(*by_logp) - slope).abs() < 1e-8);
            }
        }
        let metrics = output.preference.unwrap().metrics();
        assert!((metrics.rewards_chosen - 0.3 * 0.125).abs() < 1e-12);
        assert!((metrics.rewards_accuracies - 0.5).abs() < 1e-12);
        assert!((metrics.rewards_margins - 0.3 * -0.5).abs() < 1e-12);
        assert!((metrics.logps_rejected - -5.25).abs() < 1e-12);
    }

    #[test]
    fn the_derivative_is_that_of_the_loss_even_far_out() {
        let objective = DpoSigmoid { beta: 0.1 };
        for delta in [-2000.0, -35.0, -1.0, 0.0, 0.4, 80.0, 2000.0] {
            let h = 1e-4;
            let slope = (objective.of(delta + h).0 - objective.of(delta - h).0) / (2.0 * h);
            assert!((objective.of(delta).1 - slope).abs() < 1e-8, "at {delta}");
            assert!(objective.of(delta).0.is_finite());
        }
    }
}
