//! Adapters before any training.

use candle_core::{Device, Tensor};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use shared::training::TargetModule;

use super::decomposed::row_norms;
use super::layout::{Layout, LoraShape};
use super::views::{Adapter, check};
use crate::error::{Result, TrainerError};
use crate::model::{ModelConfig, Weights};
use crate::ops;

impl Adapter {
    /// An adapter that changes nothing yet, as PEFT makes it: A from U(-1/√in, 1/√in), which is
    /// `kaiming_uniform(a = √5)`, B zero, and magnitudes, if it has them, the norms of the weights'
    /// rows. A head that scores is drawn from N(0, 0.02²), transformers' default.
    pub fn new(
        config: &ModelConfig,
        weights: &Weights,
        shape: LoraShape,
        seed: u64,
    ) -> Result<Self> {
        let adapter = Self::drawn(config, shape, seed, weights.embedding.device())?;
        for (groups, layer) in adapter.views.layers.iter().zip(&weights.layers) {
            for part in groups.iter().flatten().flat_map(|group| &group.parts) {
                if let Some(magnitude) = &part.magnitude {
                    row_norms(magnitude, layer.linear(part.target), None)?;
                    refuse_zero(magnitude, part.target)?;
                }
            }
        }
        Ok(adapter)
    }

    /// Random A matrices and a random head that scores; everything else is zero.
    fn drawn(config: &ModelConfig, shape: LoraShape, seed: u64, device: &Device) -> Result<Self> {
        check(&shape)?;
        let layout = Layout::new(config, &shape);
        let mut values = vec![0f32; layout.size];
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        for place in layout.layers.iter().flatten() {
            let bound = 1.0 / (place.input as f32).sqrt();
            for value in &mut values[place.a.clone()] {
                *value = random.random_range(-bound..bound);
            }
        }
        if let Some(place) = &layout.score {
            let head = score_head(place.len(), &mut random);
            values[place.clone()].copy_from_slice(&head);
        }
        Self::from_values(config, shape, values, device)
    }

    /// The same adapter with a fresh head that scores.
    pub fn with_score_head(&self, config: &ModelConfig, seed: u64) -> Result<Self> {
        let shape = LoraShape {
            score_head: true,
            ..self.shape().clone()
        };
        let fresh = Self::drawn(config, shape, seed, self.flat().device())?;
        // The head comes last, so all else lies where it lay.
        let (parameters, own) = (self.parameters(), self.flat().reshape((1, ()))?);
        let place = fresh.flat().reshape((1, ()))?.narrow(1, 0, parameters)?;
        ops::copy_rows(&place, &own)?;
        Ok(fresh)
    }
}

/// The standard deviation of a fresh head that scores.
const SCORE_DEVIATION: f64 = 0.02;

/// The numbers of such a head.
pub(crate) fn score_head(width: usize, random: &mut impl Rng) -> Vec<f32> {
    let numbers = (0..width).map(|_| (normal(random) * SCORE_DEVIATION) as f32);
    numbers.collect()
}

/// A number from the standard normal distribution (Box and Muller 1958).
pub(crate) fn normal(random: &mut impl Rng) -> f64 {
    let radius = (-2.0 * (1.0 - random.random::<f64>()).ln()).sqrt();
    radius * (std::f64::consts::TAU * random.random::<f64>()).cos()
}

/// A row without a length has no direction either.
fn refuse_zero(magnitude: &Tensor, target: TargetModule) -> Result<()> {
    // Alone, so that not all of the adapter comes along from a device.
    let norms = magnitude.force_contiguous()?.to_vec1::<f32>()?;
    match norms.iter().position(|norm| *norm == 0.0) {
        None => Ok(()),
        Some(row) => Err(TrainerError::Config {
            field: "adapter.weight_decomposed",
            reason: format!(
                "the base has only zeros in row {row} of a {target}, which has no direction to \
                 decompose; train a plain adapter, or leave out {target}"
            ),
        }),
    }
}
