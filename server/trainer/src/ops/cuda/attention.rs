//! Attention forward, backward and over a cache.

use candle_core::{CudaDevice, Result, bail};

use super::launch::{ATTENTION, ATTENTION_BACKWARD, ATTENTION_CACHED, Grid, Launch, THREADS, WARP};
use super::memory::{self, Pointer, Source, Target};
use super::segments::{TILE, Tree, below};
use super::uploads::upload;
use crate::ops::attention::{Attention, AttentionShape};
use crate::ops::attention_backward::Backward;
use crate::ops::attention_cached::Cached;

/// Into how many warps' widths the kernels may split a head.
const PARTS: [usize; 5] = [1, 2, 3, 4, 8];

/// The kernel that fits a head: the fewest parts that cover it.
fn kernel(name: &str, shape: AttentionShape) -> Result<String> {
    let Some(parts) = PARTS.iter().find(|parts| **parts * WARP >= shape.head_dim) else {
        bail!(
            "heads of {} numbers are too wide for attention on CUDA, which goes up to 256; set the \
             device to cpu",
            shape.head_dim
        );
    };
    Ok(format!("{name}_{parts}"))
}

/// Adds what all kernels of attention end with.
fn with_shape(launch: Launch<'_>, shape: AttentionShape) -> Launch<'_> {
    launch
        .int(shape.heads)
        .int(shape.kv_heads)
        .int(shape.head_dim)
        .int(shape.window.unwrap_or(i32::MAX as usize))
        .float(shape.scale)
}

pub(in crate::ops) fn forward(
    op: &Attention<'_>,
    mut out: Target<'_>,
    qkv: Source<'_>,
) -> Result<()> {
    let (device, shape) = (&qkv.0.device, op.shape);
    let rows = qkv.1.dims()[0];
    let tree = Tree::new(device, op.segments)?;
    let out = memory::target(&mut out)?;
    let name = kernel("attention", shape)?;
    let launch = Launch::new(device, ATTENTION, &name)
        .pointer(out)
        .pointer(out.behind(rows * shape.width()))
        .pointer(memory::source(qkv)?)
        .pointer(tree.segments.pointer())
        .pointer(tree.tiles.pointer());
    let floats = TILE * (2 * shape.head_dim + 1);
    with_shape(launch, shape).run(Grid::of(tree.count, shape.heads).sharing(floats))
}

pub(in crate::ops) fn backward(
    op: &Backward<'_>,
    mut dqkv: Target<'_>,
    dout: Source<'_>,
    qkv: Source<'_>,
) -> Result<()> {
    let (device, shape) = (&qkv.0.device, op.shape);
    let rows = qkv.1.dims()[0];
    let tree = Tree::new(device, op.segments)?;
    let below = upload(device, &below(op.segments))?;
    let dqkv = memory::target(&mut dqkv)?;
    let (dout, qkv) = (memory::source(dout)?, memory::source(qkv)?);
    let out = memory::of_tensor(op.out, device)?;
    let lse = out.behind(rows * shape.width());
    let scratch = memory::room::<f32>(device, rows * shape.heads)?;
    let delta = Pointer::new(&scratch);
    of_rows(device, delta, out, dout, rows, shape)?;
    let start = |name| {
        Launch::new(device, ATTENTION_BACKWARD, name)
            .pointer(dqkv)
            .pointer(dout)
            .pointer(qkv)
            .pointer(lse)
            .pointer(delta)
            .pointer(tree.segments.pointer())
            .pointer(tree.tiles.pointer())
    };
    let floats = TILE * (4 * shape.head_dim + 2);
    let name = kernel("attention_queries", shape)?;
    with_shape(start(&name), shape).run(Grid::of(tree.count, shape.heads).sharing(floats))?;
    let name = kernel("attention_keys", shape)?;
    with_shape(start(&name).pointer(below.pointer()), shape)
        .run(Grid::of(tree.count, shape.kv_heads).sharing(floats))
}

/// `δ = rowsum(dO ∘ O)` for each head of each row.
fn of_rows(
    device: &CudaDevice,
    delta: Pointer,
    out: Pointer,
    dout: Pointer,
    rows: usize,
    shape: AttentionShape,
) -> Result<()> {
    Launch::new(device, ATTENTION_BACKWARD, "attention_delta")
        .pointer(delta)
        .pointer(out)
        .pointer(dout)
        .int(rows)
        .int(shape.heads)
        .int(shape.head_dim)
        .run(Grid::warps(rows * shape.heads))
}

pub(in crate::ops) fn cached(
    op: &Cached<'_>,
    mut out: Target<'_>,
    q: Source<'_>,
    cache: Source<'_>,
) -> Result<()> {
    let (device, shape) = (&q.0.device, op.shape);
    let (_, slots, _, capacity, _) = cache.1.shape().dims5()?;
    let places = op.lengths.iter();
    let places = places.flat_map(|(slot, length)| [*slot as u32, *length as u32]);
    let places = upload(device, &places.collect::<Vec<_>>())?;
    let name = kernel("attention_cached", shape)?;
    let launch = Launch::new(device, ATTENTION_CACHED, &name)
        .pointer(memory::target(&mut out)?)
        .pointer(memory::source(q)?)
        .pointer(memory::source(cache)?)
        .pointer(places.pointer())
        .int(q.1.dims()[1])
        .int(slots)
        .int(capacity);
    let floats = THREADS / WARP * shape.head_dim;
    with_shape(launch, shape).run(Grid::of(op.lengths.len(), shape.heads).sharing(floats))
}
