//! Attention of new tokens over a cache of keys and values.

use candle_core::{CpuStorage, InplaceOp3, Layout, Result, Tensor, bail};
use rayon::prelude::*;

use super::attention::{AttentionShape, masked_softmax};
use super::gemm::products;
use super::on_cuda::on_cuda;
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

pub(super) struct Cached<'a> {
    pub(super) lengths: &'a [(usize, usize)],
    pub(super) shape: AttentionShape,
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
        // One task for the heads that read the same keys and values.
        out.par_chunks_mut(shape.group() * dim)
            .enumerate()
            .for_each_init(Vec::new, |scores, (task, out)| {
                let (row, kv_head) = (task / shape.kv_heads, task % shape.kv_heads);
                let (slot, length) = self.lengths[row];
                let start = (slot * shape.kv_heads + kv_head) * capacity * dim;
                let q = &q[row * q_width + kv_head * out.len()..][..out.len()];
                let span = start + shape.hidden(length - 1) * dim..start + length * dim;
                let seen = Seen {
                    keys: &keys[span.clone()],
                    values: &values[span],
                    dim,
                };
                seen.attend(out, q, shape.scale, scores);
            });
        Ok(())
    }

    on_cuda!(3, attention::cached);
}

/// Values are read in blocks of so many positions, so that they are in the first cache for
/// all heads but the first.
const BLOCK: usize = 32;

/// The keys and values that a token sees, `[positions, d]` each.
struct Seen<'a> {
    keys: &'a [f32],
    values: &'a [f32],
    dim: usize,
}

impl Seen<'_> {
    /// Writes the attention of some heads, `[heads, d]`, with their queries.
    fn attend(&self, out: &mut [f32], q: &[f32], scale: f32, scores: &mut Vec<f32>) {
        let dim = self.dim;
        let count = self.keys.len() / dim;
        scores.resize(q.len() / dim * count, 0.0);
        products(scores, q, self.keys, dim);
        for scores in scores.chunks_exact_mut(count) {
            masked_softmax(scores, 0..count, scale);
        }
        out.fill(0.0);
        for (block, values) in self.values.chunks(BLOCK * dim).enumerate() {
            for (out, weights) in out.chunks_exact_mut(dim).zip(scores.chunks_exact(count)) {
                add_weighted(out, &weights[block * BLOCK..], values);
            }
        }
    }
}

simd::vectorized! {
    /// Adds rows, one behind the other, each times its weight.
    pub(super) fn add_weighted(out: &mut [f32], weights: &[f32], rows: &[f32]) {
        let width = out.len();
        let (chunks, rest) = out.as_chunks_mut::<{ 4 * simd::LANES }>();
        let mut first = 0;
        for sums in chunks {
            let mut lanes = *sums;
            for (weight, row) in weights.iter().zip(rows.chunks_exact(width)) {
                let row = &row[first..first + 4 * simd::LANES];
                for (sum, number) in lanes.iter_mut().zip(row) {
                    *sum += number * weight;
                }
            }
            *sums = lanes;
            first += 4 * simd::LANES;
        }
        for (weight, row) in weights.iter().zip(rows.chunks_exact(width)) {
            for (sum, number) in rest.iter_mut().zip(&row[first..]) {
                *sum += number * weight;
            }
        }
    }
}
