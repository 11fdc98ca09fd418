//! The gated linear unit of the MLP (Shazeer 2020), forward and backward.
//!
//! Both functions of the gate are `a·σ(u)`: `SiLU` with `u = a`, and GELU's approximation by tanh with
//! `u = √(8/π)·(a + 0.044715·a³)`, because `(1 + tanh(u/2))/2 = σ(u)`.

use candle_core::{CpuStorage, InplaceOp2, InplaceOp3, Layout, Result, Tensor, bail};

use super::on_cuda::on_cuda;
use super::{cpu, simd};
use crate::model::Activation;
use simd::vectorized;

/// `dst = a·σ(u) ∘ b` where each row of `gate_up` is `a | b`.
///
/// `dst` is `[T, F]`, `gate_up` is `[T, 2F]`.
pub fn glu(dst: &Tensor, gate_up: &Tensor, activation: Activation) -> Result<()> {
    check(dst, gate_up)?;
    dst.inplace_op2(gate_up, &Glu { activation })
}

/// The gradient of [`glu`] by its input, from `dh`, the gradient by its result:
/// `da = dh·b·σ(u)·(1 + a·u'·(1 - σ(u)))`, `db = dh·a·σ(u)`.
///
/// `dst` and `gate_up` are `[T, 2F]`, `dh` is `[T, F]`.
pub fn glu_backward(
    dst: &Tensor,
    dh: &Tensor,
    gate_up: &Tensor,
    activation: Activation,
) -> Result<()> {
    check(dh, gate_up)?;
    cpu::expect_shape(dst, gate_up.dims(), "the gradient of gate and up")?;
    dst.inplace_op3(dh, gate_up, &GluBackward { activation })
}

fn check(half: &Tensor, whole: &Tensor) -> Result<()> {
    let (rows, width) = half.dims2()?;
    if whole.dims2()? != (rows, 2 * width) {
        bail!(
            "gate and up have the shape {:?} instead of [{rows}, {}]",
            whole.dims(),
            2 * width
        );
    }
    Ok(())
}

pub(super) struct Glu {
    pub(super) activation: Activation,
}

impl InplaceOp2 for Glu {
    fn name(&self) -> &'static str {
        "trainer-glu"
    }

    fn cpu_fwd(
        &self,
        dst: &mut CpuStorage,
        dst_layout: &Layout,
        gate_up: &CpuStorage,
        gate_up_layout: &Layout,
    ) -> Result<()> {
        let width = dst_layout.dims()[1];
        let gate_up = cpu::source(gate_up, gate_up_layout)?;
        cpu::for_rows(cpu::target(dst, dst_layout)?, width, |row, dst| {
            let (a, b) = gate_up[2 * row * width..2 * (row + 1) * width].split_at(width);
            match self.activation {
                Activation::Silu => swiglu_row(dst, a, b),
                Activation::GeluTanh => geglu_row(dst, a, b),
            }
        });
        Ok(())
    }

    on_cuda!(2, glu::forward);
}

pub(super) struct GluBackward {
    pub(super) activation: Activation,
}

impl InplaceOp3 for GluBackward {
    fn name(&self) -> &'static str {
        "trainer-glu-backward"
    }

    fn cpu_fwd(
        &self,
        dst: &mut CpuStorage,
        dst_layout: &Layout,
        dh: &CpuStorage,
        dh_layout: &Layout,
        gate_up: &CpuStorage,
        gate_up_layout: &Layout,
    ) -> Result<()> {
        let width = dh_layout.dims()[1];
        let dh = cpu::source(dh, dh_layout)?;
        let gate_up = cpu::source(gate_up, gate_up_layout)?;
        cpu::for_rows(cpu::target(dst, dst_layout)?, 2 * width, |row, dst| {
            let (a, b) = gate_up[2 * row * width..2 * (row + 1) * width].split_at(width);
            let dh = &dh[row * width..(row + 1) * width];
            match self.activation {
                Activation::Silu => swiglu_row_backward(dst, dh, a, b),
                Activation::GeluTanh => geglu_row_backward(dst, dh, a, b),
            }
        });
        Ok(())
    }

    on_cuda!(3, glu::backward);
}

vectorized! {
    pub(super) fn swiglu_row(dst: &mut [f32], a: &[f32], b: &[f32]) {
        for ((dst, &a), &b) in dst.iter_mut().zip(a).zip(b) {
            *dst = a / (1.0 + simd::exp(-a)) * b;
        }
    }
}

vectorized! {
    pub(super) fn swiglu_row_backward(dst: &mut [f32], dh: &[f32], a: &[f32], b: &[f32]) {
        let (da, db) = dst.split_at_mut(dh.len());
        for ((((da, db), &dh), &a), &b) in da.iter_mut().zip(db).zip(dh).zip(a).zip(b) {
            let sigmoid = 1.0 / (1.0 + simd::exp(-a));
            *da = dh * b * sigmoid * (1.0 + a * (1.0 - sigmoid));
            *db = dh * a * sigmoid;
        }
    }
}

/// √(8/π).
const SLOPE: f32 = 1.595_769_2;
const CUBIC: f32 = 0.044_715;

vectorized! {
    pub(super) fn geglu_row(dst: &mut [f32], a: &[f32], b: &[f32]) {
        for ((dst, &a), &b) in dst.iter_mut().zip(a).zip(b) {
            let u = SLOPE * a * (1.0 + CUBIC * a * a);
            *dst = a / (1.0 + simd::exp(-u)) * b;
        }
    }
}

vectorized! {
    pub(super) fn geglu_row_backward(dst: &mut [f32], dh: &[f32], a: &[f32], b: &[f32]) {
        let (da, db) = dst.split_at_mut(dh.len());
        for ((((da, db), &dh), &a), &b) in da.iter_mut().zip(db).zip(dh).zip(a).zip(b) {
            let square = CUBIC * a * a;
            let slope = SLOPE * (1.0 + 3.0 * square);
            let power = simd::exp(-SLOPE * a * (1.0 + square));
            let sigmoid = 1.0 / (1.0 + power);
            // The slope is steep where 1 - σ(u) would lose its digits.
            let rest = power * sigmoid;
            *da = dh * b * sigmoid * (1.0 + a * slope * rest);
            *db = dh * a * sigmoid;
        }
    }
}

#[cfg(test)]
mod tests {
    use candle_core::{DType, Device, Var};
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    use super::*;
    use crate::testing::{activated, uniform};

    /// The largest difference, by the largest number of the second.
    fn error(ours: &Tensor, exact: &Tensor) -> f64 {
        let largest = |tensor: &Tensor| {
            let flat = tensor.flatten_all().unwrap().to_vec1::<f64>().unwrap();
            flat.into_iter()
                .fold(0.0, |one: f64, other| one.max(other.abs()))
        };
        let ours = ours.to_dtype(DType::F64).unwrap();
        largest(&(ours - exact).unwrap()) / largest(exact)
    }

    #[test]
    fn both_functions_agree_with_autograd() {
        let (rows, width, device) = (3, 37, &Device::Cpu);
        let random = &mut ChaCha8Rng::seed_from_u64(1);
        let gate_up = uniform(random, &[rows, 2 * width], 6.0);
        let dh = uniform(random, &[rows, width], 1.0);
        for activation in [Activation::Silu, Activation::GeluTanh] {
            let h = Tensor::zeros((rows, width), DType::F32, device).unwrap();
            glu(&h, &gate_up, activation).unwrap();
            let d = Tensor::zeros((rows, 2 * width), DType::F32, device).unwrap();
            glu_backward(&d, &dh, &gate_up, activation).unwrap();

            let exact = Var::from_tensor(&gate_up.to_dtype(DType::F64).unwrap()).unwrap();
            let (a, b) = (exact.narrow(1, 0, width), exact.narrow(1, width, width));
            let gate = activated(&a.unwrap(), activation);
            let exact_h = (gate.unwrap() * b.unwrap()).unwrap();
            assert!(error(&h, &exact_h) < 1e-6, "{activation:?}");
            let loss = (&exact_h * dh.to_dtype(DType::F64).unwrap()).unwrap();
            let store = loss.sum_all().unwrap().backward().unwrap();
            let exact_d = store.get(&exact).unwrap();
            assert!(error(&d, exact_d) < 1e-6, "{activation:?}");
        }
    }
}
