//! Lengths of rows apart from their directions.

use candle_core::Result;

use super::launch::{DECOMPOSE, Grid, Launch, WARP};
use super::memory::{self, Rows, Source, Target};
use crate::ops::decompose::{ColumnProducts, RowNorms, ScaleColumns};

pub(in crate::ops) fn row_norms(_: &RowNorms, mut dst: Target<'_>, src: Source<'_>) -> Result<()> {
    let (rows, width) = src.1.shape().dims2()?;
    Launch::new(&src.0.device, DECOMPOSE, "row_norms")
        .pointer(memory::target(&mut dst)?)
        .pointer(memory::source(src)?)
        .int(width)
        .run(Grid::blocks(rows))
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "bodies of operations have one form"
)]
pub(in crate::ops) fn scale_columns(
    _: &ScaleColumns,
    dst: Target<'_>,
    src: Source<'_>,
    factors: Source<'_>,
) -> Result<()> {
    let rows = dst.1.dims()[0];
    let (to, from) = (Rows::new((dst.0, dst.1))?, Rows::new(src)?);
    Launch::new(&src.0.device, DECOMPOSE, "scale_columns")
        .pointer(to.pointer)
        .pointer(from.pointer)
        .pointer(memory::source(factors)?)
        .int(to.width)
        .wide(to.apart)
        .wide(from.apart)
        .run(Grid::matrix(rows, to.width))
}

pub(in crate::ops) fn column_products(
    op: &ColumnProducts<'_>,
    mut dst: Target<'_>,
    one: Source<'_>,
    other: Source<'_>,
) -> Result<()> {
    let rows = one.1.dims()[0];
    let device = &one.0.device;
    let (one, other) = (Rows::new(one)?, Rows::new(other)?);
    Launch::new(device, DECOMPOSE, "add_column_products")
        .pointer(memory::target(&mut dst)?)
        .pointer(one.pointer)
        .pointer(other.pointer)
        .pointer(memory::of_tensor(op.divisors, device)?)
        .int(rows)
        .int(one.width)
        .wide(one.apart)
        .wide(other.apart)
        .run(Grid::blocks(one.width.div_ceil(WARP)))
}
