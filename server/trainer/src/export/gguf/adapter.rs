//! LoRA adapters as GGUF, as llama.cpp takes them beside a base (`--lora`).
//!
//! The matrices are named after the tensor of the base with `.lora_a` and `.lora_b` behind, and
//! scaled by alpha and rank as here; of a rank-stabilised adapter, alpha is written so that dividing
//! it by the rank comes to the same. Rows of B follow the order that the base's rows have in GGUF. The
//! format has no place for the magnitudes of a weight-decomposed adapter (DoRA), which is refused.

use std::path::Path;

use candle_core::Device;
use candle_core::quantized::{GgmlDType, gguf_file::Value};
use shared::training::TargetModule;

use super::{in_gguf_order, metadata, paired_heads, quantise, text, write_file};
use crate::adapter::{Adapter, LoraShape, Piece, base_tensor};
use crate::error::{Result, TrainerError};
use crate::model::ModelConfig;
use crate::model::gguf::{GgufHeader, gguf_name, halves_of_heads};

const ALPHA: &str = "adapter.lora.alpha";

/// Writes an adapter in 32 bits.
///
/// # Errors
/// [`TrainerError::Config`] for a weight-decomposed adapter.
pub fn write_adapter(config: &ModelConfig, adapter: &Adapter, path: &Path) -> Result<()> {
    if adapter.shape().weight_decomposed {
        return Err(TrainerError::Config {
            field: "format",
            reason: "an adapter in GGUF cannot be weight-decomposed (DoRA): llama.cpp knows no \
                     magnitudes; export the whole model, or the adapter in PEFT's format"
                .into(),
        });
    }
    let mut metadata = metadata::general(config.architecture, "adapter");
    metadata.extend([
        ("adapter.type".to_owned(), text("lora")),
        (
            ALPHA.to_owned(),
            Value::F32(adapter.shape().scaling() * adapter.shape().rank as f32),
        ),
    ]);
    let adapter = adapter.on_processor()?;
    let mut names = Vec::new();
    let mut stored = Vec::new();
    for layer in 0..config.layers {
        for &target in &adapter.shape().targets {
            let Some((a, b)) = adapter.matrices(layer, target)? else {
                continue;
            };
            let name = base_tensor(layer, target);
            let b = in_gguf_order(&b.contiguous()?, &name, config)?;
            let stored_name = gguf_name(&name, config.architecture);
            names.extend(["lora_a", "lora_b"].map(|part| format!("{stored_name}.{part}")));
            stored.push(quantise(&a, GgmlDType::F32)?);
            stored.push(quantise(&b, GgmlDType::F32)?);
        }
    }
    let tensors: Vec<_> = names.iter().map(String::as_str).zip(stored).collect();
    write_file(path, &metadata, &tensors)
}

/// Reads what [`write_adapter`] wrote, for a base of this shape.
///
/// # Errors
/// [`TrainerError::Model`] if the file is damaged, no adapter, or one for another base.
pub fn read_adapter(path: &Path, config: &ModelConfig, device: &Device) -> Result<Adapter> {
    let mut header = GgufHeader::open(path)?;
    let architecture = header.text("general.architecture");
    if architecture != Some(config.architecture.gguf()) {
        let reason = format!("it is an adapter for {architecture:?}, not for this base");
        return Err(header.refuse(reason));
    }
    let alpha = header.needed_number(ALPHA)?;
    let stored = |layer, target: TargetModule, piece: Piece| {
        let name = gguf_name(&base_tensor(layer, target), config.architecture);
        let piece = if piece == Piece::B {
            "lora_b"
        } else {
            "lora_a"
        };
        format!("{name}.{piece}")
    };
    let infos = &header.content.tensor_infos;
    let carried = |target: &TargetModule| {
        let info = infos.get(&stored(0, *target, Piece::A))?;
        info.shape.dims().first().copied()
    };
    let targets: Vec<_> = TargetModule::ALL
        .iter()
        .copied()
        .filter(|target| carried(target).is_some())
        .collect();
    let Some(rank) = targets.first().and_then(carried) else {
        return Err(header.refuse("it holds no matrices of a LoRA adapter"));
    };
    let shape = LoraShape {
        rank,
        alpha,
        rank_stabilised: false,
        weight_decomposed: false,
        score_head: false,
        targets,
    };
    Adapter::from_matrices(config, shape, device, |layer, target, piece, dims| {
        let (found, numbers) = header.dequantise(&stored(layer, target, piece))?;
        if found != dims {
            return Err(TrainerError::Model {
                path: path.to_path_buf(),
                reason: format!(
                    "{} is {found:?} where the base needs {dims:?}",
                    stored(layer, target, piece)
                ),
            });
        }
        let heads = paired_heads(&base_tensor(layer, target), config);
        Ok(match heads.filter(|_| piece == Piece::B) {
            Some(heads) => halves_of_heads(&numbers, heads, dims[1]),
            None => numbers,
        })
    })
}
