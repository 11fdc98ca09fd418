//! Attention forward, backward and over a cache.

use candle_core::{CudaDevice, Result, bail};

use super::launch::{
    ATTENTION, ATTENTION_BACKWARD, ATTENTION_CACHED, ATTENTION_TENSOR, ATTENTION_TENSOR_BACKWARD,
    Grid, Launch, Module, THREADS, WARP,
};
use super::memory::{self, Pointer, Source, Target};
use super::segments::{KeyWork, Tree};
use super::uploads::upload;
use crate::ops::attention::{Attention, AttentionShape};
use crate::ops::attention_backward::Backward;
use crate::ops::attention_cached::Cached;

/// Into how many warps' widths the kernels may split a head.
const PARTS: [usize; 5] = [1, 2, 3, 4, 8];
/// The widths of heads that the kernels for tensor cores are made for; they take narrower ones too.
const WIDTHS: [usize; 2] = [64, 128];

/// Which kernels work on a head.
#[derive(Clone, Copy)]
enum Way {
    /// Those in 32 bits, which split a head into so many parts.
    Plain(usize),
    /// Those in 16 bits on tensor cores, for heads of so many numbers or fewer.
    Tensor(usize),
}

impl Way {
    /// Those that fit a head best.
    fn of(shape: AttentionShape) -> Result<Self> {
        let width = WIDTHS.iter().find(|width| **width >= shape.head_dim);
        match width {
            // Numbers are read in pairs.
            Some(width) if shape.rounded && shape.head_dim.is_multiple_of(2) => {
                Ok(Self::Tensor(*width))
            }
            _ => Self::plain(shape),
        }
    }

    /// Those in 32 bits: with the fewest parts that cover a head.
    fn plain(shape: AttentionShape) -> Result<Self> {
        let Some(parts) = PARTS.iter().find(|parts| **parts * WARP >= shape.head_dim) else {
            bail!(
                "heads of {} numbers are too wide for attention on CUDA, which goes up to 256; set \
                 the device to cpu",
                shape.head_dim
            );
        };
        Ok(Self::Plain(*parts))
    }

    /// Rows of a tile; `TILE` of `attention.cuh` and `OWN_ROWS` of `attention_tensor.cuh`.
    const fn tile(self) -> usize {
        match self {
            Self::Plain(_) => 32,
            Self::Tensor(_) => 64,
        }
    }

    /// Words of shared memory of the kernels for the forward, for queries and for keys.
    const fn words(self, shape: AttentionShape) -> [usize; 3] {
        match self {
            Self::Plain(_) => {
                let (dim, apart) = (shape.head_dim, shape.head_dim + 1);
                let backward = self.tile() * 2 * (dim + apart);
                [self.tile() * (dim + apart), backward, backward]
            }
            Self::Tensor(width) => {
                // Of a row as it is, with the gap behind, and of one in tiles of columns.
                let (straight, flipped) = (width / 2 + 4, width / 2);
                let keys = if width <= 64 { 64 } else { 32 };
                [
                    64 * (straight + flipped),
                    keys * (2 * straight + flipped),
                    (2 * 64 + 2 * 32) * straight + 2 * 32 * flipped,
                ]
            }
        }
    }

    /// Blocks that start one after another have the same tile, so that the tiles with most work start
    /// first for all heads.
    const fn grid(self, heads: usize, tiles: usize) -> Grid {
        match self {
            Self::Plain(_) => Grid::of(heads, tiles),
            Self::Tensor(_) => Grid::of(heads, tiles).by(4 * WARP),
        }
    }

    fn name(self, suffix: &str) -> String {
        match self {
            Self::Plain(parts) => format!("attention{suffix}_{parts}"),
            Self::Tensor(width) => format!("attention_tensor{suffix}_{width}"),
        }
    }

    const fn modules(self) -> (Module, Module) {
        match self {
            Self::Plain(_) => (ATTENTION, ATTENTION_BACKWARD),
            Self::Tensor(_) => (ATTENTION_TENSOR, ATTENTION_TENSOR_BACKWARD),
        }
    }
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
    let way = Way::of(shape)?;
    let tree = Tree::new(device, op.segments, way.tile())?;
    let out = memory::target(&mut out)?;
    let name = way.name("");
    let launch = Launch::new(device, way.modules().0, &name)
        .pointer(out)
        .pointer(out.behind(rows * shape.width()))
        .pointer(memory::source(qkv)?)
        .pointer(tree.segments.pointer())
        .pointer(tree.tiles.pointer());
    let [words, ..] = way.words(shape);
    with_shape(launch, shape).run(way.grid(shape.heads, tree.count).sharing(words))
}

pub(in crate::ops) fn backward(
    op: &Backward<'_>,
    mut dqkv: Target<'_>,
    dout: Source<'_>,
    qkv: Source<'_>,
) -> Result<()> {
    let (device, shape) = (&qkv.0.device, op.shape);
    let rows = qkv.1.dims()[0];
    let way = Way::of(shape)?;
    let tree = Tree::new(device, op.segments, way.tile())?;
    let work = KeyWork::new(device, op.segments, way.tile())?;
    let dqkv = memory::target(&mut dqkv)?;
    let (dout, qkv) = (memory::source(dout)?, memory::source(qkv)?);
    let out = memory::of_tensor(op.out, device)?;
    let lse = out.behind(rows * shape.width());
    let scratch = memory::room::<f32>(device, rows * shape.heads)?;
    let delta = Pointer::new(&scratch);
    of_rows(device, delta, out, dout, rows, shape)?;
    let start = |name| {
        Launch::new(device, way.modules().1, name)
            .pointer(dqkv)
            .pointer(dout)
            .pointer(qkv)
            .pointer(lse)
            .pointer(delta)
            .pointer(tree.segments.pointer())
    };
    let [_, of_queries, of_keys] = way.words(shape);
    let name = way.name("_queries");
    let launch = start(&name).pointer(tree.tiles.pointer());
    with_shape(launch, shape).run(way.grid(shape.heads, tree.count).sharing(of_queries))?;

    let numbers = work.parts * shape.kv_heads * way.tile() * 2 * shape.head_dim;
    let room = memory::room::<f32>(device, numbers)?;
    let parts = Pointer::new(&room);
    let name = way.name("_keys");
    let launch = start(&name)
        .pointer(work.pieces.pointer())
        .pointer(work.below.pointer())
        .pointer(parts);
    with_shape(launch, shape).run(way.grid(shape.kv_heads, work.count).sharing(of_keys))?;
    let launch = Launch::new(device, ATTENTION_BACKWARD, "attention_key_parts")
        .pointer(dqkv)
        .pointer(parts)
        .pointer(tree.segments.pointer())
        .pointer(work.sums.pointer())
        .int(way.tile());
    with_shape(launch, shape).run(Grid::of(shape.kv_heads, work.shared))
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
    let name = Way::plain(shape)?.name("_cached");
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
