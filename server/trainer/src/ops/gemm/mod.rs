//! Matrix products with strides, scale and accumulation.
//!
//! The right operand may be in bfloat16: the left one is then rounded to it, and sums have 32 bits.
//! Products are split over rows and columns only, so results do not depend on the number of
//! threads.
//!
//! | file | what it holds |
//! | --- | --- |
//! | `view` | matrices to read and to write |
//! | `blocked`, `kernel` | products on processors with AVX-512 |
//! | `few_rows` | products of few rows, as in decoding |
//! | `tensors` | products of tensors, as they are asked for |
//!
//! Everything else is done by the `gemm` crate, which knows AVX2 and other processors.

mod blocked;
mod few_rows;
mod kernel;
mod tensors;
mod view;

use ::gemm::Parallelism;
use candle_core::{CpuStorage, InplaceOp3, Layout, Result, bail};
use half::bf16;

pub(super) use self::few_rows::products;
use self::kernel::{Brain, Full, Kernel};
pub use self::tensors::{Products, gemm_add, linear};
pub(super) use self::view::{View, ViewMut};
use super::cpu::{self, SharedMut};
use super::on_cuda::on_cuda;

/// Whether this processor multiplies numbers in bfloat16; others compute with them too, but more
/// slowly than with 32 bits.
pub fn multiplies_bfloat16() -> bool {
    Brain::is_there()
}

/// How many times as high as wide a product is narrow.
const NARROW: usize = 4;

pub(super) struct Gemm {
    pub(super) accumulate: bool,
    pub(super) scale: f32,
    /// See [`Products`].
    #[cfg_attr(
        not(feature = "cuda"),
        expect(dead_code, reason = "the processor rounds nothing")
    )]
    pub(super) rounded: bool,
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
        let dst = ViewMut::new(cpu::floats_mut(dst)?, dst_layout)?;
        let how = Product {
            accumulate: self.accumulate,
            scale: self.scale,
            threads: true,
        };
        match rhs {
            CpuStorage::BF16(rhs) => multiply_brain(dst, lhs, View::new(rhs, rhs_layout)?, how),
            rhs => multiply(dst, lhs, View::new(rhs.as_slice()?, rhs_layout)?, how),
        }
    }

    on_cuda!(3, gemm::multiply);
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

/// Refuses operands that do not fit.
fn check<T: Copy>(dst: &ViewMut, lhs: View, rhs: View<T>) -> Result<()> {
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
    Ok(())
}

/// Whether [`blocked`] gains by making a product of that shape.
fn blocks(rows: usize, terms: usize, columns: usize) -> bool {
    rows >= kernel::ROWS && columns >= kernel::LANES && terms > 0
}

/// `dst = lhs · rhs · scale`, or the same added to `dst`, with `lhs` rounded to bfloat16.
fn multiply_brain(dst: ViewMut, lhs: View, rhs: View<bf16>, how: Product) -> Result<()> {
    check(&dst, lhs, rhs)?;
    if Brain::is_there() && dst.rows * rhs.rows * dst.columns > 0 {
        blocked::multiply::<Brain>(&dst, lhs, rhs, how);
        return Ok(());
    }
    multiply_widened(dst, lhs, rhs, how)
}

/// The same with 32 bits for each number; the products are equal, and the sums but for rounding.
fn multiply_widened(dst: ViewMut, lhs: View, rhs: View<bf16>, how: Product) -> Result<()> {
    let round = |number: f32| bf16::from_bits(kernel::round(number)).to_f32();
    let lhs_wide = wide(lhs, round);
    let rhs_wide = wide(rhs.transposed(), bf16::to_f32);
    let lhs = View::rows(&lhs_wide, lhs.rows, lhs.columns, lhs.columns)?;
    let rhs = View::rows(&rhs_wide, rhs.columns, rhs.rows, rhs.rows)?;
    multiply(dst, lhs, rhs.transposed(), how)
}

/// The numbers of a matrix, row by row.
fn wide<T: Copy>(matrix: View<T>, number: impl Fn(T) -> f32) -> Vec<f32> {
    let places = (0..matrix.rows).flat_map(|row| (0..matrix.columns).map(move |at| (row, at)));
    places.map(|(row, at)| number(matrix.at(row, at))).collect()
}

/// `dst = lhs · rhs · scale`, or the same added to `dst`.
pub(super) fn multiply(dst: ViewMut, lhs: View, rhs: View, how: Product) -> Result<()> {
    check(&dst, lhs, rhs)?;
    // Of a narrow product the other way round, because the left operand is copied whole.
    let (dst, lhs, rhs) = if dst.rows > NARROW * dst.columns && lhs.column_stride != 1 {
        (dst.transposed(), rhs.transposed(), lhs.transposed())
    } else {
        (dst, lhs, rhs)
    };
    if Full::is_there() && blocks(dst.rows, rhs.rows, dst.columns) {
        blocked::multiply::<Full>(&dst, lhs, rhs, how);
        return Ok(());
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
    use candle_core::{DType, Device, Tensor};

    use super::tensors::TERMS;
    use super::*;

    /// Numbers from -1 to 1 that follow no pattern of the blocks.
    fn numbers(rows: usize, columns: usize, seed: usize) -> Tensor {
        let number = |at: usize| ((at * 7919 + seed * 104_729) % 2003) as f32 / 1001.0 - 1.0;
        let numbers: Vec<f32> = (0..rows * columns).map(number).collect();
        Tensor::from_vec(numbers, (rows, columns), &Device::Cpu).unwrap()
    }

    fn largest_difference(one: &Tensor, other: &Tensor) -> f32 {
        let difference = (one - other).unwrap().abs().unwrap().max_all().unwrap();
        difference.to_scalar::<f32>().unwrap()
    }

    /// The same matrix with its columns side by side in memory.
    fn by_columns(matrix: &Tensor) -> Tensor {
        matrix.t().unwrap().contiguous().unwrap().t().unwrap()
    }

    /// The matrix with numbers around it.
    fn within(matrix: &Tensor) -> Tensor {
        let (rows, columns) = matrix.dims2().unwrap();
        let wide = numbers(rows + 2, columns + 5, 9)
            .to_dtype(matrix.dtype())
            .unwrap();
        let wide = wide
            .slice_assign(&[1..=rows, 3..=columns + 2], matrix)
            .unwrap();
        wide.narrow(0, 1, rows)
            .unwrap()
            .narrow(1, 3, columns)
            .unwrap()
    }

    #[test]
    fn products_of_views_agree_with_candle() {
        for (rows, terms, columns) in [
            (37, 70, 29),
            (8, 96, 48),
            (9, 97, 49),
            (64, 300, 130),
            (3, 5, 7),
            (130, 1, 16),
            (17, 193, 15),
        ] {
            for kind in [DType::F32, DType::BF16] {
                let lhs = numbers(rows, terms, 1);
                let rhs = numbers(terms, columns, 2).to_dtype(kind).unwrap();
                let widened = |matrix: &Tensor| {
                    let rounded = matrix.to_dtype(kind).unwrap();
                    rounded.to_dtype(DType::F32).unwrap()
                };
                let product = widened(&lhs).matmul(&widened(&rhs)).unwrap();
                for lhs in [lhs.clone(), by_columns(&lhs), within(&lhs)] {
                    for rhs in [rhs.clone(), by_columns(&rhs), within(&rhs)] {
                        let wide = numbers(rows, columns + 21, 3);
                        let before = wide.copy().unwrap();
                        let dst = wide.narrow(1, 4, columns).unwrap();
                        Products::default().gemm(&dst, &lhs, &rhs).unwrap();
                        gemm_add(&dst, &lhs, &rhs, 0.5).unwrap();
                        let expected = (&product * 1.5).unwrap();
                        let error = largest_difference(&dst, &expected);
                        assert!(error < 1e-4, "{rows}, {terms}, {columns}: {error}");
                        for (first, count) in [(0, 4), (columns + 4, 17)] {
                            let outside = wide.narrow(1, first, count).unwrap();
                            let before = before.narrow(1, first, count).unwrap();
                            assert!(largest_difference(&outside, &before) == 0.0);
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn a_product_is_the_same_with_any_number_of_threads() {
        let lhs = numbers(150, 200, 1);
        for kind in [DType::F32, DType::BF16] {
            let rhs = numbers(200, 100, 2).to_dtype(kind).unwrap();
            let with = |threads: usize| {
                let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
                let dst = Tensor::zeros((150, 100), DType::F32, &Device::Cpu).unwrap();
                let product = || Products::default().gemm(&dst, &lhs, &rhs).unwrap();
                pool.build().unwrap().install(product);
                dst.to_vec2::<f32>().unwrap()
            };
            assert_eq!(with(1), with(3));
        }
    }

    #[test]
    fn what_the_processor_does_not_know_is_computed_with_wider_numbers() {
        let (lhs, rhs) = (numbers(20, 130, 1), numbers(130, 40, 2));
        let rhs = rhs.to_dtype(DType::BF16).unwrap();
        let product = Tensor::zeros((20, 40), DType::F32, &Device::Cpu).unwrap();
        Products::default().gemm(&product, &lhs, &rhs).unwrap();
        let flat = lhs.flatten_all().unwrap().to_vec1::<f32>().unwrap();
        let halves = rhs.flatten_all().unwrap().to_vec1::<bf16>().unwrap();
        let mut wide = vec![0.0; 20 * 40];
        let how = Product {
            accumulate: false,
            scale: 1.0,
            threads: false,
        };
        multiply_widened(
            ViewMut::columns(&mut wide, 20, 40, 0..40).unwrap(),
            View::rows(&flat, 20, 130, 130).unwrap(),
            View::rows(&halves, 130, 40, 40).unwrap(),
            how,
        )
        .unwrap();
        let wide = Tensor::from_vec(wide, (20, 40), &Device::Cpu).unwrap();
        assert!(largest_difference(&product, &wide) < 1e-5);
    }

    #[test]
    fn long_sums_are_made_in_parts_without_losing_a_term() {
        let x = numbers(37, 2 * TERMS + 9, 1);
        let weight = numbers(29, 2 * TERMS + 9, 2);
        let dst = Tensor::ones((37, 29), DType::F32, &Device::Cpu).unwrap();
        linear(&dst, &x, &weight).unwrap();
        let expected = x.matmul(&weight.t().unwrap()).unwrap();
        assert!(largest_difference(&dst, &expected) < 1e-4);
        let short = weight.narrow(1, 0, TERMS).unwrap();
        assert!(linear(&dst, &short, &weight).is_err());
    }

    #[test]
    fn shapes_that_do_not_fit_are_refused() {
        let x = Tensor::zeros((3, 4), DType::F32, &Device::Cpu).unwrap();
        let y = Tensor::zeros((3, 3), DType::F32, &Device::Cpu).unwrap();
        assert!(Products::default().gemm(&y, &x, &x).is_err());
        assert!(
            Products::default()
                .gemm(&y, &x, &x.to_dtype(DType::BF16).unwrap())
                .is_err()
        );
    }
}
