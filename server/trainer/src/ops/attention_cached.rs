//! Attention of new tokens over a cache of keys and values.

use candle_core::{CpuStorage, InplaceOp3, Layout, Result, Tensor, bail};
use rayon::prelude::*;

use super::attention::{AttentionShape, add_scaled, masked_softmax};
use super::{cpu, simd};

/// Attention of new tokens over a cache that holds their keys and values already, those of the
/// tokens before them included.
///
/// `out` is `[n, H·d]`; `q` is `[n, width]` with the queries first; `cache` is
/// `[2, slots, KV, capacity, d]`, keys then values; `lengths` says for each row which slot it
/// reads and how many positions of it.
pub fn attention_cached(
    out: &Tensor,
    q: &Tensor,
    cache: &Tensor,
    lengths: &[(usize, usize)],
    shape: AttentionShape,
) -> Result<()> {
    let (two, slots, kv_heads, capacity, dim) = cache.dims5()?;
    let fits = lengths
        .iter()
        .all(|&(slot, length)| slot < slots && (1..=capacity).contains(&length));
    if two != 2 || kv_heads != shape.kv_heads || dim != shape.head_dim || !fits {
        bail!(
            "a cache of {:?} does not fit {shape:?} and {lengths:?}",
            cache.dims()
        );
    }
    if q.dims2()?.0 != lengths.len() || q.dims2()?.1 < shape.width() {
        bail!(
            "queries of {:?} do not fit {} rows",
            q.dims(),
            lengths.len()
        );
    }
    cpu::expect_shape(
        out,
        &[lengths.len(), shape.width()],
        "the result of attention",
    )?;
    out.inplace_op3(q, cache, &Cached { lengths, shape })
}

struct Cached<'a> {
    lengths: &'a [(usize, usize)],
    shape: AttentionShape,
}

impl InplaceOp3 for Cached<'_> {
    fn name(&self) -> &'static str {
        "trainer-attention-cached"
    }

    fn cpu_fwd(
        &self,
        out: &mut CpuStorage,
        out_layout: &Layout,
        q: &CpuStorage,
        q_layout: &Layout,
        cache: &CpuStorage,
        cache_layout: &Layout,
    ) -> Result<()> {
        let (shape, dims) = (self.shape, cache_layout.dims());
        let (slots, capacity, dim) = (dims[1], dims[3], dims[4]);
        let q_width = q_layout.dims()[1];
        let q = cpu::source(q, q_layout)?;
        let (keys, values) =
            cpu::source(cache, cache_layout)?.split_at(slots * shape.kv_heads * capacity * dim);
        let out = cpu::target(out, out_layout)?;
        out.par_chunks_mut(dim)
            .enumerate()
            .for_each_init(Vec::new, |scores, (task, out)| {
                let (row, head) = (task / shape.heads, task % shape.heads);
                let (slot, length) = self.lengths[row];
                let start = (slot * shape.kv_heads + head / shape.group()) * capacity * dim;
                let q = &q[row * q_width + head * dim..][..dim];
                let span = start + shape.hidden(length - 1) * dim..start + length * dim;
                let (keys, values) = (&keys[span.clone()], &values[span]);
                attend_one(out, q, keys, values, shape.scale, scores);
            });
        Ok(())
    }
}

fn attend_one(
    out: &mut [f32],
    q: &[f32],
    keys: &[f32],
    values: &[f32],
    scale: f32,
    scores: &mut Vec<f32>,
) {
    let dim = q.len();
    scores.clear();
    scores.extend(keys.chunks_exact(dim).map(|key| simd::dot(q, key)));
    masked_softmax(scores, 0..keys.len() / dim, scale);
    out.fill(0.0);
    for (weight, value) in scores.iter().zip(values.chunks_exact(dim)) {
        add_scaled(out, value, *weight);
    }
}
