//! Slices of tensors on the CPU, and work split over threads.
//!
//! Threads are rayon's ambient pool. How work is cut never depends on their number, so neither
//! does any sum.

use candle_core::{CpuStorage, Error, Layout, Result, Storage, Tensor, WithDType, bail};
use rayon::prelude::*;

/// About so many numbers make a piece of work worth a thread's while.
const PIECE: usize = 16 * 1024;

/// The numbers of a contiguous f32 source.
pub(super) fn source<'a>(storage: &'a CpuStorage, layout: &Layout) -> Result<&'a [f32]> {
    source_of(storage, layout)
}

/// The numbers of a contiguous source.
pub(super) fn source_of<'a, T: WithDType>(
    storage: &'a CpuStorage,
    layout: &Layout,
) -> Result<&'a [T]> {
    let Some((start, end)) = layout.contiguous_offsets() else {
        bail!("an operation of the trainer needs a contiguous source");
    };
    Ok(&storage.as_slice::<T>()?[start..end])
}

/// The numbers of a contiguous f32 destination.
pub(super) fn target<'a>(storage: &'a mut CpuStorage, layout: &Layout) -> Result<&'a mut [f32]> {
    let Some((start, end)) = layout.contiguous_offsets() else {
        bail!("an operation of the trainer needs a contiguous destination");
    };
    Ok(&mut floats_mut(storage)?[start..end])
}

/// All numbers of a storage, whatever part of it a tensor shows.
pub(super) fn floats_mut(storage: &mut CpuStorage) -> Result<&mut [f32]> {
    match storage {
        CpuStorage::F32(values) => Ok(values),
        _ => Err(Error::Msg("an operation of the trainer needs f32".into())),
    }
}

/// Lets `read` see the numbers of a contiguous f32 tensor on the CPU.
pub(super) fn with<R>(tensor: &Tensor, read: impl FnOnce(&[f32]) -> Result<R>) -> Result<R> {
    let (storage, layout) = tensor.storage_and_layout();
    match &*storage {
        Storage::Cpu(storage) => read(source(storage, layout)?),
        _ => bail!("an operation of the trainer mixes devices"),
    }
}

/// Calls `each(row number, row)` for all rows, on all threads where there is enough to do.
pub(super) fn for_rows(
    values: &mut [f32],
    width: usize,
    each: impl Fn(usize, &mut [f32]) + Send + Sync,
) {
    let rows = (PIECE / width.max(1)).max(1);
    if values.len() <= rows * width {
        for (index, row) in values.chunks_exact_mut(width).enumerate() {
            each(index, row);
        }
        return;
    }
    values
        .par_chunks_mut(rows * width)
        .enumerate()
        .for_each(|(piece, block)| {
            for (index, row) in block.chunks_exact_mut(width).enumerate() {
                each(piece * rows + index, row);
            }
        });
}

/// A matrix of f32 to read, whose rows may lie apart.
pub(super) struct Rows<'a> {
    values: &'a [f32],
    width: usize,
    apart: usize,
}

impl<'a> Rows<'a> {
    pub(super) fn new(storage: &'a CpuStorage, layout: &Layout) -> Result<Self> {
        let (width, apart) = row_steps(layout)?;
        let values = &storage.as_slice::<f32>()?[layout.start_offset()..];
        Ok(Self {
            values,
            width,
            apart,
        })
    }

    pub(super) fn row(&self, row: usize) -> &'a [f32] {
        let first = row * self.apart;
        &self.values[first..first + self.width]
    }
}

/// The width of a matrix' rows and how far apart they begin.
fn row_steps(layout: &Layout) -> Result<(usize, usize)> {
    let (_, width) = layout.shape().dims2()?;
    let apart = layout.stride()[0].max(width);
    if layout.stride()[1] != 1 && width > 1 {
        bail!("an operation of the trainer needs whole rows");
    }
    Ok((width, apart))
}

/// As [`for_rows`] of a matrix whose rows may lie apart; `values` are those of its whole storage.
pub(super) fn for_rows_apart(
    values: &mut [f32],
    layout: &Layout,
    each: impl Fn(usize, &mut [f32]) + Send + Sync,
) -> Result<()> {
    let (width, apart) = row_steps(layout)?;
    let rows = layout.dims()[0];
    let at_once = (PIECE / width.max(1)).max(1);
    let values = &mut values[layout.start_offset()..];
    let pieces = values.par_chunks_mut(apart.max(1) * at_once);
    let pieces = pieces.enumerate().take(rows.div_ceil(at_once));
    pieces.for_each(|(piece, block)| {
        let first = piece * at_once;
        let blocks = block.chunks_mut(apart.max(1)).take(rows - first);
        for (index, row) in blocks.enumerate() {
            each(first + index, &mut row[..width]);
        }
    });
    Ok(())
}

/// Calls `each(first element, block)` for blocks of a flat destination.
pub(super) fn for_blocks(values: &mut [f32], each: impl Fn(usize, &mut [f32]) + Send + Sync) {
    values
        .par_chunks_mut(PIECE)
        .enumerate()
        .for_each(|(piece, block)| each(piece * PIECE, block));
}

/// A pointer that several threads may write through, each to its own elements.
#[derive(Clone, Copy)]
pub(super) struct SharedMut(*mut f32);

#[expect(unsafe_code, reason = "tasks write disjoint columns of one matrix")]
// SAFETY: whoever takes the pointer out promises that no two threads write the same element.
unsafe impl Send for SharedMut {}
#[expect(unsafe_code, reason = "tasks write disjoint columns of one matrix")]
// SAFETY: as above.
unsafe impl Sync for SharedMut {}

impl SharedMut {
    pub(super) fn new(values: &mut [f32]) -> Self {
        Self(values.as_mut_ptr())
    }

    /// A pointer to elements that are valid to write.
    pub(super) fn from_pointer(pointer: *mut f32) -> Self {
        Self(pointer)
    }

    pub(super) fn pointer(self) -> *mut f32 {
        self.0
    }
}

/// Refuses a tensor of another shape.
pub(super) fn expect_shape(tensor: &Tensor, dims: &[usize], what: &str) -> Result<()> {
    if tensor.dims() != dims {
        bail!(
            "{what} has the shape {:?} instead of {dims:?}",
            tensor.dims()
        );
    }
    Ok(())
}
