//! Joins an operation with its CUDA body, which is in `cuda`.

/// Defines `cuda_fwd` of an operation with one, two or three tensors: it calls a function of `cuda`
/// with the operation and each storage with its layout. Without the feature it defines nothing, and
/// candle refuses the operation by name.
macro_rules! on_cuda {
    (1, $module:ident::$body:ident) => {
        #[cfg(feature = "cuda")]
        fn cuda_fwd(
            &self,
            dst: &mut candle_core::CudaStorage,
            dst_layout: &candle_core::Layout,
        ) -> candle_core::Result<()> {
            crate::ops::cuda::$module::$body(self, (dst, dst_layout))
        }
    };
    (2, $module:ident::$body:ident) => {
        #[cfg(feature = "cuda")]
        fn cuda_fwd(
            &self,
            dst: &mut candle_core::CudaStorage,
            dst_layout: &candle_core::Layout,
            src: &candle_core::CudaStorage,
            src_layout: &candle_core::Layout,
        ) -> candle_core::Result<()> {
            crate::ops::cuda::$module::$body(self, (dst, dst_layout), (src, src_layout))
        }
    };
    (3, $module:ident::$body:ident) => {
        #[cfg(feature = "cuda")]
        fn cuda_fwd(
            &self,
            dst: &mut candle_core::CudaStorage,
            dst_layout: &candle_core::Layout,
            one: &candle_core::CudaStorage,
            one_layout: &candle_core::Layout,
            other: &candle_core::CudaStorage,
            other_layout: &candle_core::Layout,
        ) -> candle_core::Result<()> {
            crate::ops::cuda::$module::$body(
                self,
                (dst, dst_layout),
                (one, one_layout),
                (other, other_layout),
            )
        }
    };
}
pub(super) use on_cuda;
