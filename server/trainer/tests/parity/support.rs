//! Where the fixtures are, and how they are read.

use std::collections::HashMap;
use std::path::PathBuf;

use candle_core::{Device, Tensor};
use serde_json::Value;
use trainer::model::{LoadedModel, load};

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
