//! A model in Hugging Face's form: a folder with `config.json`, `tokenizer.json` and safetensors.

mod config;
mod file;
mod rope;
mod shards;
mod tokenizer;

use std::path::Path;

use serde_json::Value;

use super::ModelConfig;
use super::loaded::Opened;
use super::reason::{read_text, refuse};
use crate::error::Result;

pub(super) use shards::Shards;

/// Reads everything but the weights.
pub(super) fn open(folder: &Path) -> Result<Opened<Shards>> {
    let mut config = config::parse(&folder.join("config.json"), &json(folder, "config.json")?)?;
    let (tokenizer, template) = tokenizer::read(folder)?;
    config::add_stop_tokens(
        &mut config,
        optional_json(folder, "generation_config.json")?,
    );
    let eos = tokenizer.special().eos.as_deref();
    if let Some(eos) = eos.and_then(|token| tokenizer.token_id(token)) {
        config.add_stop_token(eos);
    }
    let source = Shards::open(folder, config.architecture)?;
    Ok(Opened {
        config,
        tokenizer,
        template,
        weight_files: source.files(),
        source,
    })
}

/// Reads the shape from a `config.json` alone.
pub(super) fn read_config(path: &Path) -> Result<ModelConfig> {
    let folder = path.parent().unwrap_or(path);
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    config::parse(path, &json(folder, &name)?)
}

fn json(folder: &Path, name: &str) -> Result<Value> {
    optional_json(folder, name)?.ok_or_else(|| {
        refuse(
            folder,
            format!("{name} is missing; a model folder needs it beside its safetensors"),
        )
    })
}

fn optional_json(folder: &Path, name: &str) -> Result<Option<Value>> {
    let path = folder.join(name);
    if !path.is_file() {
        return Ok(None);
    }
    serde_json::from_str(&read_text(&path)?)
        .map(Some)
        .map_err(|error| refuse(&path, format!("it is no JSON: {error}")))
}
