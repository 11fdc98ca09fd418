//! The best evaluation so far, and whether to stop early.

use serde::{Deserialize, Serialize};
use shared::training::{EvaluationConfig, EvaluationMetrics};

/// What early stopping remembers.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Progress {
    /// The step of the best evaluation.
    pub(super) best_step: Option<usize>,
    /// Its value, of which more is better: a loss turned round, a reward, or a share of passed checks.
    pub(super) best_value: Option<f64>,
    /// Evaluations since one was better by the configured margin.
    pub(super) without_improvement: usize,
}

impl Progress {
    /// Takes in an evaluation; returns whether it is the best so far. One that measured nothing,
    /// or nothing finite, is never the best.
    ///
    /// As in transformers: any improvement makes a new best, but only one by more than
    /// `min_improvement` restarts the patience.
    pub(super) fn note(&mut self, metrics: &EvaluationMetrics, config: &EvaluationConfig) -> bool {
        let value = if config.by_task_metric {
            metrics
                .all_checks
                .map(|checks| checks.passed as f64 / checks.total.max(1) as f64)
        } else {
            metrics.reward.or(metrics.validation_loss.map(|loss| -loss))
        };
        let Some(value) = value.filter(|value| value.is_finite()) else {
            self.without_improvement += 1;
            return false;
        };
        let gain = self.best_value.map_or(f64::INFINITY, |best| value - best);
        if gain > config.min_improvement.max(0.0) {
            self.without_improvement = 0;
        } else {
            self.without_improvement += 1;
        }
        if gain > 0.0 {
            self.best_value = Some(value);
            self.best_step = Some(metrics.step);
        }
        gain > 0.0
    }

    /// Whether patience is over.
    pub(super) fn exhausted(&self, config: &EvaluationConfig) -> bool {
        config.patience > 0 && self.without_improvement >= config.patience
    }
}

#[cfg(test)]
mod tests {
    use shared::training::TaskMetric;

    use super::*;

    fn loss(step: usize, loss: f64) -> EvaluationMetrics {
        EvaluationMetrics {
            step,
            validation_loss: Some(loss),
            ..EvaluationMetrics::default()
        }
    }

    #[test]
    fn small_gains_are_kept_but_use_up_patience() {
        let config = EvaluationConfig {
            patience: 2,
            min_improvement: 0.1,
            ..EvaluationConfig::default()
        };
        let mut progress = Progress::default();
        assert!(progress.note(&loss(1, 2.0), &config));
        assert!(progress.note(&loss(2, 1.95), &config));
        assert!(!progress.exhausted(&config));
        assert!(!progress.note(&loss(3, 1.96), &config));
        assert!(progress.exhausted(&config));
        assert_eq!(progress.best_step, Some(2));
        assert!(progress.note(&loss(4, 1.5), &config));
        assert!(!progress.exhausted(&config));
    }

    #[test]
    fn a_loss_that_is_not_finite_is_never_the_best() {
        let config = EvaluationConfig::default();
        let mut progress = Progress::default();
        assert!(!progress.note(&loss(1, f64::NAN), &config));
        assert!(progress.note(&loss(2, 3.0), &config));
        assert!(!progress.exhausted(&config), "patience 0 never stops");
    }

    #[test]
    fn the_task_metric_counts_passed_checks() {
        let config = EvaluationConfig {
            by_task_metric: true,
            ..EvaluationConfig::default()
        };
        let mut progress = Progress::default();
        let mut note = |step, passed| {
            let all_checks = Some(TaskMetric { passed, total: 10 });
            progress.note(
                &EvaluationMetrics {
                    all_checks,
                    ..loss(step, 1.0)
                },
                &config,
            )
        };
        assert!(note(1, 5));
        assert!(!note(2, 5));
        assert!(note(3, 6));
    }
}
