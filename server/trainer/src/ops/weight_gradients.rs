//! Gradients of weights that are no matrices: norms, biases, and the rows of an embedding. Those of
//! matrices are products ([`gemm_add`](super::gemm_add)).

use candle_core::{CpuStorage, InplaceOp2, InplaceOp3, Layout, Result, Tensor, bail};
use rayon::prelude::*;

use super::on_cuda::on_cuda;
use super::{cpu, norm};

/// Columns whose sums one thread adds up at a time.
const COLUMNS: usize = 64;

/// `dw += Σ g ∘ x · r` over all vectors `x` of `D` numbers, with `r = 1/√(mean(x²) + eps)` of each: the
/// gradient of [`rms_norm`](super::rms_norm) by its weight, from `g`, the gradient by its result; added
/// up in f64.
///
/// `dw` is `[D]`; `g` and `x` are `[T, n·D]`, and their rows may lie apart: each has `n` vectors side by
/// side, such as heads.
pub fn rms_norm_weight_backward_add(dw: &Tensor, g: &Tensor, x: &Tensor, eps: f64) -> Result<()> {
    cpu::expect_shape(g, x.dims(), "the gradient of a norm")?;
    let (width, size) = (x.dims2()?.1, dw.dims1()?);
    if size == 0 || !width.is_multiple_of(size) {
        bail!("rows of {width} numbers have no whole vectors of {size}");
    }
    dw.inplace_op3(g, x, &NormWeight { eps: eps as f32 })
}

/// `dst += Σₜ rows[t]`, added up in f64: the gradient of a bias.
///
/// `dst` is `[N]`; `rows` is `[T, N]`, and its rows may lie apart.
pub fn add_column_sums(dst: &Tensor, rows: &Tensor) -> Result<()> {
    cpu::expect_shape(dst, &rows.dims()[1..], "sums of columns")?;
    dst.inplace_op2(rows, &ColumnSums)
}

/// `dst[rows[i]] += factor · src[i]`, one after another: the gradient of an embedding. Rows may be
/// named more than once.
///
/// `dst` is `[N, D]`, `src` is `[n, D]`.
pub fn add_scattered_rows(dst: &Tensor, src: &Tensor, rows: &[u32], factor: f32) -> Result<()> {
    let (count, width) = dst.dims2()?;
    cpu::expect_shape(src, &[rows.len(), width], "scattered rows")?;
    if let Some(row) = rows.iter().find(|row| **row as usize >= count) {
        bail!("row or token {row} is beyond the {count} that there are");
    }
    dst.inplace_op2(src, &AddScattered { rows, factor })
}

pub(super) struct NormWeight {
    pub(super) eps: f32,
}

impl InplaceOp3 for NormWeight {
    fn name(&self) -> &'static str {
        "trainer-norm-weight-backward"
    }

    fn cpu_fwd(
        &self,
        dw: &mut CpuStorage,
        dw_layout: &Layout,
        g: &CpuStorage,
        g_layout: &Layout,
        x: &CpuStorage,
        x_layout: &Layout,
    ) -> Result<()> {
        let dw = cpu::target(dw, dw_layout)?;
        let ((rows, width), size) = (x_layout.shape().dims2()?, dw.len());
        let in_row = width / size;
        let (g, x) = (cpu::Rows::new(g, g_layout)?, cpu::Rows::new(x, x_layout)?);
        let first_of = |vector: usize| vector % in_row * size;
        let roots = (0..rows * in_row).into_par_iter().map(|vector| {
            let first = first_of(vector);
            norm::inverse_root(&x.row(vector / in_row)[first..first + size], self.eps)
        });
        let roots: Vec<f32> = roots.collect();
        add_columns(dw, roots.len(), |vector, sums, first| {
            let first = first_of(vector) + first;
            let span = first..first + sums.len();
            let row = vector / in_row;
            let (g, x) = (&g.row(row)[span.clone()], &x.row(row)[span]);
            let root = f64::from(roots[vector]);
            for ((sum, g), x) in sums.iter_mut().zip(g).zip(x) {
                *sum += f64::from(*g) * f64::from(*x) * root;
            }
        });
        Ok(())
    }

    on_cuda!(3, weight_gradients::norm_weight);
}

pub(super) struct ColumnSums;

impl InplaceOp2 for ColumnSums {
    fn name(&self) -> &'static str {
        "trainer-column-sums"
    }

    fn cpu_fwd(
        &self,
        dst: &mut CpuStorage,
        dst_layout: &Layout,
        rows: &CpuStorage,
        rows_layout: &Layout,
    ) -> Result<()> {
        let count = rows_layout.dims()[0];
        let rows = cpu::Rows::new(rows, rows_layout)?;
        add_columns(cpu::target(dst, dst_layout)?, count, |row, sums, first| {
            let row = &rows.row(row)[first..first + sums.len()];
            for (sum, value) in sums.iter_mut().zip(row) {
                *sum += f64::from(*value);
            }
        });
        Ok(())
    }

    on_cuda!(2, weight_gradients::column_sums);
}

/// Adds sums over rows to `dst`, some columns at a time: `each(row, sums, first column)` adds one row.
fn add_columns(
    dst: &mut [f32],
    rows: usize,
    each: impl Fn(usize, &mut [f64], usize) + Send + Sync,
) {
    let pieces = dst.par_chunks_mut(COLUMNS).enumerate();
    pieces.for_each(|(piece, dst)| {
        let mut sums = [0f64; COLUMNS];
        let sums = &mut sums[..dst.len()];
        for row in 0..rows {
            each(row, sums, piece * COLUMNS);
        }
        for (dst, sum) in dst.iter_mut().zip(sums) {
            *dst += *sum as f32;
        }
    });
}

pub(super) struct AddScattered<'a> {
    pub(super) rows: &'a [u32],
    pub(super) factor: f32,
}

impl InplaceOp2 for AddScattered<'_> {
    fn name(&self) -> &'static str {
        "trainer-add-scattered-rows"
    }

    fn cpu_fwd(
        &self,
        dst: &mut CpuStorage,
        dst_layout: &Layout,
        src: &CpuStorage,
        src_layout: &Layout,
    ) -> Result<()> {
        let width = src_layout.dims()[1];
        let src = cpu::source(src, src_layout)?;
        let dst = cpu::target(dst, dst_layout)?;
        for (row, src) in self.rows.iter().zip(src.chunks_exact(width)) {
            let start = *row as usize * width;
            for (dst, src) in dst[start..start + width].iter_mut().zip(src) {
                *dst += self.factor * src;
            }
        }
        Ok(())
    }

    on_cuda!(2, weight_gradients::add_scattered);
}

#[cfg(test)]
mod tests {
    use candle_core::{DType, Device, Var};

    use super::*;

    fn values(rows: usize, width: usize, seed: f32) -> Tensor {
        let values: Vec<f32> = (0..rows * width)
            .map(|at| (at as f32 * 0.37 + seed).sin())
            .collect();
        Tensor::from_vec(values, (rows, width), &Device::Cpu).unwrap()
    }

    fn zeros(dims: impl Into<candle_core::Shape>) -> Tensor {
        Tensor::zeros(dims, DType::F32, &Device::Cpu).unwrap()
    }

    fn close(found: &Tensor, expected: &Tensor) {
        let difference = (found.to_dtype(DType::F64).unwrap() - expected).unwrap();
        let largest = difference.abs().unwrap().flatten_all().unwrap();
        let largest = largest.max(0).unwrap().to_scalar::<f64>().unwrap();
        assert!(largest < 1e-5, "{largest}");
    }

    #[test]
    fn gradients_of_norms_and_biases_are_autograds() {
        let (rows, width, eps) = (9, 130, 1e-5);
        // Of wider rows, so that those of the operands lie apart.
        let x = values(rows, 2 * width, 0.2).narrow(1, 7, width).unwrap();
        let g = values(rows, 2 * width, 1.0).narrow(1, 40, width).unwrap();
        let (wide_x, wide_g) = (
            x.to_dtype(DType::F64).unwrap(),
            g.to_dtype(DType::F64).unwrap(),
        );
        let weight = Var::ones(width, DType::F64, &Device::Cpu).unwrap();
        let mean = (wide_x.sqr().unwrap().mean_keepdim(1).unwrap() + eps).unwrap();
        let normed = wide_x.broadcast_div(&mean.sqrt().unwrap()).unwrap();
        let loss = normed.broadcast_mul(&weight).unwrap().mul(&wide_g).unwrap();
        let store = loss.sum_all().unwrap().backward().unwrap();
        let found = zeros(width);
        rms_norm_weight_backward_add(&found, &g, &x, eps).unwrap();
        close(&found, store.get(&weight).unwrap());
        let found = zeros(width);
        add_column_sums(&found, &g).unwrap();
        close(&found, &wide_g.sum(0).unwrap());
    }

    #[test]
    fn vectors_side_by_side_count_as_rows_of_their_own() {
        let (rows, heads, size) = (7, 3, 70);
        let part = |seed| values(rows, heads * size + 9, seed).narrow(1, 4, heads * size);
        let (x, g) = (part(0.2).unwrap(), part(1.0).unwrap());
        let apart = |tensor: &Tensor| tensor.contiguous().unwrap().reshape((rows * heads, size));
        let (found, expected) = (zeros(size), zeros(size));
        rms_norm_weight_backward_add(&found, &g, &x, 1e-5).unwrap();
        let (wide_g, wide_x) = (apart(&g).unwrap(), apart(&x).unwrap());
        rms_norm_weight_backward_add(&expected, &wide_g, &wide_x, 1e-5).unwrap();
        close(&found, &expected.to_dtype(DType::F64).unwrap());
        assert!(rms_norm_weight_backward_add(&zeros(size + 1), &g, &x, 1e-5).is_err());
    }

    #[test]
    fn rows_that_are_named_twice_add_up() {
        let (dst, src) = (zeros((4, 3)), values(3, 3, 0.5));
        add_scattered_rows(&dst, &src, &[2, 0, 2], 2.0).unwrap();
        let sum = (src.get(0).unwrap() + src.get(2).unwrap()).unwrap();
        let expected = (sum * 2.0).unwrap().to_dtype(DType::F64).unwrap();
        close(&dst.get(2).unwrap(), &expected);
        assert_eq!(dst.get(1).unwrap().to_vec1::<f32>().unwrap(), [0.0; 3]);
        assert!(add_scattered_rows(&dst, &src, &[2, 4, 2], 2.0).is_err());
    }
}
