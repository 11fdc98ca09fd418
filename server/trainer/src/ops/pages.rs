//! Memory in large pages, where the system gives them to who asks.
//!
//! A processor knows the places of few pages at a time. Weights that are read once for each token
//! are in too many pages of 4 KiB for it, so that looking their places up costs a fifth of a batch's
//! time; of 2 MiB they are in few.

use candle_core::{Device, Result, Tensor, WithDType, bail};
use half::bf16;

use super::cpu;

/// The numbers of some tensors of one kind on one device, one behind the other, `[n]`.
pub fn joined(tensors: &[Tensor]) -> Result<Tensor> {
    if tensors.iter().any(|tensor| !tensor.device().is_cpu()) {
        let flat = tensors.iter().map(Tensor::flatten_all);
        return Tensor::cat(&flat.collect::<Result<Vec<_>>>()?, 0);
    }
    match tensors.first().map(Tensor::dtype) {
        Some(candle_core::DType::BF16) => joined_of::<bf16>(tensors),
        _ => joined_of::<f32>(tensors),
    }
}

fn joined_of<T: WithDType>(tensors: &[Tensor]) -> Result<Tensor> {
    let count = tensors.iter().map(Tensor::elem_count).sum();
    let mut numbers = Vec::with_capacity(count);
    ask(&mut numbers);
    for tensor in tensors {
        let (storage, layout) = tensor.storage_and_layout();
        match &*storage {
            candle_core::Storage::Cpu(storage) => {
                numbers.extend_from_slice(cpu::source_of::<T>(storage, layout)?);
            }
            _ => bail!("tensors of several devices cannot be joined"),
        }
    }
    Tensor::from_vec(numbers, count, &Device::Cpu)
}

/// A tensor of zeros of 32 bits.
pub(super) fn zeros(count: usize, device: &Device) -> Result<Tensor> {
    if !device.is_cpu() {
        return Tensor::zeros(count, candle_core::DType::F32, device);
    }
    let mut numbers = Vec::with_capacity(count);
    ask(&mut numbers);
    numbers.resize(count, 0f32);
    Tensor::from_vec(numbers, count, device)
}

/// Asks for large pages for a vector's room that was not written to yet; without them it is slower,
/// and nothing else.
fn ask<T>(room: &mut Vec<T>) {
    #[cfg(target_os = "linux")]
    {
        const LARGE: usize = 2 << 20;
        let spare = room.spare_capacity_mut();
        let start = spare.as_mut_ptr().addr();
        let end = (start + size_of_val(spare)) / LARGE * LARGE;
        let first = start.next_multiple_of(LARGE);
        if first < end {
            #[expect(unsafe_code, reason = "takes a pointer")]
            // SAFETY: the pages lie within the vector's room, and advice changes no contents.
            let advised = unsafe {
                let place = spare.as_mut_ptr().cast::<u8>().add(first - start);
                rustix::mm::madvise(place.cast(), end - first, rustix::mm::Advice::LinuxHugepage)
            };
            if let Err(error) = advised {
                tracing::debug!(%error, "no large pages");
            }
        }
    }
    #[cfg(not(target_os = "linux"))]
    let _ = room;
}

#[cfg(test)]
mod tests {
    use candle_core::DType;

    use super::*;

    #[test]
    fn joined_numbers_are_those_of_each_tensor_in_turn() {
        for kind in [DType::F32, DType::BF16] {
            let one = Tensor::arange(0f32, 700_000.0, &Device::Cpu).unwrap();
            let one = one.to_dtype(kind).unwrap();
            let other = one.narrow(0, 5, 900).unwrap();
            let all = joined(&[one, other.clone()]).unwrap();
            assert_eq!((all.dims(), all.dtype()), ([700_900].as_slice(), kind));
            let wide = |tensor: Tensor| tensor.to_dtype(DType::F32).unwrap().to_vec1::<f32>();
            let part = all.narrow(0, 700_000, 900).unwrap();
            assert_eq!(wide(part).unwrap(), wide(other).unwrap());
        }
        let zeros = zeros(600_000, &Device::Cpu).unwrap();
        assert!(
            zeros
                .to_vec1::<f32>()
                .unwrap()
                .iter()
                .all(|zero| *zero == 0.0)
        );
    }
}
