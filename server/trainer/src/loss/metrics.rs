//! Sums of what preference methods report, over micro-batches.

use shared::training::PreferenceMetrics;

/// Sums over pairs; [`PreferenceSums::metrics`] are their means.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct PreferenceSums {
    pairs: usize,
    sums: PreferenceMetrics,
}

impl PreferenceSums {
    /// Counts one pair: rewards and log-probabilities of chosen and rejected.
    pub fn add(&mut self, rewards: [f64; 2], logps: [f64; 2]) {
        self.pairs += 1;
        self.sums.rewards_chosen += rewards[0];
        self.sums.rewards_rejected += rewards[1];
        self.sums.rewards_accuracies += f64::from(rewards[0] > rewards[1]);
        self.sums.rewards_margins += rewards[0] - rewards[1];
        self.sums.logps_chosen += logps[0];
        self.sums.logps_rejected += logps[1];
    }

    /// Adds another micro-batch.
    pub fn merge(&mut self, other: &Self) {
        self.pairs += other.pairs;
        let other = other.sums;
        self.sums = self.map(|mine, field| mine + field(&other));
    }

    /// The means.
    pub fn metrics(&self) -> PreferenceMetrics {
        let pairs = self.pairs.max(1) as f64;
        self.map(|sum, _| sum / pairs)
    }

    fn map(&self, each: impl Fn(f64, fn(&PreferenceMetrics) -> f64) -> f64) -> PreferenceMetrics {
        let sums = &self.sums;
        PreferenceMetrics {
            rewards_chosen: each(sums.rewards_chosen, |m| m.rewards_chosen),
            rewards_rejected: each(sums.rewards_rejected, |m| m.rewards_rejected),
            rewards_accuracies: each(sums.rewards_accuracies, |m| m.rewards_accuracies),
            rewards_margins: each(sums.rewards_margins, |m| m.rewards_margins),
            logps_chosen: each(sums.logps_chosen, |m| m.logps_chosen),
            logps_rejected: each(sums.logps_rejected, |m| m.logps_rejected),
        }
    }
}
