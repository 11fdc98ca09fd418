//! A model in memory, from whichever form it has on disk.

use std::path::{Path, PathBuf};

use candle_core::Device;
use shared::training::Precision;

use super::reason::refuse;
use super::{ModelConfig, TextTokenizer, Weights, assemble, folder, gguf, hash};
use crate::data::ChatTemplate;
use crate::error::{Result, TrainerError};

/// Everything a base model brings.
#[derive(Clone, Debug)]
pub struct LoadedModel {
    /// The folder or file it was read from.
    pub path: PathBuf,
    /// Its shape.
    pub config: ModelConfig,
    /// Its frozen weights.
    pub weights: Weights,
    /// Its tokenizer.
    pub tokenizer: TextTokenizer,
    /// Its chat template; rendering fails where the model has none.
    pub template: ChatTemplate,
    /// The SHA-256 of its weight files in hexadecimal, for provenance: of the only file, or of all
    /// files joined in the order of their names.
    pub content_hash: String,
}

/// What a base model brings besides its weights.
#[derive(Clone, Debug)]
pub struct Outline {
    /// Its shape.
    pub config: ModelConfig,
    /// Its tokenizer.
    pub tokenizer: TextTokenizer,
    /// Its chat template; rendering fails where the model has none.
    pub template: ChatTemplate,
    /// The bytes of its weights if they are kept as they are ([`Precision::Quantised`]); nothing
    /// where they are not quantised by blocks.
    pub block_bytes: Option<usize>,
}

/// What a form on disk yields before its weights are read.
pub(super) struct Opened<S> {
    pub(super) config: ModelConfig,
    pub(super) tokenizer: TextTokenizer,
    pub(super) template: ChatTemplate,
    /// Where the weights come from.
    pub(super) source: S,
    /// The files that hold the weights, in the order of their names.
    pub(super) weight_files: Vec<PathBuf>,
}

/// Reads a Hugging Face folder (`config.json`, `tokenizer.json`, safetensors) or a GGUF file.
///
/// # Errors
/// [`TrainerError::Model`](crate::TrainerError::Model) names the file, the setting or the tensor
/// that is missing, damaged or not supported; [`TrainerError::Io`](crate::TrainerError::Io) where a
/// file cannot be read.
pub fn load(path: &Path, device: &Device) -> Result<LoadedModel> {
    load_in(path, device, Precision::Full)
}

/// The same with matrices in a precision of choice.
///
/// # Errors
/// As [`load`].
pub fn load_in(path: &Path, device: &Device, precision: Precision) -> Result<LoadedModel> {
    if path.is_dir() {
        finish(path, folder::open(path)?, device, precision)
    } else if path.is_file() {
        finish(path, gguf::open(path)?, device, precision)
    } else {
        Err(missing(path))
    }
}

/// Reads everything but the weights: quick, and enough to render and count rows.
///
/// # Errors
/// As [`load`].
pub fn outline(path: &Path) -> Result<Outline> {
    fn keep<S: assemble::TensorSource>(opened: Opened<S>) -> Outline {
        Outline {
            block_bytes: opened.source.block_bytes(),
            config: opened.config,
            tokenizer: opened.tokenizer,
            template: opened.template,
        }
    }
    let outline = if path.is_dir() {
        keep(folder::open(path)?)
    } else if path.is_file() {
        keep(gguf::open(path)?)
    } else {
        return Err(missing(path));
    };
    check_vocabulary(path, &outline.config, &outline.tokenizer)?;
    Ok(outline)
}

/// Reads the shape from a `config.json` alone, so that a model that is not supported is known before
/// its weights are there.
///
/// # Errors
/// As [`load`].
pub fn read_config(path: &Path) -> Result<ModelConfig> {
    folder::read_config(path)
}

fn missing(path: &Path) -> TrainerError {
    refuse(
        path,
        "there is no such file or folder; give a folder with config.json, tokenizer.json and \
         model.safetensors, or a .gguf file",
    )
}

/// Reads the weights while a second thread hashes their files.
fn finish<S: assemble::TensorSource>(
    path: &Path,
    opened: Opened<S>,
    device: &Device,
    precision: Precision,
) -> Result<LoadedModel> {
    check_vocabulary(path, &opened.config, &opened.tokenizer)?;
    let Opened {
        config,
        tokenizer,
        template,
        mut source,
        weight_files,
    } = opened;
    let (content_hash, weights) = std::thread::scope(|scope| {
        let hashing = scope.spawn(|| hash::content_hash(&weight_files));
        let weights = assemble::weights(&mut source, &config, device, precision);
        let hashed = hashing
            .join()
            .unwrap_or_else(|_| Err(refuse(path, "hashing its files failed")));
        (hashed, weights)
    });
    Ok(LoadedModel {
        path: path.to_path_buf(),
        config,
        weights: weights?,
        tokenizer,
        template,
        content_hash: content_hash?,
    })
}

/// Every token must have a row in the embedding.
fn check_vocabulary(path: &Path, config: &ModelConfig, tokenizer: &TextTokenizer) -> Result<()> {
    let largest = tokenizer.largest_id();
    if largest as usize >= config.vocab_size {
        return Err(refuse(
            path,
            format!(
                "the tokenizer has a token {largest}, but the embedding only {} rows (vocab_size); \
                 the tokenizer belongs to another model",
                config.vocab_size
            ),
        ));
    }
    Ok(())
}
