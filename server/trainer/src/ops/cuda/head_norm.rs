//! RMSNorm of the heads of queries and keys.

use candle_core::Result;

use super::launch::{Grid, Launch, NORM};
use super::memory::{self, Source, Target};
use crate::ops::head_norm::{Backward, Forward, HeadNorm};

pub(in crate::ops) fn forward(op: &Forward<'_>, dst: Target<'_>, raw: Source<'_>) -> Result<()> {
    run("head_norm", op.0, dst, raw)
}

pub(in crate::ops) fn backward(op: &Backward<'_>, d: Target<'_>, raw: Source<'_>) -> Result<()> {
    run("head_norm_backward", op.0, d, raw)
}

fn run(name: &str, norm: HeadNorm<'_>, mut dst: Target<'_>, raw: Source<'_>) -> Result<()> {
    let device = &raw.0.device;
    let (rows, _) = raw.1.shape().dims2()?;
    let shape = norm.shape;
    Launch::new(device, NORM, name)
        .pointer(memory::target(&mut dst)?)
        .pointer(memory::source(raw)?)
        .pointer(memory::of_tensor(norm.query, device)?)
        .pointer(memory::of_tensor(norm.key, device)?)
        .float(norm.eps as f32)
        .int(rows)
        .int(shape.heads)
        .int(shape.kv_heads)
        .int(shape.head_dim)
        .run(Grid::warps(rows * (shape.heads + 2 * shape.kv_heads)))
}
