//! A frozen matrix, as numbers or in quantised blocks.

use std::ops::Deref;

use candle_core::{DType, Device, Result, Tensor};

use crate::ops::{self, Blocks, Buffer, Pool};

/// A frozen matrix, `[out, in]`.
#[derive(Clone, Debug)]
pub enum Matrix {
    /// Its numbers, f32 or bfloat16, contiguous.
    Numbers(Tensor),
    /// The blocks of a GGUF file, which are widened as they are needed. They are in the processor's
    /// memory.
    Blocks(Blocks),
}

impl From<Tensor> for Matrix {
    fn from(numbers: Tensor) -> Self {
        Self::Numbers(numbers)
    }
}

/// Rows of a [`Matrix`] as numbers.
#[derive(Debug)]
pub enum Rows {
    /// Part of its own numbers.
    Own(Tensor),
    /// Widened for as long as this lives.
    Widened(Buffer),
}

impl Deref for Rows {
    type Target = Tensor;

    fn deref(&self) -> &Tensor {
        match self {
            Self::Own(rows) => rows,
            Self::Widened(rows) => rows,
        }
    }
}

impl Matrix {
    /// Whether it is in bfloat16.
    pub fn is_brain(&self) -> bool {
        matches!(self, Self::Numbers(numbers) if numbers.dtype() == DType::BF16)
    }

    /// Rows and columns.
    pub fn dims2(&self) -> Result<(usize, usize)> {
        match self {
            Self::Numbers(numbers) => numbers.dims2(),
            Self::Blocks(blocks) => Ok(blocks.dims()),
        }
    }

    /// How many numbers it has.
    pub fn elem_count(&self) -> usize {
        match self {
            Self::Numbers(numbers) => numbers.elem_count(),
            Self::Blocks(blocks) => blocks.dims().0 * blocks.dims().1,
        }
    }

    /// Where it is.
    pub fn device(&self) -> &Device {
        match self {
            Self::Numbers(numbers) => numbers.device(),
            Self::Blocks(_) => &Device::Cpu,
        }
    }

    /// `count` rows from `first` on, a multiple of 32; blocks are widened into a buffer of the pool.
    pub fn rows(&self, pool: &Pool, first: usize, count: usize) -> Result<Rows> {
        match self {
            Self::Numbers(numbers) => Ok(Rows::Own(numbers.narrow(0, first, count)?)),
            Self::Blocks(blocks) => {
                let rows = pool.take((count, blocks.dims().1))?;
                blocks.widen(&rows, first)?;
                Ok(Rows::Widened(rows))
            }
        }
    }

    /// All rows; see [`Matrix::rows`].
    pub fn whole(&self, pool: &Pool) -> Result<Rows> {
        self.rows(pool, 0, self.dims2()?.0)
    }

    /// `dst[i] = row rows[i]`, `[n, in]` of f32.
    pub fn gather(&self, dst: &Tensor, rows: &[u32]) -> Result<()> {
        match self {
            Self::Numbers(numbers) => ops::gather_rows(dst, numbers, rows),
            Self::Blocks(blocks) => blocks.gather(dst, rows),
        }
    }

    /// Its numbers; those of blocks in memory of their own.
    pub fn numbers(&self) -> Result<Tensor> {
        match self {
            Self::Numbers(numbers) => Ok(numbers.clone()),
            Self::Blocks(blocks) => {
                let numbers = Tensor::zeros(blocks.dims(), DType::F32, &Device::Cpu)?;
                blocks.widen(&numbers, 0)?;
                Ok(numbers)
            }
        }
    }
}
