//! RMSNorm of rows.

use candle_core::Result;

use super::launch::{Grid, Launch, NORM};
use super::memory::{self, Source, Target};
use crate::ops::norm::{RmsNorm, RmsNormBackward};

pub(in crate::ops) fn forward(
    op: &RmsNorm,
    mut dst: Target<'_>,
    x: Source<'_>,
    weight: Source<'_>,
) -> Result<()> {
    let (rows, width) = x.1.shape().dims2()?;
    Launch::new(&x.0.device, NORM, "rms_norm")
        .pointer(memory::target(&mut dst)?)
        .pointer(memory::source(x)?)
        .pointer(memory::source(weight)?)
        .float(op.eps)
        .int(width)
        .run(Grid::blocks(rows))
}

pub(in crate::ops) fn backward(
    op: &RmsNormBackward<'_>,
    mut dx: Target<'_>,
    g: Source<'_>,
    x: Source<'_>,
) -> Result<()> {
    let (rows, width) = x.1.shape().dims2()?;
    Launch::new(&x.0.device, NORM, "rms_norm_backward_add")
        .pointer(memory::target(&mut dx)?)
        .pointer(memory::source(g)?)
        .pointer(memory::source(x)?)
        .pointer(memory::of_tensor(op.weight, &x.0.device)?)
        .float(op.eps)
        .int(width)
        .run(Grid::blocks(rows))
}
