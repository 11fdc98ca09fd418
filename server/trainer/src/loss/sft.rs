//! The negative log-likelihood of completions.

use super::{LossOutput, Objective, Scored};

/// `Σ -logp / labels`, where labels are counted over the whole optimizer step, as in
/// transformers since version 5: every token weighs the same, whatever micro-batch it is in.
#[derive(Clone, Copy, Debug)]
pub struct NegativeLogLikelihood;

impl Objective for NegativeLogLikelihood {
    fn units(&self, labels: &[usize]) -> usize {
        labels.iter().sum()
    }

    fn needs_reference(&self) -> bool {
        false
    }

    fn evaluate(&self, scored: &Scored<'_>, units: usize) -> LossOutput {
        let units = units.max(1) as f64;
        let sum: f64 = scored.logps.iter().map(|logp| f64::from(*logp)).sum();
        LossOutput {
            loss: -sum / units,
            by_logp: vec![-1.0 / units; scored.logps.len()],
            ..LossOutput::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn micro_batches_add_up_to_the_mean_over_the_step() {
        let logps = [-1.0, -2.0, -0.5, -4.0];
        let part = |logps: &[f32]| {
            let span = 0..logps.len();
            let scored = Scored {
                logps,
                spans: std::slice::from_ref(&span),
                ..Scored::default()
            };
            NegativeLogLikelihood.evaluate(&scored, 4)
        };
        let (first, second) = (part(&logps[..1]), part(&logps[1..]));
        assert!((first.loss + second.loss - 7.5 / 4.0).abs() < 1e-12);
        assert_eq!(second.by_logp, [-0.25; 3]);
        assert_eq!(NegativeLogLikelihood.units(&[1, 3]), 4);
    }
}
