//! The gated unit of the MLP (Shazeer 2020), forward and backward.

use candle_core::{CpuStorage, InplaceOp2, InplaceOp3, Layout, Result, Tensor, bail};

use super::{cpu, simd};
use simd::vectorized;

/// `dst = a·σ(a) ∘ b` where each row of `gate_up` is `a | b`.
///
/// `dst` is `[T, F]`, `gate_up` is `[T, 2F]`.
pub fn swiglu(dst: &Tensor, gate_up: &Tensor) -> Result<()> {
    check(dst, gate_up)?;
    dst.inplace_op2(gate_up, &Swiglu)
}

/// The gradient of [`swiglu`] by its input, from `dh`, the gradient by its result:
/// `da = dh·b·σ(a)·(1 + a(1 - σ(a)))`, `db = dh·a·σ(a)`.
///
/// `dst` and `gate_up` are `[T, 2F]`, `dh` is `[T, F]`.
pub fn swiglu_backward(dst: &Tensor, dh: &Tensor, gate_up: &Tensor) -> Result<()> {
    check(dh, gate_up)?;
    cpu::expect_shape(dst, gate_up.dims(), "the gradient of gate and up")?;
    dst.inplace_op3(dh, gate_up, &SwigluBackward)
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

struct Swiglu;

impl InplaceOp2 for Swiglu {
    fn name(&self) -> &'static str {
        "trainer-swiglu"
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
            swiglu_row(dst, a, b);
        });
        Ok(())
    }
}

struct SwigluBackward;

impl InplaceOp3 for SwigluBackward {
    fn name(&self) -> &'static str {
        "trainer-swiglu-backward"
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
            swiglu_row_backward(dst, &dh[row * width..(row + 1) * width], a, b);
        });
        Ok(())
    }
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
