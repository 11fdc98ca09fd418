//! Pointers into tensors on the device.
//!
//! A pointer is good for kernels that are started while its tensor lives: memory is freed on the
//! stream that they run on, behind them.

use candle_core::cuda_backend::CudaDType;
use candle_core::cuda_backend::cudarc::driver::{CudaSlice, DevicePtr as _, DeviceRepr};
use candle_core::{CudaDevice, CudaStorage, Layout, Result, Storage, Tensor, bail};

/// What an operation writes, with its layout.
pub(in crate::ops) type Target<'a> = (&'a mut CudaStorage, &'a Layout);
/// What an operation reads, with its layout.
pub(in crate::ops) type Source<'a> = (&'a CudaStorage, &'a Layout);

/// The address of a number on the device.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pointer(u64);

impl Pointer {
    /// The first number of a slice.
    pub(super) fn new<T>(slice: &CudaSlice<T>) -> Self {
        let (address, _) = slice.device_ptr(slice.stream());
        Self(address)
    }

    /// The number so many floats behind.
    pub(super) const fn behind(self, floats: usize) -> Self {
        Self(self.0 + (floats * size_of::<f32>()) as u64)
    }

    /// The address.
    pub(super) const fn address(self) -> u64 {
        self.0
    }
}

/// The first number of a tensor, whatever its strides.
pub(super) fn first<T: CudaDType>((storage, layout): Source<'_>) -> Result<Pointer> {
    let start = (layout.start_offset() * size_of::<T>()) as u64;
    let Pointer(address) = Pointer::new(storage.as_cuda_slice::<T>()?);
    Ok(Pointer(address + start))
}

/// The first number of a contiguous source.
pub(super) fn source_of<T: CudaDType>(source: Source<'_>) -> Result<Pointer> {
    if !source.1.is_contiguous() {
        bail!("an operation of the trainer needs a contiguous source");
    }
    first::<T>(source)
}

/// The first number of a contiguous f32 source.
pub(super) fn source(source: Source<'_>) -> Result<Pointer> {
    source_of::<f32>(source)
}

/// The first number of a contiguous f32 destination.
pub(super) fn target((storage, layout): &mut Target<'_>) -> Result<Pointer> {
    source((storage, layout))
}

/// The first number of a contiguous f32 tensor on a device, which must be the one given.
pub(super) fn of_tensor(tensor: &Tensor, device: &CudaDevice) -> Result<Pointer> {
    let (storage, layout) = tensor.storage_and_layout();
    match &*storage {
        Storage::Cuda(storage) if storage.device.id() == device.id() => source((storage, layout)),
        _ => bail!("an operation of the trainer mixes devices"),
    }
}

/// Room for numbers, at least one, with arbitrary contents.
pub(super) fn room<T: DeviceRepr>(device: &CudaDevice, count: usize) -> Result<CudaSlice<T>> {
    #[expect(unsafe_code, reason = "takes memory as its last user left it")]
    // SAFETY: whoever takes it writes all of it before reading.
    unsafe {
        device.alloc(count.max(1))
    }
}

/// A matrix of f32 whose rows may lie apart.
pub(super) struct Rows {
    pub(super) pointer: Pointer,
    /// Numbers of a row.
    pub(super) width: usize,
    /// From the beginning of a row to that of the next.
    pub(super) apart: usize,
}

impl Rows {
    pub(super) fn new((storage, layout): Source<'_>) -> Result<Self> {
        let (_, width) = layout.shape().dims2()?;
        if layout.stride()[1] != 1 && width > 1 {
            bail!("an operation of the trainer needs whole rows");
        }
        Ok(Self {
            pointer: first::<f32>((storage, layout))?,
            width,
            apart: layout.stride()[0],
        })
    }
}
