//! The backward of packed causal attention (Dao 2023, FlashAttention-2, algorithm 2).
//!
//! With `P = exp(S - lse)` and `δ = rowsum(dO ∘ O)`: `dV = Pᵀ·dO`, `dS = P ∘ (dO·Vᵀ - δ)`,
//! `dQ = dS·K/√d`, `dK = dSᵀ·Q/√d`; keys and values sum over the query heads that share them.

use candle_core::{CpuStorage, InplaceOp3, Layout, Result, Tensor};
use rayon::prelude::*;

use super::attention::{AttentionShape, QUERY_BLOCK, check_packed, tasks};
use super::cpu::{self, SharedMut};
use super::gemm::{Product, View, ViewMut, multiply};
use super::simd::{self, vectorized};

/// The gradient of [`attention`](super::attention()) by `qkv`, into `dqkv` of the same shape.
///
/// `dout` is `[T, H·d]`; `out` is what the forward wrote, with its log-sum-exp.
pub fn attention_backward(
    dqkv: &Tensor,
    dout: &Tensor,
    qkv: &Tensor,
    out: &Tensor,
    starts: &[usize],
    shape: AttentionShape,
) -> Result<()> {
    let rows = check_packed(qkv, starts, shape)?;
    cpu::expect_shape(dqkv, qkv.dims(), "the gradient of q, k and v")?;
    cpu::expect_shape(dout, &[rows, shape.width()], "the gradient of attention")?;
    cpu::expect_shape(
        out,
        &[rows * (shape.width() + shape.heads)],
        "the result of attention",
    )?;
    dqkv.inplace_op3(dout, qkv, &Backward { out, starts, shape })
}

struct Backward<'a> {
    out: &'a Tensor,
    starts: &'a [usize],
    shape: AttentionShape,
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
        let dqkv = SharedMut::new(cpu::target(dqkv, dqkv_layout)?);
        let dout = cpu::source(dout, dout_layout)?;
        let qkv = cpu::source(qkv, qkv_layout)?;
        cpu::with(self.out, |saved| {
            let (out, lse) = saved.split_at(rows * self.shape.width());
            tasks(self.starts, self.shape.kv_heads)
                .par_iter()
                .try_for_each_init(Scratch::default, |scratch, &(start, end, kv_head)| {
                    let shape = self.shape;
                    let task = Task {
                        shape,
                        qkv,
                        dout,
                        out,
                        lse,
                        start,
                        end,
                        kv_head,
                    };
                    for head in kv_head * shape.group()..(kv_head + 1) * shape.group() {
                        task.run(head, dqkv, scratch)?;
                    }
                    Ok(())
                })
        })
    }
}

#[derive(Default)]
struct Scratch {
    scores: Vec<f32>,
    gradients: Vec<f32>,
}

/// One key head of one sequence.
struct Task<'a> {
    shape: AttentionShape,
    qkv: &'a [f32],
    dout: &'a [f32],
    out: &'a [f32],
    lse: &'a [f32],
    start: usize,
    end: usize,
    kv_head: usize,
}

impl Task<'_> {
    /// Adds what one query head gives. Blocks go from the last queries to the first: the first
    /// block touched then covers all keys and writes, and the others add.
    fn run(&self, head: usize, dqkv: SharedMut, scratch: &mut Scratch) -> Result<()> {
        let first_head = head.is_multiple_of(self.shape.group());
        let blocks = (self.end - self.start).div_ceil(QUERY_BLOCK);
        for block in (0..blocks).rev() {
            let first = self.start + block * QUERY_BLOCK;
            let fresh = first_head && block + 1 == blocks;
            self.block(head, first, fresh, dqkv, scratch)?;
        }
        Ok(())
    }

    fn block(
        &self,
        head: usize,
        first: usize,
        fresh: bool,
        dqkv: SharedMut,
        scratch: &mut Scratch,
    ) -> Result<()> {
        let Self { shape, start, .. } = *self;
        let (dim, width) = (shape.head_dim, shape.qkv_width());
        let last = (first + QUERY_BLOCK).min(self.end);
        let (queries, keys) = (last - first, last - start);
        let at = |row: usize, column: usize| &self.qkv[row * width + column..];
        let q = View::rows(at(first, head * dim), queries, dim, width)?;
        let k = View::rows(at(start, shape.key_column(self.kv_head)), keys, dim, width)?;
        let v = View::rows(
            at(start, shape.value_column(self.kv_head)),
            keys,
            dim,
            width,
        )?;
        let dout_at = &self.dout[first * shape.width() + head * dim..];
        let dout = View::rows(dout_at, queries, dim, shape.width())?;

        scratch
            .scores
            .resize((queries * keys).max(scratch.scores.len()), 0.0);
        scratch
            .gradients
            .resize((queries * keys).max(scratch.gradients.len()), 0.0);
        let p = &mut scratch.scores[..queries * keys];
        let ds = &mut scratch.gradients[..queries * keys];
        let set = Product {
            accumulate: false,
            scale: 1.0,
            threads: false,
        };
        multiply(ViewMut::slice(p, queries, keys)?, q, k.transposed(), set)?;
        multiply(
            ViewMut::slice(ds, queries, keys)?,
            dout,
            v.transposed(),
            set,
        )?;
        for (index, (p, ds)) in p
            .chunks_exact_mut(keys)
            .zip(ds.chunks_exact_mut(keys))
            .enumerate()
        {
            self.softmax_row(first + index, head, p, ds);
        }

        let p = View::rows(p, queries, keys, keys)?;
        let ds = View::rows(ds, queries, keys, keys)?;
        #[expect(unsafe_code, reason = "tasks write disjoint columns of one matrix")]
        // SAFETY: the rows lie within `[T, width]`; query columns of this head and key and value
        // columns of this key head belong to this task alone, within this sequence.
        let view = |row: usize, column: usize, rows: usize| unsafe {
            ViewMut::from_pointer(dqkv.pointer().add(row * width + column), rows, dim, width)
        };
        let add = Product {
            accumulate: !fresh,
            ..set
        };
        let add_scaled = Product {
            scale: shape.scale(),
            ..add
        };
        let set_scaled = Product {
            scale: shape.scale(),
            ..set
        };
        multiply(view(first, head * dim, queries), ds, k, set_scaled)?;
        let key_column = shape.key_column(self.kv_head);
        multiply(
            view(start, key_column, keys),
            ds.transposed(),
            q,
            add_scaled,
        )?;
        let value_column = shape.value_column(self.kv_head);
        multiply(view(start, value_column, keys), p.transposed(), dout, add)
    }

    /// From scores and `dO·Vᵀ` of one row to P and dS.
    fn softmax_row(&self, row: usize, head: usize, p: &mut [f32], ds: &mut [f32]) {
        let shape = self.shape;
        let seen = row - self.start + 1;
        let span = row * shape.width() + head * shape.head_dim..;
        let (out, dout) = (&self.out[span.clone()], &self.dout[span]);
        let delta = simd::dot(&out[..shape.head_dim], &dout[..shape.head_dim]);
        simd::exp_sum(
            &mut p[..seen],
            shape.scale(),
            self.lse[row * shape.heads + head],
        );
        score_gradient(&mut ds[..seen], &p[..seen], delta);
        p[seen..].fill(0.0);
        ds[seen..].fill(0.0);
    }
}

vectorized! {
    pub(super) fn score_gradient(ds: &mut [f32], p: &[f32], delta: f32) {
        for (ds, p) in ds.iter_mut().zip(p) {
            *ds = p * (*ds - delta);
        }
    }
}
