//! The kernels: forward and backward of each operation.
