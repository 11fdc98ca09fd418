//! Matrices in GGUF's quantised blocks, which are widened to 32 bits where they are multiplied.
//!
//! What the blocks mean is candle's business, so a row is the same to the last bit whether it is
//! widened here or while a model is loaded.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use candle_core::quantized::{GgmlDType, QuantizedType};
use candle_core::{CpuStorage, InplaceOp1, Layout, Result, Tensor, bail};
use rayon::prelude::*;

use super::cpu;

/// Rows that are widened by one thread at a time.
const ROWS: usize = 32;

/// A matrix in blocks, `[N, D]`. Clones share them.
#[derive(Clone)]
pub struct Blocks {
    /// [`ROWS`] rows each.
    pieces: Arc<[Box<dyn QuantizedType>]>,
    kind: GgmlDType,
    rows: usize,
    width: usize,
}

impl Blocks {
    /// The matrix whose rows lie in `data` one behind the other.
    ///
    /// # Errors
    /// If rows are no whole blocks, or `data` has another length.
    pub fn new(kind: GgmlDType, data: &[u8], rows: usize, width: usize) -> Result<Self> {
        let row = width / kind.block_size() * kind.type_size();
        if !width.is_multiple_of(kind.block_size()) || row == 0 || data.len() != rows * row {
            bail!(
                "{} bytes of {kind:?} are no matrix of {rows} rows of {width}",
                data.len()
            );
        }
        let pieces = data.chunks(ROWS * row);
        let pieces = pieces.map(|piece| kind.from_data(Cow::Borrowed(piece)));
        Ok(Self {
            pieces: pieces.collect(),
            kind,
            rows,
            width,
        })
    }

    /// Rows and columns.
    pub fn dims(&self) -> (usize, usize) {
        (self.rows, self.width)
    }

    /// Writes the rows from `first` on, a multiple of 32, into `dst` `[n, D]`.
    pub fn widen(&self, dst: &Tensor, first: usize) -> Result<()> {
        let count = dst.dims2()?.0;
        cpu::expect_shape(dst, &[count, self.width], "widened rows")?;
        if !first.is_multiple_of(ROWS) || first + count > self.rows {
            bail!(
                "{count} rows from {first} on cannot be widened of {}: begin at a multiple of {ROWS}",
                self.rows
            );
        }
        dst.inplace_op1(&Widen {
            blocks: self,
            first,
        })
    }

    /// `dst[i] = row rows[i]`, of `[n, D]`.
    pub fn gather(&self, dst: &Tensor, rows: &[u32]) -> Result<()> {
        cpu::expect_shape(dst, &[rows.len(), self.width], "gathered rows")?;
        if let Some(row) = rows.iter().find(|row| **row as usize >= self.rows) {
            bail!(
                "row or token {row} is beyond the {} that there are",
                self.rows
            );
        }
        dst.inplace_op1(&Gather { blocks: self, rows })
    }

    /// The first number that is none, with its place, as in a damaged file.
    pub fn not_finite(&self) -> Result<Option<(usize, f32)>> {
        for piece in 0..self.pieces.len() {
            let numbers = self.piece(piece)?;
            if let Some(place) = numbers.iter().position(|number| !number.is_finite()) {
                return Ok(Some((piece * ROWS * self.width + place, numbers[place])));
            }
        }
        Ok(None)
    }

    /// The numbers of one piece.
    fn piece(&self, piece: usize) -> Result<Vec<f32>> {
        let rows = ROWS.min(self.rows - piece * ROWS);
        floats(self.pieces[piece].dequantize(rows * self.width)?)
    }

    fn row(&self, row: usize) -> Result<Vec<f32>> {
        let (piece, place) = (row / ROWS, row % ROWS);
        let rows = ROWS.min(self.rows - piece * ROWS);
        floats(self.pieces[piece].embedding(&[place as u32], rows, self.width)?)
    }
}

impl fmt::Debug for Blocks {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Blocks")
            .field("kind", &self.kind)
            .field("rows", &self.rows)
            .field("width", &self.width)
            .finish_non_exhaustive()
    }
}

fn floats(storage: CpuStorage) -> Result<Vec<f32>> {
    match storage {
        CpuStorage::F32(numbers) => Ok(numbers),
        _ => bail!("blocks were widened to other numbers than f32"),
    }
}

struct Widen<'a> {
    blocks: &'a Blocks,
    first: usize,
}

impl InplaceOp1 for Widen<'_> {
    fn name(&self) -> &'static str {
        "trainer-widen-blocks"
    }

    fn cpu_fwd(&self, dst: &mut CpuStorage, layout: &Layout) -> Result<()> {
        let pieces = cpu::target(dst, layout)?.par_chunks_mut(ROWS * self.blocks.width);
        pieces.enumerate().try_for_each(|(index, dst)| {
            let numbers = self.blocks.piece(self.first / ROWS + index)?;
            // Of the last piece only some rows may be wanted.
            dst.copy_from_slice(&numbers[..dst.len()]);
            Ok(())
        })
    }
}

struct Gather<'a> {
    blocks: &'a Blocks,
    rows: &'a [u32],
}

impl InplaceOp1 for Gather<'_> {
    fn name(&self) -> &'static str {
        "trainer-gather-blocks"
    }

    fn cpu_fwd(&self, dst: &mut CpuStorage, layout: &Layout) -> Result<()> {
        let rows = cpu::target(dst, layout)?.par_chunks_exact_mut(self.blocks.width);
        rows.zip(self.rows).try_for_each(|(dst, row)| {
            dst.copy_from_slice(&self.blocks.row(*row as usize)?);
            Ok(())
        })
    }
}

#[cfg(test)]
mod tests {
    use candle_core::quantized::QTensor;
    use candle_core::{DType, Device};

    use super::*;

    /// 70 rows of two blocks each.
    fn matrix(kind: GgmlDType) -> (Blocks, Tensor) {
        let width = 2 * kind.block_size();
        let numbers = Tensor::randn(0f32, 1.0, (70, width), &Device::Cpu).unwrap();
        let stored = QTensor::quantize(&numbers, kind).unwrap();
        let blocks = Blocks::new(kind, &stored.data().unwrap(), 70, width).unwrap();
        (blocks, stored.dequantize(&Device::Cpu).unwrap())
    }

    fn bits(tensor: &Tensor) -> Vec<u32> {
        let numbers = tensor.flatten_all().unwrap().to_vec1::<f32>().unwrap();
        numbers.into_iter().map(f32::to_bits).collect()
    }

    #[test]
    fn rows_are_candles_to_the_last_bit() {
        for kind in [
            GgmlDType::Q4_0,
            GgmlDType::Q4_1,
            GgmlDType::Q5_0,
            GgmlDType::Q5_1,
            GgmlDType::Q8_0,
            GgmlDType::Q2K,
            GgmlDType::Q3K,
            GgmlDType::Q4K,
            GgmlDType::Q5K,
            GgmlDType::Q6K,
        ] {
            let (blocks, exact) = matrix(kind);
            let width = blocks.dims().1;
            for (first, count) in [(0, 70), (32, 33), (64, 6), (32, 5)] {
                let dst = Tensor::zeros((count, width), DType::F32, &Device::Cpu).unwrap();
                blocks.widen(&dst, first).unwrap();
                let exact = exact.narrow(0, first, count).unwrap();
                assert_eq!(bits(&dst), bits(&exact), "{kind:?}");
            }
            let dst = Tensor::zeros((3, width), DType::F32, &Device::Cpu).unwrap();
            blocks.gather(&dst, &[69, 0, 33]).unwrap();
            let rows = Tensor::new(&[69u32, 0, 33], &Device::Cpu).unwrap();
            let exact = exact.index_select(&rows, 0).unwrap();
            assert_eq!(bits(&dst), bits(&exact), "{kind:?}");
            assert_eq!(blocks.not_finite().unwrap(), None);
        }
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        let (blocks, _) = matrix(GgmlDType::Q8_0);
        let dst = Tensor::zeros((8, 64), DType::F32, &Device::Cpu).unwrap();
        assert!(blocks.widen(&dst, 16).is_err());
        assert!(blocks.widen(&dst, 64).is_err());
        assert!(blocks.gather(&dst, &[0, 1, 2, 3, 4, 5, 6, 70]).is_err());
        assert!(Blocks::new(GgmlDType::Q8_0, &[0; 68], 1, 65).is_err());
        assert!(Blocks::new(GgmlDType::Q8_0, &[0; 67], 1, 64).is_err());
    }

    #[test]
    fn a_number_that_is_none_is_found() {
        // The scale of the second row is not a number.
        let mut data = vec![1; 2 * 34];
        data[34..36].copy_from_slice(&half::f16::NAN.to_le_bytes());
        let blocks = Blocks::new(GgmlDType::Q8_0, &data, 2, 32).unwrap();
        let (place, number) = blocks.not_finite().unwrap().unwrap();
        assert!(place == 32 && number.is_nan());
    }
}
