//! Lengths of rows apart from their directions, as weight-decomposed adapters need them.

use candle_core::{CpuStorage, InplaceOp2, InplaceOp3, Layout, Result, Tensor};
use rayon::prelude::*;

use super::on_cuda::on_cuda;
use super::{cpu, simd};
use simd::vectorized;

/// Columns whose sums one thread adds up at a time.
const COLUMNS: usize = 64;

/// `dst[i] = ‖src[i]‖`, added up in f64.
///
/// `dst` is `[N]`, `src` is `[N, D]`.
pub fn row_norms(dst: &Tensor, src: &Tensor) -> Result<()> {
    cpu::expect_shape(dst, &src.dims()[..1], "norms of rows")?;
    dst.inplace_op2(src, &RowNorms)
}

/// `dst[t] = factors ∘ src[t]` for every row.
///
/// `dst` and `src` are `[T, N]`, and their rows may lie apart; `factors` is `[N]`.
pub fn scale_columns(dst: &Tensor, src: &Tensor, factors: &Tensor) -> Result<()> {
    cpu::expect_shape(dst, src.dims(), "scaled columns")?;
    cpu::expect_shape(factors, &src.dims()[1..], "factors of columns")?;
    dst.inplace_op3(src, factors, &ScaleColumns)
}

/// `dst += Σₜ one[t] ∘ other[t] / divisors`, added up in f64.
///
/// `dst` and `divisors` are `[N]`; `one` and `other` are `[T, N]`, and their rows may lie apart.
pub fn add_column_products(
    dst: &Tensor,
    one: &Tensor,
    other: &Tensor,
    divisors: &Tensor,
) -> Result<()> {
    cpu::expect_shape(one, other.dims(), "a factor of columns")?;
    cpu::expect_shape(dst, &one.dims()[1..], "sums of columns")?;
    cpu::expect_shape(divisors, dst.dims(), "divisors of columns")?;
    dst.inplace_op3(one, other, &ColumnProducts { divisors })
}

pub(super) struct RowNorms;

impl InplaceOp2 for RowNorms {
    fn name(&self) -> &'static str {
        "trainer-row-norms"
    }

    fn cpu_fwd(
        &self,
        dst: &mut CpuStorage,
        dst_layout: &Layout,
        src: &CpuStorage,
        src_layout: &Layout,
    ) -> Result<()> {
        let width = src_layout.dims()[1].max(1);
        let src = cpu::source(src, src_layout)?;
        let dst = cpu::target(dst, dst_layout)?.par_iter_mut();
        dst.zip(src.par_chunks_exact(width))
            .for_each(|(dst, row)| *dst = sum_of_squares(row).sqrt() as f32);
        Ok(())
    }

    on_cuda!(2, decompose::row_norms);
}

vectorized! {
    /// Σ x².
    pub(super) fn sum_of_squares(values: &[f32]) -> f64 {
        let mut lanes = [0f64; simd::LANES];
        let (chunks, rest) = values.as_chunks::<{ simd::LANES }>();
        for chunk in chunks {
            for lane in 0..simd::LANES {
                lanes[lane] += f64::from(chunk[lane]) * f64::from(chunk[lane]);
            }
        }
        let rest: f64 = rest.iter().map(|value| f64::from(*value) * f64::from(*value)).sum();
        lanes.iter().sum::<f64>() + rest
    }
}

pub(super) struct ScaleColumns;

impl InplaceOp3 for ScaleColumns {
    fn name(&self) -> &'static str {
        "trainer-scale-columns"
    }

    fn cpu_fwd(
        &self,
        dst: &mut CpuStorage,
        dst_layout: &Layout,
        src: &CpuStorage,
        src_layout: &Layout,
        factors: &CpuStorage,
        factors_layout: &Layout,
    ) -> Result<()> {
        let factors = cpu::source(factors, factors_layout)?;
        let src = cpu::Rows::new(src, src_layout)?;
        cpu::for_rows_apart(cpu::floats_mut(dst)?, dst_layout, |row, dst| {
            for ((dst, src), factor) in dst.iter_mut().zip(src.row(row)).zip(factors) {
                *dst = src * factor;
            }
        })
    }

    on_cuda!(3, decompose::scale_columns);
}

pub(super) struct ColumnProducts<'a> {
    pub(super) divisors: &'a Tensor,
}

impl InplaceOp3 for ColumnProducts<'_> {
    fn name(&self) -> &'static str {
        "trainer-column-products"
    }

    fn cpu_fwd(
        &self,
        dst: &mut CpuStorage,
        dst_layout: &Layout,
        one: &CpuStorage,
        one_layout: &Layout,
        other: &CpuStorage,
        other_layout: &Layout,
    ) -> Result<()> {
        let rows = one_layout.dims()[0];
        let (one, other) = (
            cpu::Rows::new(one, one_layout)?,
            cpu::Rows::new(other, other_layout)?,
        );
        let pieces = cpu::target(dst, dst_layout)?.par_chunks_mut(COLUMNS);
        let add = |divisors: &[f32], piece: usize, dst: &mut [f32]| {
            let first = piece * COLUMNS;
            let span = first..first + dst.len();
            let mut sums = [0f64; COLUMNS];
            let sums = &mut sums[..dst.len()];
            for row in 0..rows {
                add_products(
                    sums,
                    &one.row(row)[span.clone()],
                    &other.row(row)[span.clone()],
                );
            }
            for ((dst, sum), divisor) in dst.iter_mut().zip(sums).zip(&divisors[span]) {
                *dst += (*sum / f64::from(*divisor)) as f32;
            }
        };
        cpu::with(self.divisors, |divisors| {
            let pieces = pieces.enumerate();
            pieces.for_each(|(piece, dst)| add(divisors, piece, dst));
            Ok(())
        })
    }

    on_cuda!(3, decompose::column_products);
}

vectorized! {
    /// `sums += a ∘ b`.
    pub(super) fn add_products(sums: &mut [f64], a: &[f32], b: &[f32]) {
        for ((sum, a), b) in sums.iter_mut().zip(a).zip(b) {
            *sum += f64::from(*a) * f64::from(*b);
        }
    }
}

#[cfg(test)]
mod tests {
    use candle_core::{DType, Device};

    use super::*;

    fn numbers(rows: usize, columns: usize, seed: usize) -> Tensor {
        let number = |at: usize| ((at * 7919 + seed * 104_729) % 2003) as f32 / 1001.0 - 1.0;
        let numbers: Vec<f32> = (0..rows * columns).map(number).collect();
        Tensor::from_vec(numbers, (rows, columns), &Device::Cpu).unwrap()
    }

    fn assert_close(ours: &Tensor, exact: &Tensor) {
        assert_eq!(ours.dims(), exact.dims());
        let difference = (ours.to_dtype(DType::F64).unwrap() - exact).unwrap();
        let largest = difference.abs().unwrap().max_all().unwrap();
        let largest = largest.to_scalar::<f64>().unwrap();
        assert!(largest < 1e-5, "{largest}");
    }

    fn wide(tensor: &Tensor) -> Tensor {
        tensor.to_dtype(DType::F64).unwrap()
    }

    #[test]
    fn norms_of_rows_are_candles() {
        let src = numbers(301, 83, 1);
        let dst = Tensor::zeros(301, DType::F32, &Device::Cpu).unwrap();
        row_norms(&dst, &src).unwrap();
        let exact = wide(&src).sqr().unwrap().sum(1).unwrap().sqrt().unwrap();
        assert_close(&dst, &exact);
        assert!(row_norms(&dst, &src.narrow(0, 0, 7).unwrap()).is_err());
    }

    #[test]
    fn columns_are_scaled_and_nothing_beside_them() {
        let whole = numbers(230, 150, 2);
        let before = whole.copy().unwrap();
        let src = numbers(230, 190, 3).narrow(1, 20, 90).unwrap();
        let factors = numbers(1, 90, 4).flatten_all().unwrap();
        let dst = whole.narrow(1, 30, 90).unwrap();
        scale_columns(&dst, &src, &factors).unwrap();
        assert_close(&dst, &wide(&src).broadcast_mul(&wide(&factors)).unwrap());
        for (first, count) in [(0, 30), (120, 30)] {
            let [after, before] = [&whole, &before].map(|t| t.narrow(1, first, count).unwrap());
            assert_close(&after, &wide(&before));
        }
    }

    #[test]
    fn products_are_added_up_by_columns() {
        let one = numbers(57, 190, 3).narrow(1, 20, 150).unwrap();
        let other = numbers(57, 150, 5);
        let divisors = (numbers(1, 150, 6).flatten_all().unwrap() + 2.0).unwrap();
        let dst = Tensor::ones(150, DType::F32, &Device::Cpu).unwrap();
        add_column_products(&dst, &one, &other, &divisors).unwrap();
        let sums = (wide(&one) * wide(&other)).unwrap().sum(0).unwrap();
        assert_close(&dst, &((sums / wide(&divisors)).unwrap() + 1.0).unwrap());
    }
}
