//! From logits to a token: temperature, then the top k, then the nucleus, as transformers does.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::Sampling;

/// Chooses the tokens of one answer.
#[derive(Clone, Debug)]
pub struct Sampler {
    sampling: Sampling,
    random: ChaCha8Rng,
}

impl Sampler {
    /// A sampler at the beginning of an answer.
    pub fn new(sampling: Sampling) -> Self {
        Self {
            sampling,
            random: ChaCha8Rng::seed_from_u64(sampling.seed),
        }
    }

    /// The next token, given the logits `[V]` that follow the last one. Logits that are not a
    /// number are never chosen.
    pub fn next(&mut self, logits: &[f32]) -> u32 {
        if self.sampling.temperature <= 0.0 {
            return most_probable(logits);
        }
        let candidates = self.sampling.candidates(logits);
        let total: f64 = candidates.iter().map(|(_, weight)| weight).sum();
        let mut left = self.random.random::<f64>() * total;
        for &(token, weight) in &candidates {
            left -= weight;
            if left < 0.0 {
                return token;
            }
        }
        // Rounding can leave a last crumb.
        candidates
            .last()
            .map_or_else(|| most_probable(logits), |(token, _)| *token)
    }
}

impl Sampling {
    /// The tokens that may be drawn, with weights that need not sum to one.
    fn candidates(&self, logits: &[f32]) -> Vec<(u32, f64)> {
        let largest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let mut weights: Vec<(u32, f64)> = logits
            .iter()
            .enumerate()
            .filter(|(_, logit)| !logit.is_nan())
            .map(|(token, &logit)| {
                let scaled = f64::from(logit - largest) / self.temperature;
                (token as u32, scaled.exp())
            })
            .collect();
        self.keep_top_k(&mut weights);
        self.keep_nucleus(&mut weights);
        weights
    }

    fn keep_top_k(&self, weights: &mut Vec<(u32, f64)>) {
        if self.top_k > 0 && self.top_k < weights.len() {
            weights.select_nth_unstable_by(self.top_k - 1, by_weight);
            weights.truncate(self.top_k);
            weights.sort_unstable_by_key(|(token, _)| *token);
        }
    }

    fn keep_nucleus(&self, weights: &mut Vec<(u32, f64)>) {
        if self.top_p >= 1.0 || weights.is_empty() {
            return;
        }
        let total: f64 = weights.iter().map(|(_, weight)| weight).sum();
        // What is below this has less than 1 - top_p together, so the nucleus lies above; sorting
        // the few that are left instead of all saves most of the time.
        let floor = total * (1.0 - self.top_p) / weights.len() as f64;
        weights.retain(|(_, weight)| *weight >= floor);
        weights.sort_unstable_by(by_weight);
        let mut sum = 0.0;
        let kept = weights.iter().take_while(|(_, weight)| {
            let before = sum;
            sum += weight;
            before < self.top_p * total
        });
        let kept = kept.count().max(1);
        weights.truncate(kept);
    }
}

/// Falling weight; equal weights by rising token, so that the order is always the same.
fn by_weight(one: &(u32, f64), other: &(u32, f64)) -> std::cmp::Ordering {
    other.1.total_cmp(&one.1).then(one.0.cmp(&other.0))
}

/// The token with the largest logit, the first of equal ones.
fn most_probable(logits: &[f32]) -> u32 {
    let mut best = (0, f32::NEG_INFINITY);
    for (token, &logit) in logits.iter().enumerate() {
        if logit > best.1 {
            best = (token as u32, logit);
        }
    }
    best.0
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Probabilities 0.5, 0.25, 0.125, 0.125.
    fn logits() -> Vec<f32> {
        [0.125_f32, 0.5, 0.125, 0.25].map(f32::ln).to_vec()
    }

    fn shares(sampling: Sampling) -> [f64; 4] {
        let mut sampler = Sampler::new(sampling);
        let mut counts = [0.0; 4];
        for _ in 0..20_000 {
            counts[sampler.next(&logits()) as usize] += 1.0 / 20_000.0;
        }
        counts
    }

    fn close(found: [f64; 4], expected: [f64; 4]) {
        for (found, expected) in found.iter().zip(expected) {
            assert!((found - expected).abs() < 0.015, "{found} {expected}");
        }
    }

    fn warm() -> Sampling {
        Sampling {
            temperature: 1.0,
            ..Sampling::default()
        }
    }

    #[test]
    fn temperature_zero_takes_the_first_of_the_largest() {
        assert_eq!(Sampler::new(Sampling::default()).next(&logits()), 1);
        let mut sampler = Sampler::new(Sampling::default());
        assert_eq!(sampler.next(&[f32::NAN, 1.0, 1.0]), 1);
    }

    #[test]
    fn temperature_one_draws_by_probability_and_others_sharpen() {
        close(shares(warm()), [0.125, 0.5, 0.125, 0.25]);
        let half = Sampling {
            temperature: 0.5,
            ..warm()
        };
        let total = 0.25 + 0.0625 + 2.0 * 0.015_625;
        close(
            shares(half),
            [0.015_625, 0.25, 0.015_625, 0.0625].map(|square| square / total),
        );
    }

    #[test]
    fn top_k_and_the_nucleus_cut_the_tail() {
        let two = Sampling { top_k: 2, ..warm() };
        close(shares(two), [0.0, 2.0 / 3.0, 0.0, 1.0 / 3.0]);
        let nucleus = Sampling {
            top_p: 0.7,
            ..warm()
        };
        close(shares(nucleus), [0.0, 2.0 / 3.0, 0.0, 1.0 / 3.0]);
        let one = Sampling {
            top_p: 0.0,
            ..warm()
        };
        close(shares(one), [0.0, 1.0, 0.0, 0.0]);
    }

    #[test]
    fn equal_seeds_draw_equally() {
        let draw = |seed| {
            let mut sampler = Sampler::new(Sampling { seed, ..warm() });
            (0..20).map(|_| sampler.next(&logits())).collect::<Vec<_>>()
        };
        assert_eq!(draw(3), draw(3));
        assert_ne!(draw(3), draw(4));
    }
}
