//! Where the fixtures are, and how they are read.

use std::collections::HashMap;
use std::path::PathBuf;

use candle_core::{Device, Tensor};
use serde_json::Value;
use shared::training::TargetModule;
use trainer::data::TokenizedRow;
use trainer::model::{LoadedModel, Matrix, load};

/// A file or folder that `tests/reference/generate.py` made.
pub(crate) fn fixture(name: &str) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    folder.join("tests/reference/fixtures").join(name)
}

/// A JSON fixture.
pub(crate) fn json(name: &str) -> Value {
    let text = std::fs::read_to_string(fixture(name)).unwrap();
    serde_json::from_str(&text).unwrap()
}

/// A safetensors fixture.
pub(crate) fn tensors(name: &str) -> HashMap<String, Tensor> {
    candle_core::safetensors::load(fixture(name), &Device::Cpu).unwrap()
}

/// The random Llama with two blocks.
pub(crate) fn tiny() -> LoadedModel {
    load(&fixture("tiny-llama"), &Device::Cpu).unwrap()
}

/// The GGUF file of SmolLM2-135M-Instruct, if the environment names it; else says that the test is
/// passed over.
#[expect(clippy::print_stderr, reason = "a test that is passed over says so")]
pub(crate) fn smollm2(test: &str) -> Option<PathBuf> {
    let path = std::env::var_os("TEMPER_TEST_MODEL").map(PathBuf::from);
    if path.is_none() {
        eprintln!("{test} is passed over: TEMPER_TEST_MODEL names no GGUF file");
    }
    path
}

/// A list of whole numbers.
pub(crate) fn ids(value: &Value) -> Vec<u32> {
    let all = value.as_array().unwrap().iter();
    all.map(|id| u32::try_from(id.as_u64().unwrap()).unwrap())
        .collect()
}

/// A sequence with its mask, as the scripts write them.
pub(crate) fn row(value: &Value) -> TokenizedRow {
    TokenizedRow {
        tokens: ids(&value["ids"]),
        loss_mask: ids(&value["mask"]).iter().map(|bit| *bit == 1).collect(),
    }
}

/// All numbers of an f32 tensor.
pub(crate) fn numbers(tensor: &Tensor) -> Vec<f32> {
    tensor.flatten_all().unwrap().to_vec1().unwrap()
}

/// All numbers of a frozen matrix.
pub(crate) fn entries(matrix: &Matrix) -> Vec<f32> {
    numbers(&matrix.numbers().unwrap())
}

/// The largest difference, by the largest number of `theirs`.
pub(crate) fn relative_error(ours: &[f32], theirs: &[f32]) -> f64 {
    assert_eq!(ours.len(), theirs.len());
    let differences = ours.iter().zip(theirs);
    let largest = theirs.iter().map(|number| number.abs()).fold(0.0, f32::max);
    let worst = differences.map(|(one, other)| (f64::from(*one) - f64::from(*other)).abs());
    worst.fold(0.0, f64::max) / f64::from(largest)
}

/// Where a linear layer stands in PEFT's files.
pub(crate) fn place(layer: usize, target: TargetModule) -> String {
    let target = target.as_str();
    let part = if matches!(target, "gate_proj" | "up_proj" | "down_proj") {
        "mlp"
    } else {
        "self_attn"
    };
    format!("base_model.model.model.layers.{layer}.{part}.{target}")
}
