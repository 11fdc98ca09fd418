//! GGUF files: whole models, and adapters alone.
//!
//! | file | what it holds |
//! | --- | --- |
//! | `metadata` | the shape of a model as GGUF's metadata |
//! | `tokenizer` | its tokenizer and template, the same way |
//! | `types` | which type each tensor is stored as |
//! | `adapter` | LoRA adapters, as llama.cpp takes them beside a base |
//!
//! Writing and quantising are candle's. Quantised weights are chosen without an importance matrix.

mod adapter;
mod metadata;
mod tokenizer;
mod types;

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

use candle_core::quantized::gguf_file::{self, Value};
use candle_core::quantized::{GgmlDType, QTensor};
use candle_core::{Device, Tensor};
use rayon::prelude::*;
use shared::model_export::ModelExportFormat;

use crate::device;
use crate::error::{Result, TrainerError};
use crate::model::gguf::{FREQUENCY_FACTORS, frequency_factors, gguf_name, pairs_of_heads};
use crate::model::{LoadedModel, ModelConfig, RopeScaling, named_tensors};

pub use adapter::{read_adapter, write_adapter};

/// Metadata in the order in which it is written.
type Metadata = Vec<(String, Value)>;

/// Writes a model with its tokenizer and template as one file.
///
/// # Errors
/// [`TrainerError::Model`] where GGUF cannot hold its tokenizer; [`TrainerError::Config`] for a
/// format that is no whole GGUF model.
pub fn write_gguf(model: &LoadedModel, format: ModelExportFormat, path: &Path) -> Result<()> {
    let mut metadata = metadata::of_model(model, format)?;
    metadata.extend(tokenizer::metadata(model)?);
    let tensors = tensors(model)?;
    let stored = tensors
        .par_iter()
        .map(|(name, tensor)| {
            let kind = types::of_tensor(format, name, tensor.dims(), &model.config)?;
            Ok((name.as_str(), quantise(tensor, kind)?))
        })
        .collect::<Result<Vec<_>>>()?;
    write_file(path, &metadata, &stored)
}

/// All tensors under GGUF's names, rows of queries and keys in GGUF's order.
fn tensors(model: &LoadedModel) -> Result<Vec<(String, Tensor)>> {
    let config = &model.config;
    let mut tensors = named_tensors(&model.weights)?
        .into_iter()
        .map(|(name, tensor)| {
            let tensor = in_gguf_order(&device::on_processor(&tensor)?, &name, config)?;
            Ok((gguf_name(&name, config.architecture), tensor))
        })
        .collect::<Result<Vec<_>>>()?;
    if let Some(RopeScaling::Llama3(scaling)) = config.rope_scaling {
        let factors = frequency_factors(config, scaling);
        let factors: Vec<f32> = factors.iter().map(|factor| *factor as f32).collect();
        let factors = Tensor::new(factors, &Device::Cpu)?;
        tensors.push((FREQUENCY_FACTORS.to_owned(), factors));
    }
    Ok(tensors)
}

/// How many heads the rows of a tensor hold in pairs, named as by Hugging Face: those of queries and
/// keys, where the architecture has it so.
fn paired_heads(name: &str, config: &ModelConfig) -> Option<usize> {
    let (module, _) = name.rsplit_once('.')?;
    let heads = if module.ends_with("q_proj") {
        config.heads
    } else if module.ends_with("k_proj") {
        config.kv_heads
    } else {
        return None;
    };
    config.architecture.pairs_in_gguf().then_some(heads)
}

/// A query's or key's rows, `[heads * d, columns]`, as llama.cpp rotates them; others as they are.
fn in_gguf_order(tensor: &Tensor, name: &str, config: &ModelConfig) -> Result<Tensor> {
    let Some(heads) = paired_heads(name, config) else {
        return Ok(tensor.clone());
    };
    let numbers = tensor.flatten_all()?.to_vec1::<f32>()?;
    let columns = tensor.dims().get(1).copied().unwrap_or(1);
    let numbers = pairs_of_heads(&numbers, heads, columns);
    Ok(Tensor::from_vec(numbers, tensor.shape(), &Device::Cpu)?)
}

fn quantise(tensor: &Tensor, kind: GgmlDType) -> Result<QTensor> {
    // candle quantises the whole storage, also what a view leaves out.
    Ok(QTensor::quantize(&tensor.force_contiguous()?, kind)?)
}

/// Writes a file and waits until the disk has it.
fn write_file(path: &Path, metadata: &Metadata, tensors: &[(&str, QTensor)]) -> Result<()> {
    let failed = |source| TrainerError::Io {
        action: "cannot write",
        path: path.to_path_buf(),
        source,
    };
    let metadata: Vec<(&str, &Value)> = metadata
        .iter()
        .map(|(key, value)| (key.as_str(), value))
        .collect();
    let tensors: Vec<(&str, &QTensor)> = tensors
        .iter()
        .map(|(name, tensor)| (*name, tensor))
        .collect();
    let mut file = BufWriter::new(File::create(path).map_err(failed)?);
    gguf_file::write(&mut file, &metadata, &tensors)?;
    file.flush().map_err(failed)?;
    file.get_ref().sync_all().map_err(failed)
}

fn text(value: &str) -> Value {
    Value::String(value.to_owned())
}

/// A number that GGUF keeps in 32 bits.
fn count(value: usize) -> Value {
    Value::U32(u32::try_from(value).unwrap_or(u32::MAX))
}
