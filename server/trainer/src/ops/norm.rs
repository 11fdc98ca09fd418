//! RMSNorm (Zhang and Sennrich 2019), forward and backward.

use candle_core::{CpuStorage, InplaceOp3, Layout, Result, Tensor};

use super::on_cuda::on_cuda;
use super::{cpu, simd};
use simd::vectorized;

/// `dst = x · r ∘ weight` with `r = 1/√(mean(x²) + eps)` for each row.
///
/// `dst` and `x` are `[T, D]`, `weight` is `[D]`.
pub fn rms_norm(dst: &Tensor, x: &Tensor, weight: &Tensor, eps: f64) -> Result<()> {
    cpu::expect_shape(dst, x.dims(), "the result of a norm")?;
    dst.inplace_op3(x, weight, &RmsNorm { eps: eps as f32 })
}

/// `dx += r·(w∘g) - x·r³/D·Σ(w∘g∘x)`: the gradient of [`rms_norm`] by its input, from `g`, the
/// gradient by its result. The one by the weight is in `weight_gradients`.
///
/// `dx`, `g` and `x` are `[T, D]`, `weight` is `[D]`.
pub fn rms_norm_backward_add(
    dx: &Tensor,
    g: &Tensor,
    x: &Tensor,
    weight: &Tensor,
    eps: f64,
) -> Result<()> {
    cpu::expect_shape(g, x.dims(), "the gradient of a norm")?;
    cpu::expect_shape(dx, x.dims(), "the gradient of a norm's input")?;
    dx.inplace_op3(
        g,
        x,
        &RmsNormBackward {
            weight,
            eps: eps as f32,
        },
    )
}

pub(super) struct RmsNorm {
    pub(super) eps: f32,
}

impl InplaceOp3 for RmsNorm {
    fn name(&self) -> &'static str {
        "trainer-rms-norm"
    }

    fn cpu_fwd(
        &self,
        dst: &mut CpuStorage,
        dst_layout: &Layout,
        x: &CpuStorage,
        x_layout: &Layout,
        weight: &CpuStorage,
        weight_layout: &Layout,
    ) -> Result<()> {
        let x = cpu::source(x, x_layout)?;
        let weight = cpu::source(weight, weight_layout)?;
        let width = weight.len();
        cpu::for_rows(cpu::target(dst, dst_layout)?, width, |row, dst| {
            norm_row(dst, &x[row * width..(row + 1) * width], weight, self.eps);
        });
        Ok(())
    }

    on_cuda!(3, norm::forward);
}

pub(super) struct RmsNormBackward<'a> {
    pub(super) weight: &'a Tensor,
    pub(super) eps: f32,
}

impl InplaceOp3 for RmsNormBackward<'_> {
    fn name(&self) -> &'static str {
        "trainer-rms-norm-backward"
    }

    fn cpu_fwd(
        &self,
        dx: &mut CpuStorage,
        dx_layout: &Layout,
        g: &CpuStorage,
        g_layout: &Layout,
        x: &CpuStorage,
        x_layout: &Layout,
    ) -> Result<()> {
        let g = cpu::source(g, g_layout)?;
        let x = cpu::source(x, x_layout)?;
        let dx = cpu::target(dx, dx_layout)?;
        cpu::with(self.weight, |weight| {
            let width = weight.len();
            cpu::for_rows(dx, width, |row, dx| {
                let span = row * width..(row + 1) * width;
                norm_row_backward(dx, &g[span.clone()], &x[span], weight, self.eps);
            });
            Ok(())
        })
    }

    on_cuda!(3, norm::backward);
}

pub(super) fn inverse_root(x: &[f32], eps: f32) -> f32 {
    1.0 / (simd::dot(x, x) / x.len() as f32 + eps).sqrt()
}

vectorized! {
    pub(super) fn norm_row(dst: &mut [f32], x: &[f32], weight: &[f32], eps: f32) {
        let r = inverse_root(x, eps);
        for ((dst, x), weight) in dst.iter_mut().zip(x).zip(weight) {
            *dst = x * r * weight;
        }
    }
}

vectorized! {
    pub(super) fn norm_row_backward(
        dx: &mut [f32],
        g: &[f32],
        x: &[f32],
        weight: &[f32],
        eps: f32,
    ) {
        let r = inverse_root(x, eps);
        let mut lanes = [0f32; simd::LANES];
        let (g_chunks, g_rest) = g.as_chunks::<{ simd::LANES }>();
        let (x_chunks, x_rest) = x.as_chunks::<{ simd::LANES }>();
        let (w_chunks, w_rest) = weight.as_chunks::<{ simd::LANES }>();
        for ((g, x), w) in g_chunks.iter().zip(x_chunks).zip(w_chunks) {
            for lane in 0..simd::LANES {
                lanes[lane] += g[lane] * x[lane] * w[lane];
            }
        }
        let mut sum = simd::fold(&lanes);
        for ((g, x), w) in g_rest.iter().zip(x_rest).zip(w_rest) {
            sum += g * x * w;
        }
        let along = r * r * r * sum / x.len() as f32;
        for (((dx, g), x), w) in dx.iter_mut().zip(g).zip(x).zip(weight) {
            *dx += r * w * g - x * along;
        }
    }
}
