//! Causal attention with grouped queries over packed segments, of all that is before or of a window
//! (Beltagy et al. 2020, Longformer).
//!
//! [`Segment`]s lie one after another in the rows, so nothing is padded, and what several sequences
//! begin with is there once. Rows hold `q | k | v` after the rotary embedding. The logarithm of each
//! row's sum of exponentials is kept, so that the backward needs no maxima (Dao 2023,
//! FlashAttention-2).

use std::ops::Range;

use candle_core::{CpuStorage, InplaceOp2, Layout, Result, Tensor, bail};
use rayon::prelude::*;

use super::cpu::{self, SharedMut};
use super::gemm::{Product, View, ViewMut, multiply};
use super::on_cuda::on_cuda;
use super::segments::{self, Segment, Sight};
use super::simd;

/// Query rows that are worked on together.
pub(super) const QUERY_BLOCK: usize = 96;

/// The heads of an attention layer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AttentionShape {
    /// Query heads, H.
    pub heads: usize,
    /// Key and value heads, KV; divides H.
    pub kv_heads: usize,
    /// Numbers in one head.
    pub head_dim: usize,
    /// What scores are multiplied by.
    pub scale: f32,
    /// How many rows each row sees, itself included; absent for all before it.
    pub window: Option<usize>,
    /// Whether a GPU may round what it multiplies, as its tensor cores take it. The processor has 32
    /// bits here in any case, and attention over a cache too.
    pub rounded: bool,
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

    /// How many positions the row at a position does not see, though they are before it.
    pub(super) fn hidden(self, position: usize) -> usize {
        self.window
            .map_or(0, |window| (position + 1).saturating_sub(window))
    }
}

/// `out = softmax(s·QKᵀ)·V` over what each row sees; keeps the log-sum-exp.
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

pub(super) struct Attention<'a> {
    pub(super) segments: &'a [Segment],
    pub(super) shape: AttentionShape,
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

    on_cuda!(2, attention::forward);
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
        // Columns begin at the first position that any of these rows sees.
        let position = sight.height + rows.start - sight.own.start;
        let hidden = shape.hidden(position);
        let (ranges, queries) = (sight.ranges(hidden, rows.end), rows.len());
        let keys = position + queries - hidden;
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
            let position = position + index;
            let seen = shape.hidden(position) - hidden..position + 1 - hidden;
            let sum = masked_softmax(row, seen, shape.scale);
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

/// Turns the scores in `seen` into probabilities and the others into zero; returns the log-sum-exp
/// of the scaled scores.
pub(super) fn masked_softmax(row: &mut [f32], seen: Range<usize>, scale: f32) -> f32 {
    row[..seen.start].fill(0.0);
    row[seen.end..].fill(0.0);
    let seen = &mut row[seen];
    let shift = simd::maximum(seen) * scale;
    let sum = simd::exp_sum(seen, scale, shift);
    simd::scale(seen, 1.0 / sum);
    shift + sum.ln()
}

super::simd::vectorized! {
    pub(super) fn add_scaled(out: &mut [f32], value: &[f32], weight: f32) {
        for (out, value) in out.iter_mut().zip(value) {
            *out += value * weight;
        }
    }
}
