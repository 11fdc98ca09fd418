//! NVIDIA's GPUs, opened so that candle's habits cost nothing.

use std::collections::BTreeMap;
use std::ptr;
use std::sync::{Mutex, PoisonError};

use candle_core::cuda_backend::WrapErr as _;
use candle_core::cuda_backend::cudarc::driver::sys;
use candle_core::{CudaDevice, Device, Result};

/// The GPUs that are open, by number.
static OPEN: Mutex<BTreeMap<usize, Device>> = Mutex::new(BTreeMap::new());

/// The GPU of that number; it is opened once and shared, because each opening takes memory of it.
pub(super) fn open(number: usize) -> Result<Device> {
    let mut open = OPEN.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(device) = open.get(&number) {
        return Ok(device.clone());
    }
    // A stream of its own: candle's usual one is another for each thread, and passes change threads.
    let device = Device::new_cuda_with_stream(number)?;
    let cuda = device.as_cuda_device()?;
    #[expect(
        unsafe_code,
        reason = "leaves out an event for each tensor of each kernel"
    )]
    // SAFETY: all work goes through the one stream of the device, so it is in order without events.
    unsafe {
        cuda.disable_event_tracking();
    }
    keep_memory(cuda)?;
    open.insert(number, device.clone());
    Ok(device)
}

/// Lets the driver keep memory that was freed, which it else gives back whenever the device is waited
/// for and takes anew afterwards. A device without memory pools has nothing to keep.
fn keep_memory(device: &CudaDevice) -> Result<()> {
    let stream = device.cuda_stream();
    let context = stream.context();
    context.bind_to_thread().w()?;
    let mut pool = ptr::null_mut();
    let mut threshold = u64::MAX;
    #[expect(unsafe_code, reason = "cudarc has no safe call for memory pools")]
    // SAFETY: the device is the context's, and both pointers are to numbers of the kind that the
    // driver's manual names; the pool is the device's own, which is never destroyed.
    unsafe {
        if sys::cuDeviceGetDefaultMemPool(&raw mut pool, context.cu_device())
            .result()
            .is_err()
        {
            return Ok(());
        }
        sys::cuMemPoolSetAttribute(
            pool,
            sys::CUmemPool_attribute::CU_MEMPOOL_ATTR_RELEASE_THRESHOLD,
            (&raw mut threshold).cast(),
        )
        .result()
        .w()
    }
}
