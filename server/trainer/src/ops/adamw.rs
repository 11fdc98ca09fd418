//! The optimizer's update on flat tensors (Loshchilov and Hutter 2019), and the norm of gradients.
//!
//! The order of operations is torch's: decay the weights, then step.

use candle_core::{CpuStorage, CustomOp1, InplaceOp2, Layout, Result, Shape, Tensor, bail};
use rayon::prelude::*;

use super::cpu;
use super::on_cuda::on_cuda;
use super::simd::vectorized;

/// The numbers of one step of AdamW.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AdamStep {
    /// The learning rate.
    pub learning_rate: f64,
    /// The decay of the mean of gradients.
    pub beta1: f64,
    /// The decay of the mean of squared gradients.
    pub beta2: f64,
    /// Added to the root in the denominator.
    pub epsilon: f64,
    /// The decay of the weights.
    pub weight_decay: f64,
    /// How many parameters decay: the first ones.
    pub decaying: usize,
    /// What gradients are multiplied by first: the coefficient of clipping.
    pub gradient_scale: f64,
    /// Which step this is, from 1.
    pub step: u64,
}

/// `m += (1-β1)(g - m)`, `v = β2·v + (1-β2)g²`.
///
/// `moments` is `[2, P]`: m, then v; `gradients` is `[P]`.
pub fn adamw_moments(moments: &Tensor, gradients: &Tensor, step: AdamStep) -> Result<()> {
    cpu::expect_shape(moments, &[2, gradients.elem_count()], "the moments")?;
    moments.inplace_op2(gradients, &Moments { step })
}

/// `p *= 1 - lr·wd` where p decays, `p -= lr/(1-β1ᵗ) · m/(√v/√(1-β2ᵗ) + eps)`.
///
/// `parameters` is `[P]`, `moments` is `[2, P]`.
pub fn adamw_update(parameters: &Tensor, moments: &Tensor, step: AdamStep) -> Result<()> {
    cpu::expect_shape(moments, &[2, parameters.elem_count()], "the moments")?;
    parameters.inplace_op2(moments, &Update { step })
}

/// Σ x², added up in f64.
pub fn sum_of_squares(values: &Tensor) -> Result<f64> {
    values.apply_op1_no_bwd(&SumOfSquares)?.to_scalar()
}

pub(super) struct Moments {
    pub(super) step: AdamStep,
}

impl InplaceOp2 for Moments {
    fn name(&self) -> &'static str {
        "trainer-adamw-moments"
    }

    fn cpu_fwd(
        &self,
        moments: &mut CpuStorage,
        moments_layout: &Layout,
        gradients: &CpuStorage,
        gradients_layout: &Layout,
    ) -> Result<()> {
        let gradients = cpu::source(gradients, gradients_layout)?;
        let (m, v) = cpu::target(moments, moments_layout)?.split_at_mut(gradients.len());
        let scale = self.step.gradient_scale as f32;
        let (weight1, weight2) = (
            (1.0 - self.step.beta1) as f32,
            (1.0 - self.step.beta2) as f32,
        );
        cpu::for_blocks(m, |first, m| {
            moment_block(m, &gradients[first..], scale, weight1);
        });
        let beta2 = self.step.beta2 as f32;
        cpu::for_blocks(v, |first, v| {
            square_block(v, &gradients[first..], [scale, beta2, weight2]);
        });
        Ok(())
    }

    on_cuda!(2, adamw::moments);
}

vectorized! {
    pub(super) fn moment_block(m: &mut [f32], gradients: &[f32], scale: f32, weight: f32) {
        for (m, g) in m.iter_mut().zip(gradients) {
            *m += weight * (g * scale - *m);
        }
    }
}

vectorized! {
    pub(super) fn square_block(v: &mut [f32], gradients: &[f32], factors: [f32; 3]) {
        let [scale, beta, weight] = factors;
        for (v, g) in v.iter_mut().zip(gradients) {
            let g = g * scale;
            *v = *v * beta + weight * (g * g);
        }
    }
}

pub(super) struct Update {
    pub(super) step: AdamStep,
}

impl Update {
    /// What is left of a weight that decays, the size of the step, √(1-β2ᵗ), and eps.
    pub(super) fn factors(&self) -> Result<[f32; 4]> {
        let AdamStep {
            learning_rate,
            beta1,
            beta2,
            epsilon,
            weight_decay,
            step,
            ..
        } = self.step;
        let Ok(step) = i32::try_from(step) else {
            bail!("too many optimizer steps")
        };
        let size = (learning_rate / (1.0 - beta1.powi(step))) as f32;
        let root = (1.0 - beta2.powi(step)).sqrt() as f32;
        let keep = (1.0 - learning_rate * weight_decay) as f32;
        Ok([keep, size, root, epsilon as f32])
    }
}

impl InplaceOp2 for Update {
    fn name(&self) -> &'static str {
        "trainer-adamw-update"
    }

    fn cpu_fwd(
        &self,
        parameters: &mut CpuStorage,
        parameters_layout: &Layout,
        moments: &CpuStorage,
        moments_layout: &Layout,
    ) -> Result<()> {
        let parameters = cpu::target(parameters, parameters_layout)?;
        let (m, v) = cpu::source(moments, moments_layout)?.split_at(parameters.len());
        let [keep, size, root, epsilon] = self.factors()?;
        let decaying = self.step.decaying;
        cpu::for_blocks(parameters, |first, block| {
            let (with, without) =
                block.split_at_mut(block.len().min(decaying.saturating_sub(first)));
            let next = first + with.len();
            let factors = |keep| [keep, size, root, epsilon];
            update_block(with, &m[first..], &v[first..], factors(keep));
            update_block(without, &m[next..], &v[next..], factors(1.0));
        });
        Ok(())
    }

    on_cuda!(2, adamw::update);
}

vectorized! {
    pub(super) fn update_block(p: &mut [f32], m: &[f32], v: &[f32], factors: [f32; 4]) {
        let [keep, size, root, epsilon] = factors;
        for ((p, m), v) in p.iter_mut().zip(m).zip(v) {
            *p = *p * keep - size * (m / (v.sqrt() / root + epsilon));
        }
    }
}

pub(super) struct SumOfSquares;

impl CustomOp1 for SumOfSquares {
    fn name(&self) -> &'static str {
        "trainer-sum-of-squares"
    }

    fn cpu_fwd(&self, storage: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let values = cpu::source(storage, layout)?;
        let parts: Vec<f64> = values
            .par_chunks(1 << 14)
            .map(|chunk| chunk.iter().map(|value| f64::from(*value).powi(2)).sum())
            .collect();
        Ok((CpuStorage::F64(vec![parts.iter().sum()]), Shape::from(())))
    }

    #[cfg(feature = "cuda")]
    fn cuda_fwd(
        &self,
        storage: &candle_core::CudaStorage,
        layout: &Layout,
    ) -> Result<(candle_core::CudaStorage, Shape)> {
        super::cuda::adamw::sum_of_squares(self, (storage, layout))
    }
}
