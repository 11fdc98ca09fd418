//! Matrix products with strides, scale and accumulation.
//!
//! On the CPU the `gemm` crate does the work, on rayon's threads; it splits over rows and columns
//! only, so results do not depend on the number of threads.

use std::ops::Range;

use ::gemm::Parallelism;
use candle_core::{CpuStorage, InplaceOp3, Layout, Result, Tensor, bail};

use super::cpu;
use super::few_rows::{FEW, FewRows};

/// `dst = lhs · rhs`, for `[m, n]`, `[m, k]` and `[k, n]` with any strides.
pub fn gemm(dst: &Tensor, lhs: &Tensor, rhs: &Tensor) -> Result<()> {
    dst.inplace_op3(
        lhs,
        rhs,
        &Gemm {
            accumulate: false,
            scale: 1.0,
        },
    )
}

/// `dst += scale · lhs · rhs`, for `[m, n]`, `[m, k]` and `[k, n]` with any strides.
pub fn gemm_add(dst: &Tensor, lhs: &Tensor, rhs: &Tensor, scale: f32) -> Result<()> {
    dst.inplace_op3(
        lhs,
        rhs,
        &Gemm {
            accumulate: true,
            scale,
        },
    )
}

/// `dst = scale · lhs · rhs`, for `[m, n]`, `[m, k]` and `[k, n]` with any strides.
pub fn gemm_scaled(dst: &Tensor, lhs: &Tensor, rhs: &Tensor, scale: f32) -> Result<()> {
    dst.inplace_op3(
        lhs,
        rhs,
        &Gemm {
            accumulate: false,
            scale,
        },
    )
}

/// Products that [`linear`] adds up before they join the sum of the others.
///
/// The rounding error of a sum grows with the number of its terms. In parts of this size the logits
/// of SmolLM2-135M are off by 1.0e-5 (root of the mean square, against 64 bits) instead of 1.8e-5;
/// torch's are off by 1.4e-5. Backward passes do without: gradients are far from that limit.
const TERMS: usize = 64;

/// `dst = x · weightᵀ`, for `[T, out]`, `[T, in]` and `[out, in]`.
pub fn linear(dst: &Tensor, x: &Tensor, weight: &Tensor) -> Result<()> {
    let few = (1..=FEW).contains(&x.dims2()?.0) && x.is_contiguous() && weight.is_contiguous();
    if few && dst.stride().last() == Some(&1) && dst.device().is_cpu() {
        return dst.inplace_op3(x, weight, &FewRows);
    }
    let terms = x.dims2()?.1;
    if weight.dims2()?.1 != terms {
        bail!("rows of {terms} do not fit weights of {:?}", weight.dims());
    }
    for first in (0..terms).step_by(TERMS) {
        let width = TERMS.min(terms - first);
        let x = x.narrow(1, first, width)?;
        let weight = weight.narrow(1, first, width)?.t()?;
        if first == 0 {
            gemm(dst, &x, &weight)?;
        } else {
            gemm_add(dst, &x, &weight, 1.0)?;
        }
    }
    Ok(())
}

struct Gemm {
    accumulate: bool,
    scale: f32,
}

impl InplaceOp3 for Gemm {
    fn name(&self) -> &'static str {
        "trainer-gemm"
    }

    fn cpu_fwd(
        &self,
        dst: &mut CpuStorage,
        dst_layout: &Layout,
        lhs: &CpuStorage,
        lhs_layout: &Layout,
        rhs: &CpuStorage,
        rhs_layout: &Layout,
    ) -> Result<()> {
        let lhs = View::new(lhs.as_slice()?, lhs_layout)?;
        let rhs = View::new(rhs.as_slice()?, rhs_layout)?;
        let dst = ViewMut::new(cpu::floats_mut(dst)?, dst_layout)?;
        let how = Product {
            accumulate: self.accumulate,
            scale: self.scale,
            threads: true,
        };
        multiply(dst, lhs, rhs, how)
    }
}

/// How to multiply.
#[derive(Clone, Copy)]
pub(super) struct Product {
    /// Whether the product is added to the destination instead of replacing it.
    pub(super) accumulate: bool,
    /// What the product is multiplied by.
    pub(super) scale: f32,
    /// Whether to use all threads.
    pub(super) threads: bool,
}

/// A matrix to read: every element lies within `data`.
#[derive(Clone, Copy)]
pub(super) struct View<'a> {
    data: &'a [f32],
    rows: usize,
    columns: usize,
    row_stride: usize,
    column_stride: usize,
}

impl<'a> View<'a> {
    fn new(data: &'a [f32], layout: &Layout) -> Result<Self> {
        let (rows, columns) = layout.shape().dims2()?;
        let [row_stride, column_stride] = [layout.stride()[0], layout.stride()[1]];
        Self {
            data: &data[layout.start_offset()..],
            rows,
            columns,
            row_stride,
            column_stride,
        }
        .checked()
    }

    /// Rows of `columns` numbers, `row_stride` apart.
    pub(super) fn rows(
        data: &'a [f32],
        rows: usize,
        columns: usize,
        row_stride: usize,
    ) -> Result<Self> {
        Self {
            data,
            rows,
            columns,
            row_stride,
            column_stride: 1,
        }
        .checked()
    }

    /// Rows and columns exchanged.
    pub(super) fn transposed(self) -> Self {
        Self {
            rows: self.columns,
            columns: self.rows,
            row_stride: self.column_stride,
            column_stride: self.row_stride,
            ..self
        }
    }

    fn checked(self) -> Result<Self> {
        let last = last_element(self.rows, self.columns, self.row_stride, self.column_stride);
        if last.is_some_and(|last| last >= self.data.len()) {
            bail!("a matrix reaches beyond its storage");
        }
        Ok(self)
    }
}

/// A matrix to write, which nobody else touches meanwhile.
pub(super) struct ViewMut {
    data: *mut f32,
    rows: usize,
    columns: usize,
    row_stride: usize,
    column_stride: usize,
}

impl ViewMut {
    fn new(data: &mut [f32], layout: &Layout) -> Result<Self> {
        let (rows, columns) = layout.shape().dims2()?;
        let [row_stride, column_stride] = [layout.stride()[0], layout.stride()[1]];
        let last = last_element(rows, columns, row_stride, column_stride);
        let data = &mut data[layout.start_offset()..];
        if last.is_some_and(|last| last >= data.len()) {
            bail!("a matrix reaches beyond its storage");
        }
        Ok(Self {
            data: data.as_mut_ptr(),
            rows,
            columns,
            row_stride,
            column_stride,
        })
    }

    /// Rows of `columns` numbers, `row_stride` apart.
    ///
    /// # Safety
    /// All of them are valid to write, and no other thread touches them while this lives.
    #[expect(unsafe_code, reason = "tasks write disjoint columns of one matrix")]
    pub(super) unsafe fn from_pointer(
        data: *mut f32,
        rows: usize,
        columns: usize,
        row_stride: usize,
    ) -> Self {
        Self {
            data,
            rows,
            columns,
            row_stride,
            column_stride: 1,
        }
    }

    /// Some columns of a matrix `[rows, width]` without gaps, in a slice of its own.
    pub(super) fn columns(
        data: &mut [f32],
        rows: usize,
        width: usize,
        columns: Range<usize>,
    ) -> Result<Self> {
        let fits = data.len() >= rows * width && columns.end <= width;
        let (true, Some(data)) = (fits, data.get_mut(columns.start..)) else {
            bail!("a matrix reaches beyond its storage");
        };
        Ok(Self {
            data: data.as_mut_ptr(),
            rows,
            columns: columns.len(),
            row_stride: width,
            column_stride: 1,
        })
    }
}

fn last_element(rows: usize, columns: usize, down: usize, across: usize) -> Option<usize> {
    Some(rows.checked_sub(1)? * down + columns.checked_sub(1)? * across)
}

/// `dst = lhs · rhs · scale`, or the same added to `dst`.
#[expect(
    clippy::needless_pass_by_value,
    reason = "the right to write is used up"
)]
pub(super) fn multiply(dst: ViewMut, lhs: View, rhs: View, how: Product) -> Result<()> {
    if dst.rows != lhs.rows || dst.columns != rhs.columns || lhs.columns != rhs.rows {
        bail!(
            "cannot multiply [{}, {}] by [{}, {}] into [{}, {}]",
            lhs.rows,
            lhs.columns,
            rhs.rows,
            rhs.columns,
            dst.rows,
            dst.columns,
        );
    }
    let parallelism = if how.threads && rayon::current_num_threads() > 1 {
        Parallelism::Rayon(0)
    } else {
        Parallelism::None
    };
    #[expect(unsafe_code, reason = "the gemm crate takes pointers")]
    // SAFETY: the views checked that all their elements lie within their storage, the destination
    // is exclusive by construction, and the shapes agree.
    unsafe {
        ::gemm::gemm(
            dst.rows,
            dst.columns,
            lhs.columns,
            dst.data,
            dst.column_stride.cast_signed(),
            dst.row_stride.cast_signed(),
            how.accumulate,
            lhs.data.as_ptr(),
            lhs.column_stride.cast_signed(),
            lhs.row_stride.cast_signed(),
            rhs.data.as_ptr(),
            rhs.column_stride.cast_signed(),
            rhs.row_stride.cast_signed(),
            1.0,
            how.scale,
            false,
            false,
            false,
            parallelism,
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use candle_core::{Device, Tensor};

    use super::*;

    #[test]
    fn products_of_views_agree_with_candle() {
        let device = Device::Cpu;
        let lhs = Tensor::randn(0f32, 1.0, (37, 70), &device).unwrap();
        let rhs = Tensor::randn(0f32, 1.0, (70, 29), &device).unwrap();
        let wide = Tensor::zeros((37, 50), candle_core::DType::F32, &device).unwrap();
        let dst = wide.narrow(1, 4, 29).unwrap();
        gemm(&dst, &lhs, &rhs).unwrap();
        gemm_add(&dst, &lhs, &rhs, 0.5).unwrap();
        let expected = (lhs.matmul(&rhs).unwrap() * 1.5).unwrap();
        let difference = (dst - expected).unwrap().abs().unwrap().max_all().unwrap();
        assert!(difference.to_scalar::<f32>().unwrap() < 1e-4);
        let outside = wide
            .narrow(1, 33, 17)
            .unwrap()
            .abs()
            .unwrap()
            .max_all()
            .unwrap();
        assert!(outside.to_scalar::<f32>().unwrap() == 0.0);
    }

    #[test]
    fn long_sums_are_made_in_parts_without_losing_a_term() {
        let x = Tensor::randn(0f32, 1.0, (37, 2 * TERMS + 9), &Device::Cpu).unwrap();
        let weight = Tensor::randn(0f32, 1.0, (29, 2 * TERMS + 9), &Device::Cpu).unwrap();
        let dst = Tensor::ones((37, 29), candle_core::DType::F32, &Device::Cpu).unwrap();
        linear(&dst, &x, &weight).unwrap();
        let expected = x.matmul(&weight.t().unwrap()).unwrap();
        let difference = (&dst - expected).unwrap().abs().unwrap().max_all().unwrap();
        assert!(difference.to_scalar::<f32>().unwrap() < 1e-4);
        let short = weight.narrow(1, 0, TERMS).unwrap();
        assert!(linear(&dst, &short, &weight).is_err());
    }

    #[test]
    fn shapes_that_do_not_fit_are_refused() {
        let x = Tensor::zeros((3, 4), candle_core::DType::F32, &Device::Cpu).unwrap();
        let y = Tensor::zeros((3, 3), candle_core::DType::F32, &Device::Cpu).unwrap();
        assert!(gemm(&y, &x, &x).is_err());
    }
}
