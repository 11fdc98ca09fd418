//! Products of tensors, as they are asked for.

use candle_core::{DType, Result, Tensor, bail};

use super::few_rows::{FEW, FewRows};
use super::kernel::{Full, Kernel};
use super::{Gemm, blocks};

/// `dst += scale · lhs · rhs`, for `[m, n]`, `[m, k]` and `[k, n]` with any strides.
pub fn gemm_add(dst: &Tensor, lhs: &Tensor, rhs: &Tensor, scale: f32) -> Result<()> {
    Products::default().gemm_add(dst, lhs, rhs, scale)
}

/// `dst = x · weightᵀ`, for `[T, out]`, `[T, in]` and `[out, in]`; the weight may be in bfloat16.
pub fn linear(dst: &Tensor, x: &Tensor, weight: &Tensor) -> Result<()> {
    Products::default().linear(dst, x, weight)
}

/// How numbers of 32 bits are multiplied; the functions of the same names do it with all bits.
#[derive(Clone, Copy, Debug, Default)]
pub struct Products {
    /// Whether a GPU may take eleven bits of each (TF32), as its tensor cores do. The processor
    /// takes all.
    pub rounded: bool,
}

impl Products {
    /// `dst = lhs · rhs`, for `[m, n]`, `[m, k]` and `[k, n]` with any strides.
    pub fn gemm(self, dst: &Tensor, lhs: &Tensor, rhs: &Tensor) -> Result<()> {
        self.gemm_scaled(dst, lhs, rhs, 1.0)
    }

    /// See [`gemm_add()`].
    pub fn gemm_add(self, dst: &Tensor, lhs: &Tensor, rhs: &Tensor, scale: f32) -> Result<()> {
        self.run(dst, lhs, rhs, scale, true)
    }

    /// `dst = scale · lhs · rhs`, for `[m, n]`, `[m, k]` and `[k, n]` with any strides.
    pub fn gemm_scaled(self, dst: &Tensor, lhs: &Tensor, rhs: &Tensor, scale: f32) -> Result<()> {
        self.run(dst, lhs, rhs, scale, false)
    }

    /// See [`linear()`].
    pub fn linear(self, dst: &Tensor, x: &Tensor, weight: &Tensor) -> Result<()> {
        let few = (1..=FEW).contains(&x.dims2()?.0) && x.is_contiguous() && weight.is_contiguous();
        if few && dst.stride().last() == Some(&1) && dst.device().is_cpu() {
            return dst.inplace_op3(x, weight, &FewRows);
        }
        let terms = x.dims2()?.1;
        if weight.dims2()?.1 != terms {
            bail!("rows of {terms} do not fit weights of {:?}", weight.dims());
        }
        let (rows, outputs) = (x.dims2()?.0, weight.dims2()?.0);
        let is_blocked = Full::is_there() && blocks(rows, terms, outputs);
        if is_blocked || weight.dtype() != DType::F32 || !dst.device().is_cpu() {
            return self.gemm(dst, x, &weight.t()?);
        }
        for first in (0..terms).step_by(TERMS) {
            let width = TERMS.min(terms - first);
            let x = x.narrow(1, first, width)?;
            let weight = weight.narrow(1, first, width)?.t()?;
            if first == 0 {
                self.gemm(dst, &x, &weight)?;
            } else {
                self.gemm_add(dst, &x, &weight, 1.0)?;
            }
        }
        Ok(())
    }

    fn run(
        self,
        dst: &Tensor,
        lhs: &Tensor,
        rhs: &Tensor,
        scale: f32,
        accumulate: bool,
    ) -> Result<()> {
        let gemm = Gemm {
            accumulate,
            scale,
            rounded: self.rounded,
        };
        dst.inplace_op3(lhs, rhs, &gemm)
    }
}

/// Products that [`linear()`] adds up before they join the sum of the others, where the `gemm` crate
/// makes them.
///
/// The rounding error of a sum grows with the number of its terms. In parts of this size the logits
/// of SmolLM2-135M are off by 1.0e-5 (root of the mean square, against 64 bits) instead of 1.8e-5;
/// torch's are off by 1.4e-5. Backward passes do without: gradients are far from that limit.
pub(super) const TERMS: usize = 64;
