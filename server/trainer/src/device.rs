//! Where to compute, by name.

#[cfg(feature = "cuda")]
mod cuda;

pub use candle_core::Device;
use candle_core::Tensor;

use crate::error::{Result, TrainerError};
pub use crate::ops::multiplies_bfloat16;

/// The device of a configuration: `auto` takes the first GPU if there is one, `cpu` the processor,
/// `cuda:N` that GPU.
///
/// # Errors
/// [`TrainerError::Config`] for another name, or a GPU that is not there or that this build cannot
/// use.
pub fn open(name: &str) -> Result<Device> {
    let refuse = |reason: String| TrainerError::Config {
        field: "device",
        reason,
    };
    match name {
        "cpu" => Ok(Device::Cpu),
        "auto" => Ok(gpu(0).unwrap_or(Device::Cpu)),
        _ => {
            let number = name
                .strip_prefix("cuda:")
                .and_then(|number| number.parse().ok());
            let number = number.ok_or_else(|| {
                refuse(format!(
                    "`{name}` is no device: use `auto`, `cpu`, or `cuda:0` and so on"
                ))
            })?;
            gpu(number).map_err(|error| {
                refuse(format!("cannot use {name}: {error}; `cpu` works anywhere"))
            })
        }
    }
}

/// Memory of a GPU in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GpuMemory {
    /// All there is.
    pub total: usize,
    /// What nothing uses, or only this program's pool of freed memory holds.
    pub free: usize,
}

/// What memory a GPU has; `None` for the processor, and where the driver does not tell.
pub fn gpu_memory(device: &Device) -> Option<GpuMemory> {
    match device {
        #[cfg(feature = "cuda")]
        Device::Cuda(device) => cuda::memory(device).ok(),
        _ => None,
    }
}

/// The same numbers in the processor's memory: of a part of a larger tensor only its own, where candle
/// brings all of the larger one along.
pub(crate) fn on_processor(tensor: &Tensor) -> candle_core::Result<Tensor> {
    if tensor.device().is_cpu() {
        return Ok(tensor.clone());
    }
    tensor.force_contiguous()?.to_device(&Device::Cpu)
}

#[cfg(feature = "cuda")]
fn gpu(number: usize) -> candle_core::Result<Device> {
    cuda::open(number)
}

#[cfg(not(feature = "cuda"))]
fn gpu(_: usize) -> candle_core::Result<Device> {
    candle_core::bail!(
        "this program was built without CUDA (`cargo xtask cuda` builds one with it)"
    )
}

#[cfg(test)]
mod tests {
    use super::open;

    #[test]
    fn a_device_is_opened_by_name_and_a_wrong_name_says_what_is_right() {
        assert!(open("cpu").unwrap().is_cpu());
        assert!(open("auto").is_ok());
        let error = open("gpu").unwrap_err().to_string();
        assert!(
            error.contains("device") && error.contains("cuda:0"),
            "{error}"
        );
    }
}
