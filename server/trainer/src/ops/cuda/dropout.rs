//! Dropout.

use candle_core::Result;

use super::launch::{DROPOUT, Grid, Launch};
use super::memory::{self, Source, Target};
use crate::ops::dropout::Dropout;

#[expect(
    clippy::cast_sign_loss,
    reason = "a threshold is a share of what a generator draws, and not negative"
)]
pub(in crate::ops) fn draw(op: &Dropout, mut dst: Target<'_>, src: Source<'_>) -> Result<()> {
    let count = src.1.shape().elem_count();
    Launch::new(&src.0.device, DROPOUT, "dropout")
        .pointer(memory::target(&mut dst)?)
        .pointer(memory::source(src)?)
        .wide(count)
        .wide(op.key.seed as usize)
        .wide(op.key.stream as usize)
        .wide(op.threshold() as usize)
        .float(op.zeroed)
        .float(op.kept)
        .run(Grid::threads(count.div_ceil(4)))
}
