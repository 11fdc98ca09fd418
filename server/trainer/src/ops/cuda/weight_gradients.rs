//! Gradients of norms, biases and embeddings.

use candle_core::cuda_backend::cudarc::driver::CudaSlice;
use candle_core::{CudaDevice, Result};

use super::launch::{Grid, Launch, WARP, WEIGHT_GRADIENTS};
use super::memory::{self, Pointer, Rows, Source, Target};
use super::uploads::beside;
use crate::ops::weight_gradients::{AddScattered, ColumnSums, NormWeight};

/// Rows whose sum one block makes.
const PIECE: usize = 128;

/// Room for the sums of pieces of rows, `[pieces, width]`.
struct Sums {
    slice: CudaSlice<f64>,
    pieces: usize,
    width: usize,
}

impl Sums {
    fn new(device: &CudaDevice, rows: usize, width: usize) -> Result<Self> {
        let pieces = rows.div_ceil(PIECE);
        Ok(Self {
            slice: memory::room(device, pieces * width)?,
            pieces,
            width,
        })
    }

    fn pointer(&self) -> Pointer {
        Pointer::new(&self.slice)
    }

    /// The grid of the kernel that makes them.
    const fn grid(&self) -> Grid {
        Grid::of(self.width.div_ceil(WARP), self.pieces)
    }

    /// Adds their sum to `dst`, `[width]`.
    fn add_to(&self, device: &CudaDevice, dst: Pointer) -> Result<()> {
        Launch::new(device, WEIGHT_GRADIENTS, "add_sums")
            .pointer(dst)
            .pointer(self.pointer())
            .int(self.pieces)
            .int(self.width)
            .run(Grid::threads(self.width))
    }
}

pub(in crate::ops) fn norm_weight(
    op: &NormWeight,
    mut dw: Target<'_>,
    g: Source<'_>,
    x: Source<'_>,
) -> Result<()> {
    let device = &x.0.device;
    let (rows, size) = (x.1.dims()[0], dw.1.shape().dims1()?);
    let (g, x) = (Rows::new(g)?, Rows::new(x)?);
    let in_row = x.width / size;
    let count = rows * in_row;
    let roots = memory::room::<f32>(device, count)?;
    Launch::new(device, WEIGHT_GRADIENTS, "inverse_roots")
        .pointer(Pointer::new(&roots))
        .pointer(x.pointer)
        .float(op.eps)
        .int(count)
        .int(in_row)
        .int(size)
        .wide(x.apart)
        .run(Grid::warps(count))?;
    let sums = Sums::new(device, count, size)?;
    Launch::new(device, WEIGHT_GRADIENTS, "norm_weight_sums")
        .pointer(sums.pointer())
        .pointer(g.pointer)
        .pointer(x.pointer)
        .pointer(Pointer::new(&roots))
        .int(count)
        .int(in_row)
        .int(size)
        .int(PIECE)
        .wide(g.apart)
        .wide(x.apart)
        .run(sums.grid())?;
    sums.add_to(device, memory::target(&mut dw)?)
}

pub(in crate::ops) fn column_sums(
    _: &ColumnSums,
    mut dst: Target<'_>,
    src: Source<'_>,
) -> Result<()> {
    let (device, rows) = (&src.0.device, src.1.dims()[0]);
    let src = Rows::new(src)?;
    let sums = Sums::new(device, rows, src.width)?;
    Launch::new(device, WEIGHT_GRADIENTS, "column_sums")
        .pointer(sums.pointer())
        .pointer(src.pointer)
        .int(rows)
        .int(src.width)
        .int(PIECE)
        .wide(src.apart)
        .run(sums.grid())?;
    sums.add_to(device, memory::target(&mut dst)?)
}

pub(in crate::ops) fn add_scattered(
    op: &AddScattered<'_>,
    mut dst: Target<'_>,
    src: Source<'_>,
) -> Result<()> {
    let width = src.1.shape().dims2()?.1;
    let order = by_row(op.rows);
    let groups = groups(op.rows, &order);
    let count = groups.len() / 3;
    let (groups, order) = (beside(src.0, &groups)?, beside(src.0, &order)?);
    Launch::new(&src.0.device, WEIGHT_GRADIENTS, "add_scattered_rows")
        .pointer(memory::target(&mut dst)?)
        .pointer(memory::source(src)?)
        .pointer(groups.pointer())
        .pointer(order.pointer())
        .float(op.factor)
        .int(width)
        .run(Grid::matrix(count, width))
}

/// The places of `rows`, those of one row together, in their order.
fn by_row(rows: &[u32]) -> Vec<u32> {
    let mut order: Vec<u32> = (0..rows.len() as u32).collect();
    order.sort_by_key(|place| rows[*place as usize]);
    order
}

/// For each row that is named, where its places begin and end in `order`.
fn groups(rows: &[u32], order: &[u32]) -> Vec<u32> {
    let mut end = 0;
    let same = order.chunk_by(|one, other| rows[*one as usize] == rows[*other as usize]);
    same.flat_map(|places| {
        let first = end;
        end += places.len() as u32;
        [rows[places[0] as usize], first, end]
    })
    .collect()
}
