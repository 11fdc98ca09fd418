//! Gathering, scattering and adding rows.

use std::ops::Range;

use candle_core::backend::BackendStorage;
use candle_core::{CpuStorage, DType, InplaceOp1, InplaceOp2, Layout, Result, Tensor, bail};
use half::bf16;

use super::cpu;
use super::on_cuda::on_cuda;

/// `dst[i] = src[rows[i]]`: the embedding, and the rows that the loss looks at.
///
/// `dst` is `[n, D]`, `src` is `[N, D]` and may be in bfloat16.
pub fn gather_rows(dst: &Tensor, src: &Tensor, rows: &[u32]) -> Result<()> {
    let (count, width) = src.dims2()?;
    cpu::expect_shape(dst, &[rows.len(), width], "gathered rows")?;
    refuse_beyond(rows, count)?;
    dst.inplace_op2(src, &Gather { rows })
}

/// `dst[rows[i]] = factors[i] · src[i]`; other rows keep what they hold. Rows are distinct.
///
/// `dst` is `[N, D]`, `src` is `[n, D]`.
pub fn scatter_rows(dst: &Tensor, src: &Tensor, rows: &[u32], factors: &[f64]) -> Result<()> {
    let (count, width) = dst.dims2()?;
    cpu::expect_shape(src, &[rows.len(), width], "scattered rows")?;
    refuse_beyond(rows, count)?;
    if factors.len() != rows.len() {
        bail!("{} factors do not fit {} rows", factors.len(), rows.len());
    }
    dst.inplace_op2(src, &Scatter { rows, factors })
}

fn refuse_beyond(rows: &[u32], count: usize) -> Result<()> {
    match rows.iter().find(|&&row| row as usize >= count) {
        Some(row) => bail!("row or token {row} is beyond the {count} that there are"),
        None => Ok(()),
    }
}

/// `dst = src`, for matrices of one shape whose rows may lie apart.
pub fn copy_rows(dst: &Tensor, src: &Tensor) -> Result<()> {
    cpu::expect_shape(dst, src.dims(), "copied rows")?;
    dst.inplace_op2(src, &Copy)
}

/// `dst += src`.
pub fn add(dst: &Tensor, src: &Tensor) -> Result<()> {
    cpu::expect_shape(src, dst.dims(), "an addend")?;
    dst.inplace_op2(src, &Add)
}

/// `dst[i] += row` for every row.
///
/// `dst` is `[T, W]`, `row` is `[W]`.
pub fn add_to_rows(dst: &Tensor, row: &Tensor) -> Result<()> {
    cpu::expect_shape(row, &dst.dims()[1..], "what is added to rows")?;
    dst.inplace_op2(row, &AddToRows)
}

/// Every element becomes `value`.
pub fn fill(dst: &Tensor, value: f32) -> Result<()> {
    dst.inplace_op1(&Fill { value })
}

/// Puts keys and values of rows into a cache.
///
/// `cache` is `[2, slots, KV, capacity, d]`; `kv` is `[T, 2·KV·d]` (its rows may lie apart): keys,
/// then values; each of `places` says which rows go to which slot, from which position on.
pub fn store_rows(
    cache: &Tensor,
    kv: &Tensor,
    places: &[(Range<usize>, usize, usize)],
) -> Result<()> {
    let (_, slots, kv_heads, capacity, dim) = cache.dims5()?;
    let (rows, width) = kv.dims2()?;
    let fits = places.iter().all(|(span, slot, position)| {
        span.end <= rows && *slot < slots && position + span.len() <= capacity
    });
    if width != 2 * kv_heads * dim || !fits {
        bail!(
            "rows of {:?} at {places:?} do not fit a cache of {:?}",
            kv.dims(),
            cache.dims()
        );
    }
    cache.inplace_op2(kv, &Store { places })
}

pub(super) struct Gather<'a> {
    pub(super) rows: &'a [u32],
}

impl InplaceOp2 for Gather<'_> {
    fn name(&self) -> &'static str {
        "trainer-gather-rows"
    }

    fn cpu_fwd(
        &self,
        dst: &mut CpuStorage,
        dst_layout: &Layout,
        src: &CpuStorage,
        src_layout: &Layout,
    ) -> Result<()> {
        let width = src_layout.dims()[1];
        let dst = cpu::target(dst, dst_layout)?;
        let span = |row: usize| {
            let start = self.rows[row] as usize * width;
            start..start + width
        };
        if src.dtype() == DType::BF16 {
            let src = cpu::source_of::<bf16>(src, src_layout)?;
            cpu::for_rows(dst, width, |row, dst| {
                for (dst, src) in dst.iter_mut().zip(&src[span(row)]) {
                    *dst = src.to_f32();
                }
            });
        } else {
            let src = cpu::source(src, src_layout)?;
            cpu::for_rows(dst, width, |row, dst| dst.copy_from_slice(&src[span(row)]));
        }
        Ok(())
    }

    on_cuda!(2, rows::gather);
}

pub(super) struct Scatter<'a> {
    pub(super) rows: &'a [u32],
    pub(super) factors: &'a [f64],
}

impl InplaceOp2 for Scatter<'_> {
    fn name(&self) -> &'static str {
        "trainer-scatter-rows"
    }

    fn cpu_fwd(
        &self,
        dst: &mut CpuStorage,
        dst_layout: &Layout,
        src: &CpuStorage,
        src_layout: &Layout,
    ) -> Result<()> {
        let width = src_layout.dims()[1];
        let src = cpu::source(src, src_layout)?;
        let dst = cpu::target(dst, dst_layout)?;
        for ((row, factor), src) in self
            .rows
            .iter()
            .zip(self.factors)
            .zip(src.chunks_exact(width))
        {
            let (start, factor) = (*row as usize * width, *factor as f32);
            for (dst, src) in dst[start..start + width].iter_mut().zip(src) {
                *dst = factor * src;
            }
        }
        Ok(())
    }

    on_cuda!(2, rows::scatter);
}

pub(super) struct Copy;

impl InplaceOp2 for Copy {
    fn name(&self) -> &'static str {
        "trainer-copy-rows"
    }

    fn cpu_fwd(
        &self,
        dst: &mut CpuStorage,
        dst_layout: &Layout,
        src: &CpuStorage,
        src_layout: &Layout,
    ) -> Result<()> {
        let (rows, width) = dst_layout.shape().dims2()?;
        let src_all = src.as_slice::<f32>()?;
        let dst_all = cpu::floats_mut(dst)?;
        for row in 0..rows {
            let from = src_layout.start_offset() + row * src_layout.stride()[0];
            let to = dst_layout.start_offset() + row * dst_layout.stride()[0];
            dst_all[to..to + width].copy_from_slice(&src_all[from..from + width]);
        }
        Ok(())
    }

    on_cuda!(2, rows::copy);
}

pub(super) struct Add;

impl InplaceOp2 for Add {
    fn name(&self) -> &'static str {
        "trainer-add"
    }

    fn cpu_fwd(
        &self,
        dst: &mut CpuStorage,
        dst_layout: &Layout,
        src: &CpuStorage,
        src_layout: &Layout,
    ) -> Result<()> {
        let src = cpu::source(src, src_layout)?;
        cpu::for_blocks(cpu::target(dst, dst_layout)?, |first, dst| {
            for (dst, src) in dst.iter_mut().zip(&src[first..]) {
                *dst += src;
            }
        });
        Ok(())
    }

    on_cuda!(2, rows::add);
}

pub(super) struct AddToRows;

impl InplaceOp2 for AddToRows {
    fn name(&self) -> &'static str {
        "trainer-add-to-rows"
    }

    fn cpu_fwd(
        &self,
        dst: &mut CpuStorage,
        dst_layout: &Layout,
        row: &CpuStorage,
        row_layout: &Layout,
    ) -> Result<()> {
        let row = cpu::source(row, row_layout)?;
        cpu::for_rows(cpu::target(dst, dst_layout)?, row.len(), |_, dst| {
            for (dst, added) in dst.iter_mut().zip(row) {
                *dst += added;
            }
        });
        Ok(())
    }

    on_cuda!(2, rows::add_to_rows);
}

pub(super) struct Fill {
    pub(super) value: f32,
}

impl InplaceOp1 for Fill {
    fn name(&self) -> &'static str {
        "trainer-fill"
    }

    fn cpu_fwd(&self, dst: &mut CpuStorage, layout: &Layout) -> Result<()> {
        cpu::for_blocks(cpu::target(dst, layout)?, |_, dst| dst.fill(self.value));
        Ok(())
    }

    on_cuda!(1, rows::fill);
}

pub(super) struct Store<'a> {
    pub(super) places: &'a [(Range<usize>, usize, usize)],
}

impl InplaceOp2 for Store<'_> {
    fn name(&self) -> &'static str {
        "trainer-store-rows"
    }

    fn cpu_fwd(
        &self,
        cache: &mut CpuStorage,
        cache_layout: &Layout,
        kv: &CpuStorage,
        kv_layout: &Layout,
    ) -> Result<()> {
        let dims = cache_layout.dims().to_vec();
        let (slots, heads, capacity, dim) = (dims[1], dims[2], dims[3], dims[4]);
        let cache = cpu::target(cache, cache_layout)?;
        let all = kv.as_slice::<f32>()?;
        for (span, slot, position) in self.places {
            for (offset, row) in span.clone().enumerate() {
                let start = kv_layout.start_offset() + row * kv_layout.stride()[0];
                let row = &all[start..start + 2 * heads * dim];
                for (index, head) in row.chunks_exact(dim).enumerate() {
                    let (part, head_index) = (index / heads, index % heads);
                    let block = (part * slots + slot) * heads + head_index;
                    let to = (block * capacity + position + offset) * dim;
                    cache[to..to + dim].copy_from_slice(head);
                }
            }
        }
        Ok(())
    }

    on_cuda!(2, rows::store);
}
