//! Sums of what preference methods and drawn answers report, over micro-batches.

use shared::training::PreferenceMetrics;

/// Sums over responses and pairs; [`PreferenceSums::metrics`] are their means.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct PreferenceSums {
    /// Of chosen and rejected responses.
    sides: [SideSums; 2],
    /// Pairs, and those of them whose chosen response has the higher reward.
    pairs: [usize; 2],
    /// The distance from the reference: what each response was judged with, or that of each token.
    kl: Sum,
}

#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct SideSums {
    reward: Sum,
    logp: Sum,
}

/// A sum of so many values.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Sum {
    count: usize,
    sum: f64,
}

impl Sum {
    fn add(&mut self, value: f64) {
        self.count += 1;
        self.sum += value;
    }

    fn merge(&mut self, other: &Self) {
        self.count += other.count;
        self.sum += other.sum;
    }

    fn mean(&self) -> Option<f64> {
        (self.count > 0).then(|| self.sum / self.count as f64)
    }
}

impl PreferenceSums {
    /// Counts one pair: rewards and, where there are such, log-probabilities of chosen and rejected.
    pub fn add(&mut self, rewards: [f64; 2], logps: Option<[f64; 2]>) {
        for (side, reward) in self.sides.iter_mut().zip(rewards) {
            side.reward.add(reward);
        }
        for (side, logp) in self.sides.iter_mut().zip(logps.into_iter().flatten()) {
            side.logp.add(logp);
        }
        self.pairs[0] += 1;
        self.pairs[1] += usize::from(rewards[0] > rewards[1]);
    }

    /// Counts one response that is no part of a pair, judged with an estimate of the distance from
    /// the reference.
    pub fn add_labelled(&mut self, desirable: bool, reward: f64, logp: f64, kl: f64) {
        let side = &mut self.sides[usize::from(!desirable)];
        side.reward.add(reward);
        side.logp.add(logp);
        self.kl.add(kl);
    }

    /// Counts the distance from the reference at one token of a drawn answer.
    pub fn add_distance(&mut self, distance: f64) {
        self.kl.add(distance);
    }

    /// Adds another micro-batch.
    pub fn merge(&mut self, other: &Self) {
        for (side, other) in self.sides.iter_mut().zip(&other.sides) {
            side.reward.merge(&other.reward);
            side.logp.merge(&other.logp);
        }
        for (mine, other) in self.pairs.iter_mut().zip(other.pairs) {
            *mine += other;
        }
        self.kl.merge(&other.kl);
    }

    /// The means; absent where there is nothing to take one of.
    pub fn metrics(&self) -> PreferenceMetrics {
        let [chosen, rejected] = &self.sides;
        let rewards = (chosen.reward.mean(), rejected.reward.mean());
        let [pairs, won] = self.pairs;
        PreferenceMetrics {
            rewards_chosen: rewards.0,
            rewards_rejected: rewards.1,
            rewards_accuracies: (pairs > 0).then(|| won as f64 / pairs as f64),
            rewards_margins: rewards.0.zip(rewards.1).map(|(one, other)| one - other),
            logps_chosen: chosen.logp.mean(),
            logps_rejected: rejected.logp.mean(),
            kl: self.kl.mean(),
        }
    }
}

/// Drawn tokens, and how many of them were clipped.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ClippedSums {
    tokens: usize,
    /// Because they had become too unlikely, and too likely.
    sides: [usize; 2],
}

impl ClippedSums {
    /// Counts a token, which was clipped at one side or none.
    pub fn add(&mut self, sides: [bool; 2]) {
        self.tokens += 1;
        for (count, is_clipped) in self.sides.iter_mut().zip(sides) {
            *count += usize::from(is_clipped);
        }
    }

    /// Adds another micro-batch.
    pub fn merge(&mut self, other: Self) {
        self.tokens += other.tokens;
        for (count, other) in self.sides.iter_mut().zip(other.sides) {
            *count += other;
        }
    }

    /// The shares of tokens that were clipped as too unlikely and as too likely; none of no tokens.
    pub fn shares(&self) -> Option<[f64; 2]> {
        let share = |count: usize| count as f64 / self.tokens as f64;
        (self.tokens > 0).then(|| self.sides.map(share))
    }
}
