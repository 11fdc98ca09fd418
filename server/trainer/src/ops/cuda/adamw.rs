//! The optimizer's update, and the norm of gradients.

use candle_core::{CudaStorage, Result, Shape};

use super::launch::{ADAMW, Grid, Launch};
use super::memory::{self, Pointer, Source, Target};
use crate::ops::adamw::{Moments, SumOfSquares, Update};

/// Numbers whose squares one block adds up.
const PIECE: usize = 1 << 14;

pub(in crate::ops) fn moments(
    op: &Moments,
    mut moments: Target<'_>,
    gradients: Source<'_>,
) -> Result<()> {
    let count = gradients.1.shape().elem_count();
    Launch::new(&gradients.0.device, ADAMW, "adamw_moments")
        .pointer(memory::target(&mut moments)?)
        .pointer(memory::source(gradients)?)
        .wide(count)
        .float(op.step.gradient_scale as f32)
        .float((1.0 - op.step.beta1) as f32)
        .float(op.step.beta2 as f32)
        .float((1.0 - op.step.beta2) as f32)
        .run(Grid::threads(count))
}

pub(in crate::ops) fn update(
    op: &Update,
    mut parameters: Target<'_>,
    moments: Source<'_>,
) -> Result<()> {
    let count = parameters.1.shape().elem_count();
    let [keep, size, root, epsilon] = op.factors()?;
    Launch::new(&moments.0.device, ADAMW, "adamw_update")
        .pointer(memory::target(&mut parameters)?)
        .pointer(memory::source(moments)?)
        .wide(count)
        .wide(op.step.decaying)
        .float(keep)
        .float(size)
        .float(root)
        .float(epsilon)
        .run(Grid::threads(count))
}

pub(in crate::ops) fn sum_of_squares(
    _: &SumOfSquares,
    values: Source<'_>,
) -> Result<(CudaStorage, Shape)> {
    let device = &values.0.device;
    let count = values.1.shape().elem_count();
    let pieces = count.div_ceil(PIECE);
    let sums = memory::room::<f64>(device, pieces)?;
    let sum = memory::room::<f64>(device, 1)?;
    Launch::new(device, ADAMW, "sums_of_squares")
        .pointer(Pointer::new(&sums))
        .pointer(memory::source(values)?)
        .wide(count)
        .int(PIECE)
        .run(Grid::blocks(pieces))?;
    Launch::new(device, ADAMW, "sum_of_sums")
        .pointer(Pointer::new(&sum))
        .pointer(Pointer::new(&sums))
        .int(pieces)
        .run(Grid::blocks(1))?;
    let sum = CudaStorage::wrap_cuda_slice(sum, device.clone());
    Ok((sum, Shape::from(())))
}
