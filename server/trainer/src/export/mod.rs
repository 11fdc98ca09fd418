//! A trained model in the forms that other programs read, each checked by reading it back.
//!
//! | file | what it holds |
//! | --- | --- |
//! | `folder` | a Hugging Face folder: `config.json`, safetensors, tokenizer and template |
//! | `gguf` | a GGUF file, with tokenizer and template, whole or quantised; an adapter as GGUF |
//! | `compare` | how far the logits of the written model are from the original's |
//!
//! An adapter is folded into the weights first ([`crate::adapter::merged`]), so that a whole model
//! needs no other file. PEFT's own format is not here: it is what a run writes anyway
//! ([`crate::adapter::save`]).
//!
//! # Adding a format
//! 1. Name it in [`ModelExportFormat`] and say in [`limit`] how far its logits may be from the original's.
//! 2. Write it in [`export`]; what cannot be written exactly is an error that names it.
//! 3. `tests/parity/exports` then writes, reads and compares it; add how another program reads it to
//!    `tests/reference/check_exports.py`.

mod compare;
mod folder;
mod gguf;

use std::path::Path;

use shared::model_export::{ExportCheck, ModelExportFormat};

use crate::adapter::{Adapter, merged};
use crate::error::{Result, TrainerError};
use crate::model::{LoadedModel, load};

pub use compare::compare;
pub use folder::{Stored, write_folder};
pub use gguf::{read_adapter, write_adapter, write_gguf};

/// Writes a model, with its adapter folded in, and reads it back. `path` is a folder for the formats
/// that are one ([`ModelExportFormat::is_folder`]), else a file; it should not exist.
///
/// # Errors
/// [`TrainerError::Model`] where the format cannot hold the model, or what was read back answers
/// differently by more than [`limit`] allows; [`TrainerError::Config`] for an adapter's format
/// without an adapter.
pub fn export(
    model: &LoadedModel,
    adapter: Option<&Adapter>,
    format: ModelExportFormat,
    path: &Path,
) -> Result<ExportCheck> {
    let device = model.weights.embedding.device();
    let check = if format.is_adapter() {
        let adapter = adapter.ok_or_else(|| TrainerError::Config {
            field: "format",
            reason: format!("{format} needs an adapter; this model is a whole one"),
        })?;
        adapter.expect_answers("adapter")?;
        write_adapter(&model.config, adapter, path)?;
        let read = read_adapter(path, &model.config, device)?;
        compare((model, Some(adapter)), (model, Some(&read)))?
    } else {
        write_whole(&merged(model, adapter)?, format, path)?;
        compare((model, adapter), (&load(path, device)?, None))?
    };
    let limit = limit(format);
    if check.mean_divergence <= limit {
        return Ok(check);
    }
    Err(TrainerError::Model {
        path: path.to_path_buf(),
        reason: format!(
            "read back, it answers differently: its next tokens are {:.2e} nats from the \
             original's, more than the {limit} that {format} may be; choose a format with more bits",
            check.mean_divergence
        ),
    })
}

fn write_whole(model: &LoadedModel, format: ModelExportFormat, path: &Path) -> Result<()> {
    match format {
        ModelExportFormat::Safetensors => write_folder(model, Stored::Full, path),
        ModelExportFormat::SafetensorsBf16 => write_folder(model, Stored::Brain, path),
        gguf => write_gguf(model, gguf, path),
    }
}

/// The largest mean divergence, in nats a token, that a format may bring. What lies below was
/// measured on SmolLM2-135M (`PARITY.md`); small models suffer most from few bits.
pub const fn limit(format: ModelExportFormat) -> f64 {
    match format {
        ModelExportFormat::Safetensors | ModelExportFormat::GgufAdapter => 1e-6,
        ModelExportFormat::SafetensorsBf16 => 1e-2,
        ModelExportFormat::GgufF16 => 1e-4,
        ModelExportFormat::GgufQ8_0 => 3e-2,
        ModelExportFormat::GgufQ4KM => 0.5,
    }
}
