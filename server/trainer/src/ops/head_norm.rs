//! RMSNorm of every head of queries and keys, as Qwen3 has it (after Henry et al. 2020), forward and
//! backward. The rows are those of attention: queries, keys, values.

use candle_core::{CpuStorage, InplaceOp2, Layout, Result, Tensor};

use super::attention::AttentionShape;
use super::cpu;
use super::norm::{norm_row, norm_row_backward};
use super::on_cuda::on_cuda;

/// The weights of the norms and how they apply.
#[derive(Clone, Copy, Debug)]
pub struct HeadNorm<'a> {
    /// For every head of the queries, `[d]`.
    pub query: &'a Tensor,
    /// For every head of the keys, `[d]`.
    pub key: &'a Tensor,
    /// The heads.
    pub shape: AttentionShape,
    /// Added to the mean square.
    pub eps: f64,
}

impl HeadNorm<'_> {
    /// Calls `each` for every head of queries and keys: its weight and its columns.
    fn for_heads(
        &self,
        query: &[f32],
        key: &[f32],
        mut each: impl FnMut(&[f32], std::ops::Range<usize>),
    ) {
        let AttentionShape {
            heads,
            kv_heads,
            head_dim,
            ..
        } = self.shape;
        for head in 0..heads + kv_heads {
            let weight = if head < heads { query } else { key };
            each(weight, head * head_dim..(head + 1) * head_dim);
        }
    }

    fn check(&self, one: &Tensor, other: &Tensor) -> Result<()> {
        cpu::expect_shape(one, other.dims(), "normed heads")?;
        for weight in [self.query, self.key] {
            cpu::expect_shape(weight, &[self.shape.head_dim], "the norm of a head")?;
        }
        Ok(())
    }
}

/// `dst` is `raw` with every head of queries and keys normed; values are copied. Both are
/// `[T, (H + 2·KV)·d]`.
pub fn head_norm(dst: &Tensor, raw: &Tensor, norm: HeadNorm<'_>) -> Result<()> {
    norm.check(dst, raw)?;
    dst.inplace_op2(raw, &Forward(norm))
}

/// Turns `d`, the gradient by the normed rows, into the one by `raw`, in place. Both are
/// `[T, (H + 2·KV)·d]`.
pub fn head_norm_backward(d: &Tensor, raw: &Tensor, norm: HeadNorm<'_>) -> Result<()> {
    norm.check(d, raw)?;
    d.inplace_op2(raw, &Backward(norm))
}

pub(super) struct Forward<'a>(pub(super) HeadNorm<'a>);

impl InplaceOp2 for Forward<'_> {
    fn name(&self) -> &'static str {
        "trainer-head-norm"
    }

    fn cpu_fwd(
        &self,
        dst: &mut CpuStorage,
        dst_layout: &Layout,
        raw: &CpuStorage,
        raw_layout: &Layout,
    ) -> Result<()> {
        let width = dst_layout.dims()[1];
        let raw = cpu::source(raw, raw_layout)?;
        let dst = cpu::target(dst, dst_layout)?;
        cpu::with(self.0.query, |query| {
            cpu::with(self.0.key, |key| {
                cpu::for_rows(dst, width, |row, dst| {
                    let raw = &raw[row * width..(row + 1) * width];
                    dst.copy_from_slice(raw);
                    self.0.for_heads(query, key, |weight, columns| {
                        let x = &raw[columns.clone()];
                        norm_row(&mut dst[columns], x, weight, self.0.eps as f32);
                    });
                });
                Ok(())
            })
        })
    }

    on_cuda!(2, head_norm::forward);
}

pub(super) struct Backward<'a>(pub(super) HeadNorm<'a>);

impl InplaceOp2 for Backward<'_> {
    fn name(&self) -> &'static str {
        "trainer-head-norm-backward"
    }

    fn cpu_fwd(
        &self,
        d: &mut CpuStorage,
        d_layout: &Layout,
        raw: &CpuStorage,
        raw_layout: &Layout,
    ) -> Result<()> {
        let width = d_layout.dims()[1];
        let raw = cpu::source(raw, raw_layout)?;
        let d = cpu::target(d, d_layout)?;
        cpu::with(self.0.query, |query| {
            cpu::with(self.0.key, |key| {
                cpu::for_rows(d, width, |row, d| {
                    let raw = &raw[row * width..(row + 1) * width];
                    let mut g = vec![0.0; self.0.shape.head_dim];
                    self.0.for_heads(query, key, |weight, columns| {
                        let d = &mut d[columns.clone()];
                        g.copy_from_slice(d);
                        d.fill(0.0);
                        norm_row_backward(d, &g, &raw[columns], weight, self.0.eps as f32);
                    });
                });
                Ok(())
            })
        })
    }

    on_cuda!(2, head_norm::backward);
}
