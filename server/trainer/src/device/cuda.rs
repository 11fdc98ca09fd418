//! NVIDIA's GPUs, opened so that candle's habits cost nothing.

use std::collections::BTreeMap;
use std::ptr;
use std::sync::{Mutex, PoisonError};

use candle_core::cuda_backend::WrapErr as _;
use candle_core::cuda_backend::cudarc::driver::sys;
use candle_core::{CudaDevice, Device, Result};

use super::GpuMemory;

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
    let Some(pool) = pool(device)? else {
        return Ok(());
    };
    let mut threshold = u64::MAX;
    #[expect(unsafe_code, reason = "cudarc has no safe call for memory pools")]
    // SAFETY: the pool is the device's own, which is never destroyed, and the pointer is to a number
    // of the kind that the driver's manual names.
    unsafe {
        sys::cuMemPoolSetAttribute(
            pool,
            sys::CUmemPool_attribute::CU_MEMPOOL_ATTR_RELEASE_THRESHOLD,
            (&raw mut threshold).cast(),
        )
        .result()
        .w()
    }
}

/// What memory there is, and how much of it is free or in the pool.
pub(super) fn memory(device: &CudaDevice) -> Result<GpuMemory> {
    let stream = device.cuda_stream();
    let (free, total) = stream.context().mem_get_info().w()?;
    let held = match pool(device)? {
        Some(pool) => {
            let [reserved, used] = [
                sys::CUmemPool_attribute::CU_MEMPOOL_ATTR_RESERVED_MEM_CURRENT,
                sys::CUmemPool_attribute::CU_MEMPOOL_ATTR_USED_MEM_CURRENT,
            ]
            .map(|attribute| number_of(pool, attribute));
            reserved?.saturating_sub(used?) as usize
        }
        None => 0,
    };
    Ok(GpuMemory {
        total,
        free: (free + held).min(total),
    })
}

/// The pool of a device's memory, if it has one.
fn pool(device: &CudaDevice) -> Result<Option<sys::CUmemoryPool>> {
    let stream = device.cuda_stream();
    let context = stream.context();
    context.bind_to_thread().w()?;
    let mut pool = ptr::null_mut();
    #[expect(unsafe_code, reason = "cudarc has no safe call for memory pools")]
    // SAFETY: the device is the context's, and the pointer is to a pool.
    let found = unsafe { sys::cuDeviceGetDefaultMemPool(&raw mut pool, context.cu_device()) };
    Ok(found.result().is_ok().then_some(pool))
}

fn number_of(pool: sys::CUmemoryPool, attribute: sys::CUmemPool_attribute) -> Result<u64> {
    let mut number = 0u64;
    #[expect(unsafe_code, reason = "cudarc has no safe call for memory pools")]
    // SAFETY: the pool is a device's own, which is never destroyed, and the pointer is to a number of
    // the kind that the driver's manual names for this attribute.
    unsafe { sys::cuMemPoolGetAttribute(pool, attribute, (&raw mut number).cast()) }
        .result()
        .w()?;
    Ok(number)
}
