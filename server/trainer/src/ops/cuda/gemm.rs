//! Products, by cuBLAS.
//!
//! cuBLAS knows columns where rows are meant here, so it computes `dstᵀ = rhsᵀ · lhsᵀ`, which lie in
//! memory as the others do. Products of 32 bits have 32 bits throughout, unless the operation allows
//! TF32; where the right operand is in bfloat16, the left one is rounded to it, as on the processor,
//! and sums have 32 bits.

use std::ffi::c_int;

use candle_core::backend::BackendStorage as _;
use candle_core::cuda_backend::WrapErr as _;
use candle_core::cuda_backend::cudarc::cublas::{result, sys};
use candle_core::cuda_backend::cudarc::driver::CudaSlice;
use candle_core::{CudaDevice, DType, Layout, Result, bail};
use half::bf16;

use super::launch::{GEMM, Grid, Launch};
use super::memory::{self, Pointer, Source, Target};
use crate::ops::gemm::Gemm;

/// A matrix as cuBLAS takes it.
#[derive(Clone, Copy)]
struct Operand {
    pointer: Pointer,
    kind: sys::cudaDataType,
    rows: usize,
    columns: usize,
    /// Whether its columns lie one after another, instead of its rows.
    is_transposed: bool,
    /// How far apart those are.
    apart: usize,
}

impl Operand {
    fn new(pointer: Pointer, kind: sys::cudaDataType, layout: &Layout) -> Result<Self> {
        let (rows, columns) = layout.shape().dims2()?;
        let (down, across) = (layout.stride()[0], layout.stride()[1]);
        // Of a single row or column the stride says nothing.
        let by_rows =
            (across == 1 || columns <= 1).then_some(if rows <= 1 { columns } else { down });
        let by_columns = (down == 1 || rows <= 1).then_some(across);
        let (is_transposed, apart, least) = match (by_rows, by_columns) {
            (Some(apart), _) => (false, apart, columns),
            (None, Some(apart)) => (true, apart, rows),
            (None, None) => {
                bail!("a product on CUDA needs rows or columns without gaps: {layout:?}")
            }
        };
        if apart < least {
            bail!("rows of a product on CUDA lie in each other: {layout:?}");
        }
        Ok(Self {
            pointer,
            kind,
            rows,
            columns,
            is_transposed,
            apart: apart.max(1),
        })
    }

    fn transposed(self) -> Self {
        Self {
            rows: self.columns,
            columns: self.rows,
            is_transposed: !self.is_transposed,
            ..self
        }
    }

    /// How its lines lie in memory: how many, and of how many numbers.
    const fn lines(&self) -> (usize, usize) {
        if self.is_transposed {
            (self.columns, self.rows)
        } else {
            (self.rows, self.columns)
        }
    }

    const fn operation(&self) -> sys::cublasOperation_t {
        if self.is_transposed {
            sys::cublasOperation_t::CUBLAS_OP_T
        } else {
            sys::cublasOperation_t::CUBLAS_OP_N
        }
    }
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "bodies of operations have one form"
)]
pub(in crate::ops) fn multiply(
    op: &Gemm,
    dst: Target<'_>,
    lhs: Source<'_>,
    rhs: Source<'_>,
) -> Result<()> {
    let device = &lhs.0.device;
    let float = sys::cudaDataType::CUDA_R_32F;
    let of_floats =
        |source: Source<'_>| Operand::new(memory::first::<f32>(source)?, float, source.1);
    let dst = of_floats((dst.0, dst.1))?;
    let mut left = of_floats(lhs)?;
    let is_brain = rhs.0.dtype() == DType::BF16;
    let right = if is_brain {
        let kind = sys::cudaDataType::CUDA_R_16BF;
        Operand::new(memory::first::<bf16>(rhs)?, kind, rhs.1)?
    } else {
        of_floats(rhs)?
    };
    if dst.rows != left.rows || dst.columns != right.columns || left.columns != right.rows {
        bail!(
            "cannot multiply {:?} by {:?} into [{}, {}]",
            lhs.1.dims(),
            rhs.1.dims(),
            dst.rows,
            dst.columns
        );
    }
    if dst.rows * dst.columns == 0 {
        return Ok(());
    }
    // Kept until the product is on its way.
    let mut rounded = None;
    if is_brain {
        let slice = round(device, left)?;
        left = Operand {
            pointer: Pointer::new(&slice),
            kind: right.kind,
            apart: left.lines().1.max(1),
            ..left
        };
        rounded = Some(slice);
    }
    let done = if dst.is_transposed {
        product(
            device,
            op,
            dst.transposed(),
            right.transposed(),
            left.transposed(),
        )
    } else {
        product(device, op, dst, left, right)
    };
    drop(rounded);
    done
}

/// The numbers of a matrix in bfloat16, in lines as they were, without gaps.
fn round(device: &CudaDevice, matrix: Operand) -> Result<CudaSlice<bf16>> {
    let (lines, width) = matrix.lines();
    let rounded = memory::room::<bf16>(device, lines * width)?;
    Launch::new(device, GEMM, "round_to_bfloat16")
        .pointer(Pointer::new(&rounded))
        .pointer(matrix.pointer)
        .int(width)
        .wide(matrix.apart)
        .run(Grid::large(lines, width))?;
    Ok(rounded)
}

fn product(device: &CudaDevice, op: &Gemm, dst: Operand, lhs: Operand, rhs: Operand) -> Result<()> {
    let size = |number: usize| match c_int::try_from(number) {
        Ok(number) => Ok(number),
        Err(_) => bail!("{number} is too large for a product on CUDA"),
    };
    let beta = if op.accumulate { 1f32 } else { 0f32 };
    let (rows, columns, terms) = (size(dst.rows)?, size(dst.columns)?, size(lhs.columns)?);
    let (apart, left, right) = (size(dst.apart)?, size(lhs.apart)?, size(rhs.apart)?);
    let is_full = rhs.kind == sys::cudaDataType::CUDA_R_32F;
    let compute = if op.rounded && is_full {
        sys::cublasComputeType_t::CUBLAS_COMPUTE_32F_FAST_TF32
    } else {
        sys::cublasComputeType_t::CUBLAS_COMPUTE_32F
    };
    device.cuda_stream().context().bind_to_thread().w()?;
    let blas = device.cublas_handle();
    #[expect(unsafe_code, reason = "calls cuBLAS")]
    // SAFETY: each operand lies within its tensor, because its layout does; shapes agree, and lines
    // are as far apart as said. The handle's stream is the device's.
    unsafe {
        result::gemm_ex(
            *blas.handle(),
            rhs.operation(),
            lhs.operation(),
            columns,
            rows,
            terms,
            (&raw const op.scale).cast(),
            rhs.pointer.address() as *const _,
            rhs.kind,
            right,
            lhs.pointer.address() as *const _,
            lhs.kind,
            left,
            (&raw const beta).cast(),
            dst.pointer.address() as *mut _,
            dst.kind,
            apart,
            compute,
            sys::cublasGemmAlgo_t::CUBLAS_GEMM_DEFAULT,
        )
    }
    .w()
}
