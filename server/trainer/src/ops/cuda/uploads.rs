//! Lists of numbers on the device: positions, rows, labels, segments.
//!
//! All layers of a pass read the same lists, so a list that was uploaded a while ago is not uploaded
//! again: a step then sends each of its lists once.

use std::sync::{Arc, Mutex, PoisonError};

use candle_core::cuda_backend::cudarc::driver::CudaSlice;
use candle_core::cuda_backend::{CudaDevice, DeviceId};
use candle_core::{CudaStorage, Result};

use super::memory::Pointer;

/// Lists that are kept, more than a pass needs.
const KEPT: usize = 32;

/// A list on a device.
#[derive(Clone)]
pub(super) struct Upload {
    device: DeviceId,
    numbers: Arc<[u32]>,
    slice: Arc<CudaSlice<u32>>,
}

impl Upload {
    /// Its first number; the upload must live until the kernels that read it are started.
    pub(super) fn pointer(&self) -> Pointer {
        Pointer::new(&self.slice)
    }
}

/// The lists of late, the latest last.
static LATE: Mutex<Vec<Upload>> = Mutex::new(Vec::new());

/// Numbers of 32 bits on the device; a kernel may read them as another kind of that size.
pub(super) fn upload(device: &CudaDevice, numbers: &[u32]) -> Result<Upload> {
    let mut late = LATE.lock().unwrap_or_else(PoisonError::into_inner);
    let is_it = |upload: &Upload| upload.device == device.id() && *upload.numbers == *numbers;
    if let Some(place) = late.iter().rposition(is_it) {
        let found = late.remove(place);
        late.push(found.clone());
        return Ok(found);
    }
    // Memory of no numbers has no address.
    let padded = if numbers.is_empty() { &[0] } else { numbers };
    let fresh = Upload {
        device: device.id(),
        numbers: numbers.into(),
        slice: Arc::new(device.clone_htod(padded)?),
    };
    if late.len() == KEPT {
        late.remove(0);
    }
    late.push(fresh.clone());
    Ok(fresh)
}

/// The same on the device of a storage.
pub(super) fn beside(storage: &CudaStorage, numbers: &[u32]) -> Result<Upload> {
    upload(&storage.device, numbers)
}
