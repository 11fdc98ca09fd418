//! The kernels: forward and backward of each operation.
//!
//! Every operation writes into a tensor that already exists, so that the engine can take its
//! buffers from a [`Pool`] and no step allocates what the step before it gave back. Each is a
//! candle in-place operation with a body for the CPU and, with the feature `cuda`, one for NVIDIA's
//! GPUs, which `on_cuda!` names in the same `impl`. Nothing here knows of layers, models or losses: that is the engine's.
//!
//! | file | what it holds |
//! | --- | --- |
//! | `pool`, `pages` | buffers that return to their pool when dropped; large pages |
//! | `gemm` | matrix products, with strides, scale and accumulation |
//! | `norm`, `head_norm`, `rope`, `glu`, `attention` | the parts of a block |
//! | `attention_cached` | attention of new tokens over a cache |
//! | `segments` | which rows of a batch see which |
//! | `rows`, `scale` | gathering, scattering, adding and scaling rows |
//! | `blocks` | quantised weights, widened where they are multiplied |
//! | `head` | one vocabulary tile of the output head |
//! | `weight_gradients` | gradients of norms, biases and embeddings |
//! | `decompose` | lengths of rows apart from their directions |
//! | `dropout` | zeroing by a counter-based random generator |
//! | `adamw` | the optimizer's update, and norms |
//! | `cpu`, `simd` | slices of tensors, threads, vector instructions |
//! | `cuda`, `on_cuda` | the bodies for CUDA |
//!
//! # Adding an operation
//! 1. Write the arithmetic of one row as a `vectorized!` function in its own file; it sees slices
//!    only, and must not depend on how many threads there are.
//! 2. Wrap it in a struct that implements `InplaceOp1`, `2` or `3`; what does not fit as a source
//!    is a field of the struct. Read storage through `cpu::source` and `cpu::target`, which
//!    refuse what is not contiguous f32 (of frozen weights, bfloat16).
//! 3. Add a function that checks shapes and applies it, with its formula in the doc comment.
//! 4. Test the backward against candle's autograd in f64.
//! 5. Write its body for CUDA, as `cuda/mod.rs` says.

mod adamw;
mod attention;
mod attention_backward;
mod attention_cached;
mod blocks;
mod cpu;
#[cfg(feature = "cuda")]
mod cuda;
mod decompose;
mod dropout;
mod gemm;
mod glu;
mod head;
mod head_norm;
mod norm;
mod on_cuda;
mod pages;
mod pool;
mod rope;
mod rows;
mod scale;
mod segments;
mod simd;
mod weight_gradients;

pub use adamw::{AdamStep, adamw_moments, adamw_update, sum_of_squares};
pub use attention::{AttentionShape, attention};
pub use attention_backward::attention_backward;
pub use attention_cached::attention_cached;
pub use blocks::Blocks;
pub use decompose::{add_column_products, row_norms, scale_columns};
pub use dropout::{DropoutKey, dropout, dropped};
pub use gemm::{Products, gemm_add, linear, multiplies_bfloat16};
pub use glu::{glu, glu_backward};
pub use head::{
    HEAD_STATISTICS, HeadTile, LabelStatistics, head_finish, head_rescale, head_tile,
    head_tile_backward,
};
pub use head_norm::{HeadNorm, head_norm, head_norm_backward};
pub use norm::{rms_norm, rms_norm_backward_add};
pub use pages::joined;
pub use pool::{Buffer, Pool};
pub use rope::{RopeTable, rope};
pub use rows::{add, add_to_rows, copy_rows, fill, gather_rows, scatter_rows, store_rows};
pub use scale::scale;
pub use segments::Segment;
pub use weight_gradients::{add_column_sums, add_scattered_rows, rms_norm_weight_backward_add};
