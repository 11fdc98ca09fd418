//! AdamW with clipping by the global norm.

use candle_core::{DType, Device, Tensor};
use shared::training::OptimizerConfig;

use crate::error::Result;
use crate::ops::{self, AdamStep};

/// The state of AdamW over a flat tensor of parameters.
#[derive(Clone, Debug)]
pub struct AdamW {
    config: OptimizerConfig,
    moments: Tensor,
    steps: u64,
    /// How many parameters decay, if not all do: the first ones.
    decaying: Option<usize>,
}

impl AdamW {
    /// A fresh state for `parameters` numbers.
    pub fn new(config: &OptimizerConfig, parameters: usize, device: &Device) -> Result<Self> {
        let moments = Tensor::zeros((2, parameters), DType::F32, device)?;
        Ok(Self {
            config: config.clone(),
            moments,
            steps: 0,
            decaying: None,
        })
    }

    /// A state that was saved: `moments` is `[2, P]`, and `steps` were made.
    pub fn restore(config: &OptimizerConfig, moments: Tensor, steps: u64) -> Self {
        Self {
            config: config.clone(),
            moments,
            steps,
            decaying: None,
        }
    }

    /// The same where only so many parameters decay, from the first one on.
    #[must_use]
    pub fn with_decaying(self, parameters: usize) -> Self {
        Self {
            decaying: Some(parameters),
            ..self
        }
    }

    /// Means of gradients and of their squares, `[2, P]`.
    pub fn moments(&self) -> &Tensor {
        &self.moments
    }

    /// Steps made.
    pub fn steps(&self) -> u64 {
        self.steps
    }

    /// Moves the parameters `[P]` by one step and returns the norm of the gradients `[P]` before
    /// clipping. If it is not finite, nothing is changed.
    pub fn step(
        &mut self,
        parameters: &Tensor,
        gradients: &Tensor,
        learning_rate: f64,
    ) -> Result<f64> {
        let norm = ops::sum_of_squares(gradients)?.sqrt();
        if !norm.is_finite() {
            return Ok(norm);
        }
        self.steps += 1;
        let step = AdamStep {
            learning_rate,
            beta1: self.config.beta1,
            beta2: self.config.beta2,
            epsilon: self.config.epsilon,
            weight_decay: self.config.weight_decay,
            decaying: self.decaying.unwrap_or(parameters.elem_count()),
            gradient_scale: clip_coefficient(norm, self.config.max_grad_norm),
            step: self.steps,
        };
        ops::adamw_moments(&self.moments, gradients, step)?;
        ops::adamw_update(parameters, &self.moments, step)?;
        Ok(norm)
    }
}

/// What torch's `clip_grad_norm_` multiplies gradients by.
fn clip_coefficient(norm: f64, largest: f64) -> f64 {
    if largest > 0.0 {
        (largest / (norm + 1e-6)).min(1.0)
    } else {
        1.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_follow_the_formula_in_f64() {
        let config = OptimizerConfig {
            weight_decay: 0.1,
            ..OptimizerConfig::default()
        };
        let count = 40_000;
        let start: Vec<f32> = (0..count).map(|at| (at as f32 * 0.37).sin()).collect();
        let parameters = Tensor::new(start.as_slice(), &Device::Cpu).unwrap();
        let mut adamw = AdamW::new(&config, count, &Device::Cpu).unwrap();

        let mut exact: Vec<f64> = start.iter().map(|x| f64::from(*x)).collect();
        let (mut m, mut v) = (vec![0f64; count], vec![0f64; count]);
        for step in 1..=20i32 {
            let gradients: Vec<f32> = (0..count)
                .map(|at| ((at as f32 + step as f32) * 0.11).cos() * 0.02)
                .collect();
            let rate = 1e-3 * f64::from(step) / 20.0;
            let given = Tensor::new(gradients.as_slice(), &Device::Cpu).unwrap();
            let norm = adamw.step(&parameters, &given, rate).unwrap();

            let exact_norm = gradients
                .iter()
                .map(|g| f64::from(*g).powi(2))
                .sum::<f64>()
                .sqrt();
            assert!((norm / exact_norm - 1.0).abs() < 1e-12);
            let clip = (1.0 / (exact_norm + 1e-6)).min(1.0);
            assert!(clip < 1.0);
            for at in 0..count {
                let g = f64::from(gradients[at]) * clip;
                exact[at] *= 1.0 - rate * 0.1;
                m[at] = 0.9 * m[at] + 0.1 * g;
                v[at] = 0.999 * v[at] + 0.001 * g * g;
                let root = (v[at] / (1.0 - 0.999f64.powi(step))).sqrt();
                exact[at] -= rate * m[at] / (1.0 - 0.9f64.powi(step)) / (root + 1e-8);
            }
        }
        let values = parameters.to_vec1::<f32>().unwrap();
        let worst = values
            .iter()
            .zip(&exact)
            .map(|(x, y)| (f64::from(*x) - y).abs());
        assert!(worst.fold(0.0, f64::max) < 1e-6);
    }

    #[test]
    fn only_the_first_parameters_decay_where_it_is_said_so() {
        let config = OptimizerConfig {
            weight_decay: 0.5,
            ..OptimizerConfig::default()
        };
        let count = 40_000;
        let moved = |decaying: Option<usize>, weight_decay| {
            let config = OptimizerConfig {
                weight_decay,
                ..config.clone()
            };
            let parameters = Tensor::ones(count, DType::F32, &Device::Cpu).unwrap();
            let gradients = Tensor::ones(count, DType::F32, &Device::Cpu).unwrap();
            let adamw = AdamW::new(&config, count, &Device::Cpu).unwrap();
            let mut adamw = match decaying {
                Some(first) => adamw.with_decaying(first),
                None => adamw,
            };
            adamw.step(&parameters, &gradients, 0.1).unwrap();
            parameters.to_vec1::<f32>().unwrap()
        };
        let (all, none) = (moved(None, 0.5), moved(None, 0.0));
        assert!(all[0] < none[0]);
        let some = moved(Some(20_001), 0.5);
        assert_eq!(some[..20_001], all[..20_001]);
        assert_eq!(some[20_001..], none[20_001..]);
    }

    #[test]
    fn gradients_that_are_not_finite_change_nothing() {
        let parameters = Tensor::new(&[1f32, 2.0], &Device::Cpu).unwrap();
        let gradients = Tensor::new(&[f32::NAN, 1.0], &Device::Cpu).unwrap();
        let mut adamw = AdamW::new(&OptimizerConfig::default(), 2, &Device::Cpu).unwrap();
        assert!(adamw.step(&parameters, &gradients, 0.1).unwrap().is_nan());
        assert_eq!(parameters.to_vec1::<f32>().unwrap(), [1.0, 2.0]);
        assert_eq!(adamw.steps(), 0);
    }

    #[test]
    fn clipping_is_torchs() {
        assert!((clip_coefficient(4.0, 1.0) - 1.0 / 4.000_001).abs() < 1e-15);
        assert!((clip_coefficient(0.5, 1.0) - 1.0).abs() < 1e-15);
        assert!((clip_coefficient(1e9, 0.0) - 1.0).abs() < 1e-15);
    }
}
