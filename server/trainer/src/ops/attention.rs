//! Causal attention with grouped queries over packed sequences, and over a cache.
//!
//! Sequences lie one after another in the rows, so nothing is padded: `starts` holds where each
//! begins, and one more entry for the end. Rows hold `q | k | v` after the rotary embedding. The
//! logarithm of each row's sum of exponentials is kept, so that the backward needs no maxima
//! (Dao 2023, FlashAttention-2).

use candle_core::{CpuStorage, InplaceOp2, InplaceOp3, Layout, Result, Tensor, bail};
use rayon::prelude::*;

use super::cpu::{self, SharedMut};
use super::gemm::{Product, View, ViewMut, multiply};
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

/// `out = softmax(QKᵀ/√d)·V` within each sequence, causally; keeps the log-sum-exp.
///
/// `out` is flat with `T·H·d` numbers of the result `[T, H·d]`, then `T·H` of the log-sum-exp
/// `[T, H]`; `qkv` is `[T, (H + 2·KV)·d]`; `starts` is `[sequences + 1]`, ending in T.
pub fn attention(
    out: &Tensor,
    qkv: &Tensor,
    starts: &[usize],
    shape: AttentionShape,
) -> Result<()> {
    let rows = check_packed(qkv, starts, shape)?;
    cpu::expect_shape(
        out,
        &[rows * (shape.width() + shape.heads)],
        "the result of attention",
    )?;
    out.inplace_op2(qkv, &Attention { starts, shape })
}

pub(super) fn check_packed(qkv: &Tensor, starts: &[usize], shape: AttentionShape) -> Result<usize> {
    let (rows, width) = qkv.dims2()?;
    let rising = starts.windows(2).all(|pair| pair[0] <= pair[1]);
    if width != shape.qkv_width() || !rising || starts.last() != Some(&rows) || starts[0] != 0 {
        bail!(
            "sequences {starts:?} of {shape:?} do not fit rows of {:?}",
            qkv.dims()
        );
    }
    Ok(rows)
}

/// Sequence and head of each task, with the longest sequences first.
pub(super) fn tasks(starts: &[usize], heads: usize) -> Vec<(usize, usize, usize)> {
    let mut spans: Vec<(usize, usize)> = starts
        .windows(2)
        .map(|pair| (pair[0], pair[1]))
        .filter(|(a, b)| a < b)
        .collect();
    spans.sort_by_key(|(start, end)| std::cmp::Reverse(end - start));
    spans
        .iter()
        .flat_map(|&(start, end)| (0..heads).map(move |head| (start, end, head)))
        .collect()
}

struct Attention<'a> {
    starts: &'a [usize],
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
        tasks(self.starts, self.shape.heads)
            .par_iter()
            .try_for_each_init(Vec::new, |scores, &(start, end, head)| {
                let task = Task {
                    shape: self.shape,
                    qkv,
                    start,
                    end,
                    head,
                };
                task.run(out, lse, scores)
            })
    }
}

struct Task<'a> {
    shape: AttentionShape,
    qkv: &'a [f32],
    start: usize,
    end: usize,
    head: usize,
}

impl Task<'_> {
    fn run(&self, out: SharedMut, lse: SharedMut, scores: &mut Vec<f32>) -> Result<()> {
        let Self {
            shape,
            start,
            end,
            head,
            ..
        } = *self;
        let (width, dim) = (shape.qkv_width(), shape.head_dim);
        let kv_head = head / shape.group();
        for first in (start..end).step_by(QUERY_BLOCK) {
            let last = (first + QUERY_BLOCK).min(end);
            let (queries, keys) = (last - first, last - start);
            scores.resize((queries * keys).max(scores.len()), 0.0);
            let scores = &mut scores[..queries * keys];
            let at = |row: usize, column: usize| &self.qkv[row * width + column..];
            let q = View::rows(at(first, head * dim), queries, dim, width)?;
            let k = View::rows(at(start, shape.key_column(kv_head)), keys, dim, width)?;
            let v = View::rows(at(start, shape.value_column(kv_head)), keys, dim, width)?;
            let how = Product {
                accumulate: false,
                scale: 1.0,
                threads: false,
            };
            multiply(
                ViewMut::slice(scores, queries, keys)?,
                q,
                k.transposed(),
                how,
            )?;
            for (index, row) in scores.chunks_exact_mut(keys).enumerate() {
                let sum = causal_softmax(row, first + index - start + 1, shape.scale());
                #[expect(unsafe_code, reason = "tasks write disjoint columns of one matrix")]
                // SAFETY: row and head lie within `[T, H]`, and only this task has this head of
                // this sequence.
                unsafe {
                    lse.pointer()
                        .add((first + index) * shape.heads + head)
                        .write(sum);
                }
            }
            #[expect(unsafe_code, reason = "tasks write disjoint columns of one matrix")]
            // SAFETY: the rows lie within `[T, H·d]`, and only this task has this head of this
            // sequence.
            let dst = unsafe {
                let pointer = out.pointer().add(first * shape.width() + head * dim);
                ViewMut::from_pointer(pointer, queries, dim, shape.width())
            };
            multiply(dst, View::rows(scores, queries, keys, keys)?, v, how)?;
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
