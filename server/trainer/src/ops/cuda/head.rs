//! One vocabulary tile of the output head.

use candle_core::Result;

use super::launch::{Grid, HEAD, Launch};
use super::memory::{self, Rows, Source, Target};
use super::uploads::upload;
use crate::ops::head::{Finish, Rescale, Tile, TileBackward};

pub(in crate::ops) fn tile(op: &Tile<'_>, mut work: Target<'_>) -> Result<()> {
    let (rows, width) = work.1.shape().dims2()?;
    let pointer = memory::target(&mut work)?;
    let device = &work.0.device;
    let labels = upload(device, op.tile.labels)?;
    Launch::new(device, HEAD, "head_tile")
        .pointer(pointer)
        .pointer(labels.pointer())
        .int(width)
        .int(op.tile.width)
        .int(op.tile.first)
        .run(Grid::blocks(rows))
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "bodies of operations have one form"
)]
pub(in crate::ops) fn tile_backward(op: &TileBackward<'_>, logits: Target<'_>) -> Result<()> {
    let (device, rows) = (&logits.0.device, logits.1.dims()[0]);
    let to = Rows::new((logits.0, logits.1))?;
    let bits = |numbers: &[f32]| -> Vec<u32> { numbers.iter().map(|x| x.to_bits()).collect() };
    let labels = upload(device, op.tile.labels)?;
    let log_sums = upload(device, &bits(op.log_sums))?;
    let factors = upload(device, &bits(op.factors))?;
    Launch::new(device, HEAD, "head_tile_backward")
        .pointer(to.pointer)
        .pointer(labels.pointer())
        .pointer(log_sums.pointer())
        .pointer(factors.pointer())
        .int(to.width)
        .int(op.tile.first)
        .wide(to.apart)
        .run(Grid::matrix(rows, to.width))
}

pub(in crate::ops) fn rescale(_: &Rescale, mut sums: Target<'_>, work: Source<'_>) -> Result<()> {
    let (rows, width) = sums.1.shape().dims2()?;
    Launch::new(&work.0.device, HEAD, "head_rescale")
        .pointer(memory::target(&mut sums)?)
        .pointer(memory::source(work)?)
        .int(width)
        .int(work.1.dims()[1])
        .run(Grid::matrix(rows, width))
}

pub(in crate::ops) fn finish(
    _: &Finish,
    mut sums: Target<'_>,
    work: Source<'_>,
    labels: Source<'_>,
) -> Result<()> {
    let (rows, width) = sums.1.shape().dims2()?;
    Launch::new(&work.0.device, HEAD, "head_finish")
        .pointer(memory::target(&mut sums)?)
        .pointer(memory::source(work)?)
        .pointer(memory::source(labels)?)
        .int(width)
        .int(work.1.dims()[1])
        .run(Grid::matrix(rows, width))
}
