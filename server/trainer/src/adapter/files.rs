//! Reading and writing adapters as PEFT does: `adapter_config.json` and
//! `adapter_model.safetensors`, with equal bytes for equal adapters.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fs;
use std::io::Write;
use std::path::Path;

use candle_core::{Device, Tensor};
use safetensors::SafeTensors;
use safetensors::tensor::{Dtype, TensorView};
use shared::training::TargetModule;

use super::config::PeftConfig;
use super::views::{Adapter, Piece};
use crate::error::{Result, TrainerError};
use crate::model::ModelConfig;

const CONFIG_FILE: &str = "adapter_config.json";
const WEIGHTS_FILE: &str = "adapter_model.safetensors";

/// Writes the two files into an existing folder, and waits until the disk has them.
pub fn save(folder: &Path, adapter: &Adapter, config: &PeftConfig) -> Result<()> {
    let json =
        serde_json::to_string_pretty(&config.to_json()).map_err(|error| TrainerError::Model {
            path: folder.to_owned(),
            reason: error.to_string(),
        })?;
    write(&folder.join(CONFIG_FILE), (json + "\n").as_bytes())?;
    write(&folder.join(WEIGHTS_FILE), &to_safetensors(adapter)?)
}

fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    let write = || {
        let mut file = fs::File::create(path)?;
        file.write_all(bytes)?;
        file.sync_all()
    };
    write().map_err(|source| TrainerError::Io {
        action: "cannot write",
        path: path.to_owned(),
        source,
    })
}

fn read(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).map_err(|source| TrainerError::Io {
        action: "cannot read",
        path: path.to_owned(),
        source,
    })
}

/// The weight that a layer's adapter belongs to, by its name in the base model.
pub fn base_tensor(layer: usize, target: TargetModule) -> String {
    let block = match target {
        TargetModule::Query | TargetModule::Key | TargetModule::Value | TargetModule::Output => {
            "self_attn"
        }
        TargetModule::Gate | TargetModule::Up | TargetModule::Down => "mlp",
    };
    format!("model.layers.{layer}.{block}.{target}.weight")
}

/// The name of the head that scores in PEFT's file.
const SCORE_KEY: &str = "base_model.model.score.weight";

/// The name of a piece in PEFT's file.
fn key(layer: usize, target: TargetModule, piece: Piece) -> String {
    let base = base_tensor(layer, target);
    let module = base.trim_end_matches(".weight");
    let piece = match piece {
        Piece::A => "lora_A.weight",
        Piece::B => "lora_B.weight",
        Piece::Magnitude => "lora_magnitude_vector",
    };
    format!("base_model.model.{module}.{piece}")
}

fn tensors(adapter: &Adapter) -> Result<BTreeMap<String, Tensor>> {
    let mut named = BTreeMap::new();
    let mut layer = 0;
    loop {
        let before = named.len();
        for target in &adapter.shape().targets {
            let pieces = adapter.pieces(layer, *target)?.into_iter();
            named.extend(pieces.map(|(piece, tensor)| (key(layer, *target, piece), tensor)));
        }
        if named.len() == before {
            if let Some(score) = adapter.score() {
                named.insert(SCORE_KEY.to_owned(), score.clone());
            }
            return Ok(named);
        }
        layer += 1;
    }
}

/// The bytes of `adapter_model.safetensors`.
pub fn to_safetensors(adapter: &Adapter) -> Result<Vec<u8>> {
    let mut data = Vec::new();
    for (name, tensor) in tensors(&adapter.on_processor()?)? {
        let values = tensor.flatten_all()?.to_vec1::<f32>()?;
        let bytes: Vec<u8> = values
            .iter()
            .flat_map(|value| value.to_le_bytes())
            .collect();
        data.push((name, tensor.dims().to_vec(), bytes));
    }
    let views = data
        .iter()
        .map(|(name, dims, bytes)| {
            Ok((
                name.as_str(),
                TensorView::new(Dtype::F32, dims.clone(), bytes)?,
            ))
        })
        .collect::<Result<Vec<_>, safetensors::SafeTensorError>>();
    let metadata = HashMap::from([("format".to_owned(), "pt".to_owned())]);
    views
        .and_then(|views| safetensors::serialize(views, Some(metadata)))
        .map_err(|error| candle_core::Error::wrap(error).into())
}

/// Reads an adapter from a folder; `config` is the base model's.
pub fn load(folder: &Path, config: &ModelConfig, device: &Device) -> Result<(Adapter, PeftConfig)> {
    let path = folder.join(CONFIG_FILE);
    let json = serde_json::from_slice(&read(&path)?).map_err(|error| TrainerError::Model {
        path: path.clone(),
        reason: format!("is not valid JSON: {error}"),
    })?;
    let peft = PeftConfig::from_json(&json, &path)?;
    let path = folder.join(WEIGHTS_FILE);
    let adapter = parse(&read(&path)?, &path, config, &peft, device)?;
    Ok((adapter, peft))
}

/// Reads an adapter from the bytes of a safetensors file; `path` is for messages.
pub fn parse(
    bytes: &[u8],
    path: &Path,
    config: &ModelConfig,
    peft: &PeftConfig,
    device: &Device,
) -> Result<Adapter> {
    let fail = |reason: String| TrainerError::Model {
        path: path.to_owned(),
        reason,
    };
    let file = SafeTensors::deserialize(bytes).map_err(|error| fail(error.to_string()))?;
    let mut pieces = vec![Piece::A, Piece::B];
    if peft.shape.weight_decomposed {
        pieces.push(Piece::Magnitude);
    }
    let pieces = &pieces;
    let wanted: HashSet<String> = (0..config.layers)
        .flat_map(|layer| {
            peft.shape
                .targets
                .iter()
                .map(move |target| (layer, *target))
        })
        .flat_map(|(layer, target)| pieces.iter().map(move |piece| key(layer, target, *piece)))
        .chain(peft.shape.score_head.then(|| SCORE_KEY.to_owned()))
        .collect();
    if let Some(name) = file
        .names()
        .into_iter()
        .find(|name| !wanted.contains(*name))
    {
        return Err(fail(format!(
            "`{name}` does not belong to this model and configuration"
        )));
    }
    let read = |name: &str, dims: &[usize]| {
        let view = file
            .tensor(name)
            .map_err(|_| fail(format!("`{name}` is missing")))?;
        if view.shape() != dims {
            let found = view.shape();
            return Err(fail(format!(
                "`{name}` is {found:?} where the model needs {dims:?}"
            )));
        }
        floats(view.dtype(), view.data()).ok_or_else(|| {
            fail(format!(
                "`{name}` has the type {:?}; F32, F16 and BF16 are supported",
                view.dtype()
            ))
        })
    };
    let piece = |layer, target, piece, dims: &[usize]| read(&key(layer, target, piece), dims);
    let adapter = Adapter::from_matrices(config, peft.shape.clone(), device, piece)?;
    if let Some(score) = adapter.score() {
        let numbers = read(SCORE_KEY, score.dims())?;
        crate::ops::copy_rows(score, &Tensor::from_vec(numbers, score.dims(), device)?)?;
    }
    Ok(adapter)
}

fn floats(kind: Dtype, data: &[u8]) -> Option<Vec<f32>> {
    let pairs = || data.chunks_exact(2).map(|bytes| [bytes[0], bytes[1]]);
    match kind {
        Dtype::F32 => Some(
            data.chunks_exact(4)
                .map(|bytes| f32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]))
                .collect(),
        ),
        Dtype::F16 => Some(
            pairs()
                .map(|bytes| half::f16::from_le_bytes(bytes).to_f32())
                .collect(),
        ),
        Dtype::BF16 => Some(
            pairs()
                .map(|bytes| half::bf16::from_le_bytes(bytes).to_f32())
                .collect(),
        ),
        _ => None,
    }
}
