//! The backward of packed causal attention (Dao 2023, FlashAttention-2, algorithm 2).
//!
//! With `P = exp(S - lse)` and `δ = rowsum(dO ∘ O)`: `dV = Pᵀ·dO`, `dS = P ∘ (dO·Vᵀ - δ)`,
//! `dQ = s·dS·K`, `dK = s·dSᵀ·Q`; keys and values sum over the query heads that share them.
//!
//! Each segment is a task for each key head. What it gives to the keys and values of the segments
//! above it goes into a part of its own first; the parts are added up afterwards, in the order of
//! the tasks, so that no sum depends on the threads.

use std::ops::Range;

use candle_core::{CpuStorage, InplaceOp3, Layout, Result, Tensor};
use rayon::prelude::*;

use super::attention::{AttentionShape, QUERY_BLOCK, add_scaled, check_packed};
use super::cpu::{self, SharedMut};
use super::gemm::{Product, View, ViewMut, multiply};
use super::on_cuda::on_cuda;
use super::segments::{self, Segment, Sight};
use super::simd::{self, vectorized};

/// The gradient of [`attention`](super::attention()) by `qkv`, into `dqkv` of the same shape.
///
/// `dout` is `[T, H·d]`; `out` is what the forward wrote, with its log-sum-exp.
pub fn attention_backward(
    dqkv: &Tensor,
    dout: &Tensor,
    qkv: &Tensor,
    out: &Tensor,
    segments: &[Segment],
    shape: AttentionShape,
) -> Result<()> {
    let rows = check_packed(qkv, segments, shape)?;
    cpu::expect_shape(dqkv, qkv.dims(), "the gradient of q, k and v")?;
    cpu::expect_shape(dout, &[rows, shape.width()], "the gradient of attention")?;
    cpu::expect_shape(
        out,
        &[rows * (shape.width() + shape.heads)],
        "the result of attention",
    )?;
    let backward = Backward {
        out,
        segments,
        shape,
    };
    dqkv.inplace_op3(dout, qkv, &backward)
}

pub(super) struct Backward<'a> {
    pub(super) out: &'a Tensor,
    pub(super) segments: &'a [Segment],
    pub(super) shape: AttentionShape,
}

impl InplaceOp3 for Backward<'_> {
    fn name(&self) -> &'static str {
        "trainer-attention-backward"
    }

    fn cpu_fwd(
        &self,
        dqkv: &mut CpuStorage,
        dqkv_layout: &Layout,
        dout: &CpuStorage,
        dout_layout: &Layout,
        qkv: &CpuStorage,
        qkv_layout: &Layout,
    ) -> Result<()> {
        let rows = qkv_layout.dims()[0];
        let dqkv = cpu::target(dqkv, dqkv_layout)?;
        let dout = cpu::source(dout, dout_layout)?;
        let qkv = cpu::source(qkv, qkv_layout)?;
        let shape = self.shape;
        if shape.window.is_some() {
            // The block of rows that writes first does not see all keys.
            dqkv.fill(0.0);
        }
        let tasks = segments::tasks(self.segments, shape.kv_heads);
        // What each task gives to the keys and values above its segment: rows of `dK | dV`.
        let part = |(sight, _): &(Sight, usize)| vec![0.0; sight.height * 2 * shape.head_dim];
        let mut parts: Vec<Vec<f32>> = tasks.iter().map(part).collect();
        let shared = SharedMut::new(dqkv);
        cpu::with(self.out, |saved| {
            let (out, lse) = saved.split_at(rows * shape.width());
            tasks.par_iter().zip(&mut parts).try_for_each_init(
                Scratch::default,
                |scratch, ((sight, kv_head), above)| {
                    let mut task = Task {
                        shape,
                        qkv,
                        dout,
                        out,
                        lse,
                        sight,
                        kv_head: *kv_head,
                        above,
                    };
                    for head in kv_head * shape.group()..(kv_head + 1) * shape.group() {
                        task.run(head, shared, scratch)?;
                    }
                    Ok(())
                },
            )
        })?;
        for (task, part) in tasks.iter().zip(&parts) {
            add_above(dqkv, task, part, shape);
        }
        Ok(())
    }

    on_cuda!(3, attention::backward);
}

/// Adds a task's part to the gradients of the rows above its segment.
fn add_above(
    dqkv: &mut [f32],
    (sight, kv_head): &(Sight, usize),
    part: &[f32],
    shape: AttentionShape,
) {
    let (dim, width) = (shape.head_dim, shape.qkv_width());
    let rows = sight.above.iter().cloned().flatten();
    for (row, part) in rows.zip(part.chunks_exact(2 * dim)) {
        let (keys, values) = part.split_at(dim);
        let to = &mut dqkv[row * width..(row + 1) * width];
        add_scaled(&mut to[shape.key_column(*kv_head)..], keys, 1.0);
        add_scaled(&mut to[shape.value_column(*kv_head)..], values, 1.0);
    }
}

#[derive(Default)]
struct Scratch {
    scores: Vec<f32>,
    gradients: Vec<f32>,
}

/// One key head of one segment.
struct Task<'a> {
    shape: AttentionShape,
    qkv: &'a [f32],
    dout: &'a [f32],
    out: &'a [f32],
    lse: &'a [f32],
    sight: &'a Sight,
    kv_head: usize,
    /// The part for what is above, `[height, 2·d]`.
    above: &'a mut [f32],
}

impl Task<'_> {
    /// Adds what one query head gives. Blocks go from the last queries to the first: the first block
    /// touched covers all keys, or the last window of them, and writes, and the others add.
    fn run(&mut self, head: usize, dqkv: SharedMut, scratch: &mut Scratch) -> Result<()> {
        let first_head = head.is_multiple_of(self.shape.group());
        let own = self.sight.own.clone();
        let blocks = own.len().div_ceil(QUERY_BLOCK);
        for block in (0..blocks).rev() {
            let first = own.start + block * QUERY_BLOCK;
            let fresh = first_head && block + 1 == blocks;
            let rows = first..(first + QUERY_BLOCK).min(own.end);
            self.block(head, rows, fresh, dqkv, scratch)?;
        }
        Ok(())
    }

    fn block(
        &mut self,
        head: usize,
        rows: Range<usize>,
        fresh: bool,
        dqkv: SharedMut,
        scratch: &mut Scratch,
    ) -> Result<()> {
        let (shape, sight) = (self.shape, self.sight);
        let (dim, width, kv_head) = (shape.head_dim, shape.qkv_width(), self.kv_head);
        let (key_column, value_column) = (shape.key_column(kv_head), shape.value_column(kv_head));
        let queries = rows.len();
        // Columns begin at the first position that any of these rows sees.
        let position = sight.height + rows.start - sight.own.start;
        let hidden = shape.hidden(position);
        let keys = position + queries - hidden;
        let at = |row: usize, column: usize| &self.qkv[row * width + column..];
        let q = View::rows(at(rows.start, head * dim), queries, dim, width)?;
        let dout = &self.dout[rows.start * shape.width() + head * dim..];
        let dout = View::rows(dout, queries, dim, shape.width())?;
        let size = queries * keys;
        scratch.scores.resize(size.max(scratch.scores.len()), 0.0);
        scratch
            .gradients
            .resize(size.max(scratch.gradients.len()), 0.0);
        let p = &mut scratch.scores[..size];
        let ds = &mut scratch.gradients[..size];
        let set = Product {
            accumulate: false,
            scale: 1.0,
            threads: false,
        };
        let ranges = sight.ranges(hidden, rows.end);
        let mut column = 0;
        for range in &ranges {
            let columns = column..column + range.len();
            let k = View::rows(at(range.start, key_column), range.len(), dim, width)?;
            let v = View::rows(at(range.start, value_column), range.len(), dim, width)?;
            let part = ViewMut::columns(p, queries, keys, columns.clone())?;
            multiply(part, q, k.transposed(), set)?;
            let part = ViewMut::columns(ds, queries, keys, columns)?;
            multiply(part, dout, v.transposed(), set)?;
            column += range.len();
        }
        for (index, (p, ds)) in p
            .chunks_exact_mut(keys)
            .zip(ds.chunks_exact_mut(keys))
            .enumerate()
        {
            let position = position + index;
            let seen = shape.hidden(position) - hidden..position + 1 - hidden;
            self.softmax_row(rows.start + index, head, seen, p, ds);
        }

        #[expect(unsafe_code, reason = "tasks write disjoint columns of one matrix")]
        // SAFETY: the rows lie within `[T, width]`; query columns of this head and key and value
        // columns of this key head belong to this task alone, within this segment.
        let view = |row: usize, column: usize, rows: usize| unsafe {
            ViewMut::from_pointer(dqkv.pointer().add(row * width + column), rows, dim, width)
        };
        let scaled = Product {
            scale: shape.scale,
            ..set
        };
        let mut column = 0;
        for range in &ranges {
            let how = Product {
                accumulate: column > 0,
                ..scaled
            };
            let ds = View::rows(&ds[column..], queries, range.len(), keys)?;
            let k = View::rows(at(range.start, key_column), range.len(), dim, width)?;
            multiply(view(rows.start, head * dim, queries), ds, k, how)?;
            column += range.len();
        }

        let add = |how: Product| Product {
            accumulate: !fresh,
            ..how
        };
        let height = sight.height.saturating_sub(hidden);
        if height > 0 {
            let p = View::rows(p, queries, height, keys)?;
            let ds = View::rows(ds, queries, height, keys)?;
            let above = &mut self.above[hidden * 2 * dim..];
            let part = ViewMut::columns(above, height, 2 * dim, 0..dim)?;
            multiply(part, ds.transposed(), q, add(scaled))?;
            let part = ViewMut::columns(above, height, 2 * dim, dim..2 * dim)?;
            multiply(part, p.transposed(), dout, add(set))?;
        }
        let own = keys - height;
        let p = View::rows(&p[height..], queries, own, keys)?;
        let ds = View::rows(&ds[height..], queries, own, keys)?;
        let start = rows.end - own;
        multiply(
            view(start, key_column, own),
            ds.transposed(),
            q,
            add(scaled),
        )?;
        multiply(
            view(start, value_column, own),
            p.transposed(),
            dout,
            add(set),
        )
    }

    /// From scores and `dO·Vᵀ` of one row, which sees some of the keys, to P and dS.
    fn softmax_row(
        &self,
        row: usize,
        head: usize,
        seen: Range<usize>,
        p: &mut [f32],
        ds: &mut [f32],
    ) {
        let shape = self.shape;
        let span = row * shape.width() + head * shape.head_dim..;
        let (out, dout) = (&self.out[span.clone()], &self.dout[span]);
        let delta = simd::dot(&out[..shape.head_dim], &dout[..shape.head_dim]);
        let lse = self.lse[row * shape.heads + head];
        simd::exp_sum(&mut p[seen.clone()], shape.scale, lse);
        score_gradient(&mut ds[seen.clone()], &p[seen.clone()], delta);
        for row in [p, ds] {
            row[..seen.start].fill(0.0);
            row[seen.end..].fill(0.0);
        }
    }
}

vectorized! {
    pub(super) fn score_gradient(ds: &mut [f32], p: &[f32], delta: f32) {
        for (ds, p) in ds.iter_mut().zip(p) {
            *ds = p * (*ds - delta);
        }
    }
}
