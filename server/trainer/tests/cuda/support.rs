//! Devices, numbers and comparisons.

use std::path::PathBuf;

use candle_core::{DType, Device, Result, Shape, Tensor};
use trainer::device;

/// The largest difference in 32 bits, by the largest number.
pub(crate) const FULL: f64 = 1e-4;
/// The same where products are in bfloat16.
pub(crate) const BRAIN: f64 = 2e-2;

/// The first GPU; where there is none, says that the test is passed over.
#[expect(clippy::print_stderr, reason = "a test that is passed over says so")]
pub(crate) fn gpu(test: &str) -> Option<Device> {
    match device::open("cuda:0") {
        Ok(device) => Some(device),
        Err(error) => {
            let is_required = std::env::var_os("TEST_REQUIRE_CUDA").is_some();
            assert!(!is_required, "TEST_REQUIRE_CUDA is set, but: {error}");
            eprintln!("{test} is passed over: {error}");
            None
        }
    }
}

/// A file or folder of the fixtures, wherever this program was built.
pub(crate) fn fixture(name: &str) -> PathBuf {
    let folder = std::env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from);
    let folder = folder.unwrap_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")));
    folder.join("tests/reference/fixtures").join(name)
}

/// Numbers from -1 to 1 that follow no pattern of a kernel.
pub(crate) fn values(count: usize, seed: usize) -> Vec<f32> {
    let number = |at: usize| ((at * 7919 + seed * 104_729) % 2003) as f32 / 1001.0 - 1.0;
    (0..count).map(number).collect()
}

/// The same as a tensor.
pub(crate) fn numbers(shape: impl Into<Shape>, seed: usize, device: &Device) -> Tensor {
    let shape = shape.into();
    let values = values(shape.elem_count(), seed);
    Tensor::from_vec(values, shape, device).unwrap()
}

/// All numbers of a tensor, on the processor.
pub(crate) fn read(tensor: &Tensor) -> Vec<f32> {
    let flat = tensor.to_dtype(DType::F32).unwrap().contiguous().unwrap();
    flat.flatten_all().unwrap().to_vec1().unwrap()
}

/// The largest difference, by the largest number of `theirs`; not a number where one is none.
pub(crate) fn error_of(ours: &[f32], theirs: &[f32]) -> f64 {
    assert_eq!(ours.len(), theirs.len());
    let largest = theirs
        .iter()
        .map(|number| number.abs())
        .fold(1e-30, f32::max);
    let larger = |one: f64, other: f64| {
        if one.is_nan() || one >= other {
            one
        } else {
            other
        }
    };
    let pairs = ours.iter().zip(theirs);
    let differences = pairs.map(|(one, other)| f64::from((one - other).abs()));
    differences.fold(0.0, larger) / f64::from(largest)
}

/// Tells and refuses what differs too much.
#[expect(clippy::print_stdout, reason = "what was measured is for PARITY.md")]
pub(crate) fn close(what: &str, ours: &[f32], theirs: &[f32], limit: f64) {
    let error = error_of(ours, theirs);
    println!("{what}: {error:.1e}");
    assert!(error <= limit, "{what} differ by {error:e}");
}

/// Does the same on the processor and, twice, on the GPU: the results are close, and the GPU's two
/// are equal.
pub(crate) fn compare(
    test: &str,
    limit: f64,
    compute: impl Fn(&Device) -> Result<Vec<(&'static str, Tensor)>>,
) {
    let Some(gpu) = gpu(test) else {
        return;
    };
    let theirs = compute(&Device::Cpu).unwrap();
    let (ours, again) = (compute(&gpu).unwrap(), compute(&gpu).unwrap());
    for ((what, ours), ((_, theirs), (_, again))) in ours.iter().zip(theirs.iter().zip(&again)) {
        let numbers = read(ours);
        close(&format!("{test}: {what}"), &numbers, &read(theirs), limit);
        let bits = |numbers: &[f32]| numbers.iter().map(|x| x.to_bits()).collect::<Vec<_>>();
        assert!(
            bits(&numbers) == bits(&read(again)),
            "{what} differ from time to time"
        );
    }
}
