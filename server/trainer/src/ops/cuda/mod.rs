//! The operations on NVIDIA's GPUs: what their `cuda_fwd` calls.
//!
//! The kernels are in `kernels/*.cu`, which `build.rs` compiles to PTX; here is what starts them.
//! All work of a device goes through one stream, in order, so nothing waits but what reads a result
//! back. No kernel adds through atomics: the same input gives the same bits.
//!
//! | file | what it holds |
//! | --- | --- |
//! | `launch` | kernels with their arguments and grids |
//! | `memory` | pointers into tensors |
//! | `uploads` | lists of numbers on the device |
//! | `gemm` | products, by cuBLAS |
//! | `attention`, `segments` | attention forward, backward and over a cache, in 32 bits or on tensor cores |
//! | the others | the operations of the files of their names |
//!
//! # Adding a body
//! Write the kernel; start it from a function here that takes the operation and each storage with
//! its layout; name that function with `on_cuda!` in the operation's `impl`; compare it with the
//! processor's in `tests/cuda`. Adding an argument to a kernel? The order here is the order there,
//! and nothing checks it: whole numbers are `int` but for `wide`, which is `long long`.

pub(super) mod adamw;
pub(super) mod attention;
pub(super) mod decompose;
pub(super) mod dropout;
pub(super) mod gemm;
pub(super) mod glu;
pub(super) mod head;
pub(super) mod head_norm;
mod launch;
mod memory;
pub(super) mod norm;
pub(super) mod rope;
pub(super) mod rows;
mod segments;
mod uploads;
pub(super) mod weight_gradients;

pub(super) use self::rope::RopeOnDevice;
