//! How the learning rate moves, as in transformers 5.23.

use shared::training::{LearningRateSchedule, ScheduleConfig};

/// The learning rate by step, as a factor of the highest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Schedule {
    kind: LearningRateSchedule,
    warmup: usize,
    total: usize,
}

impl Schedule {
    /// A schedule over `total` optimizer steps.
    pub fn new(config: &ScheduleConfig, total: usize) -> Self {
        let by_ratio = (total as f64 * config.warmup_ratio.clamp(0.0, 1.0)).ceil();
        #[expect(clippy::cast_sign_loss, reason = "a share of a count is not negative")]
        let warmup = config.warmup_steps.unwrap_or(by_ratio as usize);
        Self {
            kind: config.kind,
            warmup,
            total,
        }
    }

    /// The factor of the step after `done` steps. With a warm-up the first step's is zero.
    pub fn factor(&self, done: usize) -> f64 {
        if done < self.warmup {
            return done as f64 / self.warmup.max(1) as f64;
        }
        let after = self.total.saturating_sub(self.warmup).max(1) as f64;
        match self.kind {
            LearningRateSchedule::Constant => 1.0,
            LearningRateSchedule::Linear => self.total.saturating_sub(done) as f64 / after,
            LearningRateSchedule::Cosine => {
                let progress = (done - self.warmup) as f64 / after;
                (0.5 * (1.0 + (std::f64::consts::PI * progress).cos())).max(0.0)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn schedule(kind: LearningRateSchedule) -> Schedule {
        let config = ScheduleConfig {
            kind,
            warmup_ratio: 0.15,
            warmup_steps: None,
        };
        Schedule::new(&config, 10)
    }

    #[test]
    fn warmup_is_rounded_up_and_begins_at_zero() {
        for kind in LearningRateSchedule::ALL {
            let factors: Vec<f64> = (0..3).map(|done| schedule(*kind).factor(done)).collect();
            assert_eq!(factors, [0.0, 0.5, 1.0], "{kind}");
        }
    }

    #[test]
    fn factors_are_those_of_transformers() {
        let linear = schedule(LearningRateSchedule::Linear);
        assert!((linear.factor(7) - 3.0 / 8.0).abs() < 1e-15);
        assert!(linear.factor(10).abs() < 1e-15);
        let cosine = schedule(LearningRateSchedule::Cosine);
        assert!((cosine.factor(6) - 0.5).abs() < 1e-15);
        assert!((cosine.factor(9) - 0.038_060_233_744_356_63).abs() < 1e-15);
        assert!((schedule(LearningRateSchedule::Constant).factor(9) - 1.0).abs() < 1e-15);
    }

    #[test]
    fn steps_win_over_the_ratio() {
        let config = ScheduleConfig {
            warmup_steps: Some(0),
            ..ScheduleConfig::default()
        };
        assert!((Schedule::new(&config, 10).factor(0) - 1.0).abs() < 1e-15);
    }
}
