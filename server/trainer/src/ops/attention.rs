//! Causal attention with grouped queries over packed segments, and over a cache.
//!
//! [`Segment`]s lie one after another in the rows, so nothing is padded, and what several sequences
//! begin with is there once. Rows hold `q | k | v` after the rotary embedding. The logarithm of each
//! row's sum of exponentials is kept, so that the backward needs no maxima (Dao 2023,
//! FlashAttention-2).

use std::ops::Range;

use candle_core::{CpuStorage, InplaceOp2, InplaceOp3, Layout, Result, Tensor, bail};
use rayon::prelude::*;

use super::cpu::{self, SharedMut};
use super::gemm::{Product, View, ViewMut, multiply};
use super::segments::{self, Segment, Sight};
use super::simd;

/// Query rows that are worked on together.
pub(super) const QUERY_BLOCK: usize = 96;

/// The heads of an attention layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AttentionShape {
    /// Query heads, H.
    pub heads: usize,
    /// Key and value heads, KV; divides H.
    pub kv_heads: usize,
    /// Numbers in one head.
    pub head_dim: usize,
}

impl AttentionShape {
    /// Width of a row `q | k | v`.
    pub fn qkv_width(self) -> usize {
        (self.heads + 2 * self.kv_heads) * self.head_dim
    }

    /// Width of the result.
    pub fn width(self) -> usize {
        self.heads * self.head_dim
    }

    /// Query heads that share a key head.
    pub fn group(self) -> usize {
        self.heads / self.kv_heads
    }

    /// Column of a row where the keys of a head begin.
    pub(super) fn key_column(self, kv_head: usize) -> usize {
        (self.heads + kv_head) * self.head_dim
    }

    /// Column of a row where the values of a head begin.
    pub(super) fn value_column(self, kv_head: usize) -> usize {
        (self.heads + self.kv_heads + kv_head) * self.head_dim
    }

    /// What scores are multiplied by.
    pub(super) fn scale(self) -> f32 {
        1.0 / (self.head_dim as f32).sqrt()
    }
}

/// `out = softmax(QKᵀ/√d)·V` over what each row sees; keeps the log-sum-exp.
///
/// `out` is flat with `T·H·d` numbers of the result `[T, H·d]`, then `T·H` of the log-sum-exp
/// `[T, H]`; `qkv` is `[T, (H + 2·KV)·d]`; the segments cover its rows.
pub fn attention(
    out: &Tensor,
    qkv: &Tensor,
    segments: &[Segment],
    shape: AttentionShape,
) -> Result<()> {
    let rows = check_packed(qkv, segments, shape)?;
    cpu::expect_shape(
        out,
        &[rows * (shape.width() + shape.heads)],
        "the result of attention",
    )?;
    out.inplace_op2(qkv, &Attention { segments, shape })
}

pub(super) fn check_packed(
    qkv: &Tensor,
    segments: &[Segment],
    shape: AttentionShape,
) -> Result<usize> {
    let (rows, width) = qkv.dims2()?;
    if width != shape.qkv_width() {
        bail!("rows of {width} numbers do not fit {shape:?}");
    }
    segments::check(segments, rows)?;
    Ok(rows)
}

struct Attention<'a> {
    segments: &'a [Segment],
    shape: AttentionShape,
}

impl InplaceOp2 for Attention<'_> {
    fn name(&self) -> &'static str {
        "trainer-attention"
    }

    fn cpu_fwd(
        &self,
        out: &mut CpuStorage,
        out_layout: &Layout,
        qkv: &CpuStorage,
        qkv_layout: &Layout,
    ) -> Result<()> {
        let rows = qkv_layout.dims()[0];
        let qkv = cpu::source(qkv, qkv_layout)?;
        let (out, lse) = cpu::target(out, out_layout)?.split_at_mut(rows * self.shape.width());
        let (out, lse) = (SharedMut::new(out), SharedMut::new(lse));
        segments::tasks(self.segments, self.shape.heads)
            .par_iter()
            .try_for_each_init(Vec::new, |scores, (sight, head)| {
                let task = Task {
                    shape: self.shape,
                    qkv,
                    sight,
                    head: *head,
                };
                task.run(out, lse, scores)
            })
    }
}

/// One head of one segment.
struct Task<'a> {
    shape: AttentionShape,
    qkv: &'a [f32],
    sight: &'a Sight,
    head: usize,
}

impl Task<'_> {
    fn run(&self, out: SharedMut, lse: SharedMut, scores: &mut Vec<f32>) -> Result<()> {
        let own = self.sight.own.clone();
        for first in own.clone().step_by(QUERY_BLOCK) {
            let last = (first + QUERY_BLOCK).min(own.end);
            self.block(first..last, out, lse, scores)?;
        }
        Ok(())
    }

    fn block(
        &self,
        rows: Range<usize>,
        out: SharedMut,
        lse: SharedMut,
        scores: &mut Vec<f32>,
    ) -> Result<()> {
        let Self {
            shape, sight, head, ..
        } = *self;
        let (width, dim) = (shape.qkv_width(), shape.head_dim);
        let kv_head = head / shape.group();
        let (ranges, queries) = (sight.ranges(rows.end), rows.len());
        let seen = sight.height + rows.start - sight.own.start;
        let keys = seen + queries;
        scores.resize((queries * keys).max(scores.len()), 0.0);
        let scores = &mut scores[..queries * keys];
        let at = |row: usize, column: usize| &self.qkv[row * width + column..];
        let q = View::rows(at(rows.start, head * dim), queries, dim, width)?;
        let set = Product {
            accumulate: false,
            scale: 1.0,
            threads: false,
        };
        let mut column = 0;
        for range in &ranges {
            let first = at(range.start, shape.key_column(kv_head));
            let k = View::rows(first, range.len(), dim, width)?;
            let part = ViewMut::columns(scores, queries, keys, column..column + range.len())?;
            multiply(part, q, k.transposed(), set)?;
            column += range.len();
        }
        for (index, row) in scores.chunks_exact_mut(keys).enumerate() {
            let sum = causal_softmax(row, seen + index + 1, shape.scale());
            #[expect(unsafe_code, reason = "tasks write disjoint columns of one matrix")]
            // SAFETY: row and head lie within `[T, H]`, and only this task has this head of this
            // segment.
            unsafe {
                let place = (rows.start + index) * shape.heads + head;
                lse.pointer().add(place).write(sum);
            }
        }
        let mut column = 0;
        for range in &ranges {
            #[expect(unsafe_code, reason = "tasks write disjoint columns of one matrix")]
            // SAFETY: the rows lie within `[T, H·d]`, and only this task has this head of this
            // segment.
            let dst = unsafe {
                let pointer = out.pointer().add(rows.start * shape.width() + head * dim);
                ViewMut::from_pointer(pointer, queries, dim, shape.width())
            };
            let v = View::rows(
                at(range.start, shape.value_column(kv_head)),
                range.len(),
                dim,
                width,
            )?;
            let how = Product {
                accumulate: column > 0,
                ..set
            };
            multiply(
                dst,
                View::rows(&scores[column..], queries, range.len(), keys)?,
                v,
                how,
            )?;
            column += range.len();
        }
        Ok(())
    }
}

/// Turns the first `seen` scores into probabilities and the others into zero; returns the
/// log-sum-exp of the scaled scores.
fn causal_softmax(row: &mut [f32], seen: usize, scale: f32) -> f32 {
    let (seen, hidden) = row.split_at_mut(seen);
    let shift = simd::maximum(seen) * scale;
    let sum = simd::exp_sum(seen, scale, shift);
    simd::scale(seen, 1.0 / sum);
    hidden.fill(0.0);
    shift + sum.ln()
}

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
                let span = start..start + length * dim;
                attend_one(out, q, &keys[span.clone()], &values[span], scores);
            });
        Ok(())
    }
}

fn attend_one(out: &mut [f32], q: &[f32], keys: &[f32], values: &[f32], scores: &mut Vec<f32>) {
    let dim = q.len();
    scores.clear();
    scores.extend(keys.chunks_exact(dim).map(|key| simd::dot(q, key)));
    causal_softmax(scores, keys.len() / dim, 1.0 / (dim as f32).sqrt());
    out.fill(0.0);
    for (weight, value) in scores.iter().zip(values.chunks_exact(dim)) {
        add_scaled(out, value, *weight);
    }
}

super::simd::vectorized! {
    pub(super) fn add_scaled(out: &mut [f32], value: &[f32], weight: f32) {
        for (out, value) in out.iter_mut().zip(value) {
            *out += value * weight;
        }
    }
}
