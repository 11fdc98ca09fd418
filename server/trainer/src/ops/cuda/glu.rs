//! The gated linear unit.

use candle_core::Result;

use super::launch::{GLU, Grid, Launch};
use super::memory::{self, Source, Target};
use crate::model::Activation;
use crate::ops::glu::{Glu, GluBackward};

pub(in crate::ops) fn forward(op: &Glu, mut dst: Target<'_>, gate_up: Source<'_>) -> Result<()> {
    let (rows, width) = dst.1.shape().dims2()?;
    let name = match op.activation {
        Activation::Silu => "swiglu",
        Activation::GeluTanh => "geglu",
    };
    Launch::new(&gate_up.0.device, GLU, name)
        .pointer(memory::target(&mut dst)?)
        .pointer(memory::source(gate_up)?)
        .int(width)
        .run(Grid::large(rows, width))
}

pub(in crate::ops) fn backward(
    op: &GluBackward,
    mut dst: Target<'_>,
    dh: Source<'_>,
    gate_up: Source<'_>,
) -> Result<()> {
    let (rows, width) = dh.1.shape().dims2()?;
    let name = match op.activation {
        Activation::Silu => "swiglu_backward",
        Activation::GeluTanh => "geglu_backward",
    };
    Launch::new(&gate_up.0.device, GLU, name)
        .pointer(memory::target(&mut dst)?)
        .pointer(memory::source(dh)?)
        .pointer(memory::source(gate_up)?)
        .int(width)
        .run(Grid::large(rows, width))
}
