//! Which rows of a version are held back for validation.
//!
//! Prompts lie on a ring of 2^63 keys by their hash. The rows that are held back are those of an arc
//! that begins where the seed says and is as long as needed. So rows with the same prompt stay on
//! the same side, and a row that is held back in one version is, with the same seed, nearly always
//! held back in the next one: what was validated on is not trained on later.

use sha2::{Digest, Sha256};
use shared::dataset::Split;

/// The arc of the ring that is held back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arc {
    /// The key at which it begins.
    pub start: i64,
    /// How far it reaches.
    pub length: i64,
}

impl Arc {
    /// The side of a row whose prompt has this key.
    #[must_use]
    pub const fn side(self, prompt_key: i64) -> Split {
        if distance(self.start, prompt_key) < self.length {
            Split::Validation
        } else {
            Split::Train
        }
    }

    /// The arc that holds back as near to a share of the rows as their prompts allow.
    ///
    /// None if a share is wanted and every row has the same prompt.
    #[must_use]
    pub fn find(prompt_keys: &[i64], share: f64, seed: u32) -> Option<Self> {
        let start = start_of(seed);
        let wanted = wanted_rows(prompt_keys.len(), share);
        if wanted == 0 {
            return Some(Self { start, length: 0 });
        }
        let mut distances: Vec<i64> = prompt_keys
            .iter()
            .map(|key| distance(start, *key))
            .collect();
        distances.sort_unstable();
        // The arc may end only where a prompt begins that is not the one before.
        let mut ends = (1..distances.len()).filter(|at| distances[at - 1] < distances[*at]);
        let end = ends.by_ref().min_by_key(|at| at.abs_diff(wanted))?;
        Some(Self {
            start,
            length: distances[end],
        })
    }
}

/// How far it is from a key to another one, around the ring.
const fn distance(from: i64, to: i64) -> i64 {
    to.wrapping_sub(from) & i64::MAX
}

fn start_of(seed: u32) -> i64 {
    let mut first = [0; 8];
    first.copy_from_slice(&Sha256::digest(seed.to_be_bytes())[..8]);
    i64::from_be_bytes(first) & i64::MAX
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a share of a length is between zero and the length"
)]
fn wanted_rows(rows: usize, share: f64) -> usize {
    (rows as f64 * share.clamp(0.0, 1.0)).round() as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(count: u32) -> Vec<i64> {
        (0..count).map(|n| start_of(n + 1_000)).collect()
    }

    fn held_back(keys: &[i64], arc: Arc) -> Vec<i64> {
        let held = |key: &&i64| arc.side(**key) == Split::Validation;
        keys.iter().filter(held).copied().collect()
    }

    #[test]
    fn distinct_prompts_are_split_to_the_row() {
        let keys = keys(1003);
        for (share, expected) in [(0.0, 0), (0.1, 100), (0.25, 251), (0.5, 502)] {
            for seed in 0..20 {
                let arc = Arc::find(&keys, share, seed).unwrap();
                assert_eq!(held_back(&keys, arc).len(), expected);
            }
        }
        let of_seed = |seed| held_back(&keys, Arc::find(&keys, 0.1, seed).unwrap());
        assert_ne!(of_seed(1), of_seed(2));
        assert_eq!(of_seed(1), of_seed(1));
    }

    #[test]
    fn rows_of_one_prompt_stay_together() {
        let keys: Vec<i64> = keys(10).into_iter().flat_map(|key| [key; 7]).collect();
        let arc = Arc::find(&keys, 0.12, 3).unwrap();
        assert_eq!(held_back(&keys, arc).len(), 7);
        assert_eq!(Arc::find(&[5; 9], 0.3, 1), None);
    }

    #[test]
    fn more_rows_hardly_move_the_ones_that_are_held_back() {
        let before = keys(1000);
        let after = keys(1100);
        let first = held_back(&before, Arc::find(&before, 0.1, 7).unwrap());
        let arc = Arc::find(&after, 0.1, 7).unwrap();
        let kept = first
            .iter()
            .filter(|key| arc.side(**key) == Split::Validation)
            .count();
        assert!(kept > 80, "{kept} of 100 are still held back");
    }
}
