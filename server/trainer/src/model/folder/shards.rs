//! The tensors of one or several safetensors files, read one by one.
//!
//! The files are read and not mapped into memory: a file that shrinks under a mapping ends the
//! process, and every tensor is widened to f32 anyway.

use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use half::{bf16, f16};
use safetensors::Dtype;
use safetensors::tensor::{Metadata, TensorInfo};
use serde_json::Value;

use crate::error::Result;
use crate::model::Architecture;
use crate::model::assemble::TensorSource;
use crate::model::names::is_norm;
use crate::model::reason::{read_text, refuse, unreadable};
use crate::ops::Blocks;

const SINGLE: &str = "model.safetensors";
const INDEX: &str = "model.safetensors.index.json";
/// Longer headers than this are damage.
const LONGEST_HEADER: u64 = 100_000_000;

/// All tensors of a model folder.
#[derive(Debug)]
pub(in crate::model) struct Shards {
    folder: PathBuf,
    parts: Vec<Shard>,
    /// Tensor name to the shard that holds it.
    places: HashMap<String, usize>,
    read: HashSet<String>,
    /// Whether one has to be added to the weights of norms.
    norms_less_one: bool,
}

#[derive(Debug)]
struct Shard {
    path: PathBuf,
    file: File,
    metadata: Metadata,
    /// Where the header ends and the numbers begin.
    data_start: u64,
}

impl Shards {
    /// Opens `model.safetensors`, or the files that `model.safetensors.index.json` names.
    pub(super) fn open(folder: &Path, architecture: Architecture) -> Result<Self> {
        let names = file_names(folder)?;
        let shards = names
            .iter()
            .map(|name| Shard::open(folder.join(name)))
            .collect::<Result<Vec<_>>>()?;
        let mut places = HashMap::new();
        for (index, shard) in shards.iter().enumerate() {
            for name in shard.metadata.offset_keys() {
                places.insert(name, index);
            }
        }
        Ok(Self {
            folder: folder.to_path_buf(),
            parts: shards,
            places,
            read: HashSet::new(),
            norms_less_one: architecture.norms_less_one(),
        })
    }

    /// The files, in the order of their names.
    pub(super) fn files(&self) -> Vec<PathBuf> {
        self.parts.iter().map(|shard| shard.path.clone()).collect()
    }
}

impl TensorSource for Shards {
    fn path(&self) -> &Path {
        &self.folder
    }

    fn has(&self, name: &str) -> bool {
        self.places.contains_key(name)
    }

    fn read(&mut self, name: &str) -> Result<(Vec<usize>, Vec<f32>)> {
        self.read.insert(name.to_owned());
        let place = self.places.get(name).copied().unwrap_or_default();
        let Some(shard) = self.parts.get_mut(place) else {
            return Err(refuse(
                &self.folder,
                format!("the tensor {name} is missing"),
            ));
        };
        let (shape, mut numbers) = shard.read(name)?;
        if self.norms_less_one && is_norm(name) {
            for number in &mut numbers {
                *number += 1.0;
            }
        }
        Ok((shape, numbers))
    }

    fn blocks(&mut self, _name: &str) -> Result<Option<Blocks>> {
        Ok(None)
    }

    fn block_bytes(&self) -> Option<usize> {
        None
    }

    fn unread(&self) -> Vec<String> {
        self.places
            .keys()
            .filter(|name| !self.read.contains(*name))
            // Old checkpoints carry the rotary frequencies, which follow from the configuration.
            .filter(|name| !name.ends_with("rotary_emb.inv_freq"))
            .cloned()
            .collect()
    }
}

/// The weight files of a folder, sorted.
fn file_names(folder: &Path) -> Result<Vec<String>> {
    if folder.join(SINGLE).is_file() {
        return Ok(vec![SINGLE.to_owned()]);
    }
    let path = folder.join(INDEX);
    if !path.is_file() {
        return Err(refuse(
            folder,
            format!("there is neither {SINGLE} nor {INDEX}; only safetensors are read"),
        ));
    }
    let index: Value = serde_json::from_str(&read_text(&path)?)
        .map_err(|error| refuse(&path, format!("it is no JSON: {error}")))?;
    let map = index.get("weight_map").and_then(Value::as_object);
    let mut names: Vec<String> = map
        .into_iter()
        .flatten()
        .filter_map(|(_, name)| name.as_str().map(str::to_owned))
        .collect();
    names.sort();
    names.dedup();
    let escapes = |name: &String| Path::new(name).components().count() != 1 || name == "..";
    if names.is_empty() || names.iter().any(escapes) {
        return Err(refuse(
            &path,
            "its weight_map names no files of this folder",
        ));
    }
    Ok(names)
}

impl Shard {
    fn open(path: PathBuf) -> Result<Self> {
        let mut file = File::open(&path).map_err(|source| unreadable(&path, source))?;
        let size = file
            .metadata()
            .map_err(|source| unreadable(&path, source))?
            .len();
        let damaged = |reason: String| {
            refuse(
                &path,
                format!("{reason}; the file is damaged or the download incomplete"),
            )
        };
        let mut prefix = [0; 8];
        file.read_exact(&mut prefix)
            .map_err(|_| damaged("it is too short for a safetensors header".to_owned()))?;
        let length = u64::from_le_bytes(prefix);
        if length > LONGEST_HEADER || length + 8 > size {
            return Err(damaged(format!(
                "its header claims {length} bytes, but the file has {size}"
            )));
        }
        let mut header = vec![0; length as usize];
        file.read_exact(&mut header)
            .map_err(|source| unreadable(&path, source))?;
        let metadata: Metadata = serde_json::from_slice(&header)
            .map_err(|error| damaged(format!("its header cannot be read: {error}")))?;
        let needed = 8 + length + metadata.data_len() as u64;
        if needed != size {
            return Err(damaged(format!(
                "it should have {needed} bytes and has {size}"
            )));
        }
        Ok(Self {
            path,
            file,
            metadata,
            data_start: 8 + length,
        })
    }

    fn read(&mut self, name: &str) -> Result<(Vec<usize>, Vec<f32>)> {
        let Some(info) = self.metadata.info(name) else {
            return Err(refuse(&self.path, format!("the tensor {name} is missing")));
        };
        let (start, end) = info.data_offsets;
        let mut bytes = vec![0; end.saturating_sub(start)];
        self.file
            .seek(SeekFrom::Start(self.data_start + start as u64))
            .and_then(|_| self.file.read_exact(&mut bytes))
            .map_err(|source| unreadable(&self.path, source))?;
        let numbers = widen(info, &bytes)
            .map_err(|reason| refuse(&self.path, format!("the tensor {name} {reason}")))?;
        Ok((info.shape.clone(), numbers))
    }
}

/// Little-endian numbers as f32; that their count fits the shape was checked with the header.
fn widen(info: &TensorInfo, bytes: &[u8]) -> Result<Vec<f32>, String> {
    let words = || bytes.as_chunks::<2>().0.iter().copied();
    match info.dtype {
        Dtype::F32 => {
            let words = bytes.as_chunks::<4>().0.iter();
            Ok(words.map(|word| f32::from_le_bytes(*word)).collect())
        }
        Dtype::F16 => Ok(words()
            .map(|word| f16::from_le_bytes(word).to_f32())
            .collect()),
        Dtype::BF16 => Ok(words()
            .map(|word| bf16::from_le_bytes(word).to_f32())
            .collect()),
        other => Err(format!(
            "has the type {other:?}; only F32, F16 and BF16 are supported"
        )),
    }
}
