//! Gathering, scattering, copying, adding and scaling rows.

use candle_core::backend::BackendStorage as _;
use candle_core::{DType, Result};
use half::bf16;

use super::launch::{Grid, Launch, ROWS};
use super::memory::{self, Rows, Source, Target};
use super::uploads::{beside, upload};
use crate::ops::rows::{Add, AddToRows, Copy, Fill, Gather, Scatter, Store};
use crate::ops::scale::Scale;

pub(in crate::ops) fn gather(op: &Gather<'_>, mut dst: Target<'_>, src: Source<'_>) -> Result<()> {
    let width = src.1.shape().dims2()?.1;
    let (name, from) = if src.0.dtype() == DType::BF16 {
        ("gather_rows_bfloat16", memory::source_of::<bf16>(src)?)
    } else {
        ("gather_rows", memory::source(src)?)
    };
    let rows = beside(src.0, op.rows)?;
    Launch::new(&src.0.device, ROWS, name)
        .pointer(memory::target(&mut dst)?)
        .pointer(from)
        .pointer(rows.pointer())
        .int(width)
        .run(Grid::matrix(op.rows.len(), width))
}

pub(in crate::ops) fn scatter(
    op: &Scatter<'_>,
    mut dst: Target<'_>,
    src: Source<'_>,
) -> Result<()> {
    let width = src.1.shape().dims2()?.1;
    let factors = op.factors.iter().map(|factor| (*factor as f32).to_bits());
    let factors = beside(src.0, &factors.collect::<Vec<_>>())?;
    let rows = beside(src.0, op.rows)?;
    Launch::new(&src.0.device, ROWS, "scatter_rows")
        .pointer(memory::target(&mut dst)?)
        .pointer(memory::source(src)?)
        .pointer(rows.pointer())
        .pointer(factors.pointer())
        .int(width)
        .run(Grid::matrix(op.rows.len(), width))
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "bodies of operations have one form"
)]
pub(in crate::ops) fn copy(_: &Copy, dst: Target<'_>, src: Source<'_>) -> Result<()> {
    if dst.1.is_contiguous() && src.1.is_contiguous() {
        // One piece of memory, however long: all weights of a model may be one row.
        return src.0.copy_strided_src(dst.0, dst.1.start_offset(), src.1);
    }
    let rows = dst.1.dims()[0];
    let (to, from) = (Rows::new((dst.0, dst.1))?, Rows::new(src)?);
    Launch::new(&src.0.device, ROWS, "copy_rows")
        .pointer(to.pointer)
        .pointer(from.pointer)
        .int(to.width)
        .wide(to.apart)
        .wide(from.apart)
        .run(Grid::matrix(rows, to.width))
}

pub(in crate::ops) fn add(_: &Add, mut dst: Target<'_>, src: Source<'_>) -> Result<()> {
    let count = src.1.shape().elem_count();
    Launch::new(&src.0.device, ROWS, "add")
        .pointer(memory::target(&mut dst)?)
        .pointer(memory::source(src)?)
        .wide(count)
        .run(Grid::threads(count))
}

pub(in crate::ops) fn add_to_rows(
    _: &AddToRows,
    mut dst: Target<'_>,
    row: Source<'_>,
) -> Result<()> {
    let (rows, width) = dst.1.shape().dims2()?;
    Launch::new(&row.0.device, ROWS, "add_to_rows")
        .pointer(memory::target(&mut dst)?)
        .pointer(memory::source(row)?)
        .int(width)
        .run(Grid::matrix(rows, width))
}

pub(in crate::ops) fn fill(op: &Fill, mut dst: Target<'_>) -> Result<()> {
    let (pointer, count) = (memory::target(&mut dst)?, dst.1.shape().elem_count());
    Launch::new(&dst.0.device, ROWS, "fill")
        .pointer(pointer)
        .float(op.value)
        .wide(count)
        .run(Grid::threads(count))
}

pub(in crate::ops) fn scale(op: &Scale, mut x: Target<'_>) -> Result<()> {
    let (pointer, count) = (memory::target(&mut x)?, x.1.shape().elem_count());
    Launch::new(&x.0.device, ROWS, "scale")
        .pointer(pointer)
        .float(op.factor)
        .wide(count)
        .run(Grid::threads(count))
}

pub(in crate::ops) fn store(op: &Store<'_>, mut cache: Target<'_>, kv: Source<'_>) -> Result<()> {
    let (_, slots, kv_heads, capacity, dim) = cache.1.shape().dims5()?;
    let mut places = Vec::new();
    for (span, slot, position) in op.places {
        for (offset, row) in span.clone().enumerate() {
            places.extend([row, *slot, position + offset].map(|number| number as u32));
        }
    }
    let stored = places.len() / 3;
    let places = upload(&kv.0.device, &places)?;
    let rows = Rows::new(kv)?;
    Launch::new(&kv.0.device, ROWS, "store_rows")
        .pointer(memory::target(&mut cache)?)
        .pointer(rows.pointer)
        .pointer(places.pointer())
        .int(slots)
        .int(kv_heads)
        .int(capacity)
        .int(dim)
        .wide(rows.apart)
        .run(Grid::matrix(stored, 2 * kv_heads * dim))
}
