//! Metadata of a GGUF file, with errors that name the key.

use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};

use candle_core::quantized::gguf_file::{Content, Value};

use crate::error::{Result, TrainerError};
use crate::model::reason::{guarded, refuse, unreadable};

/// An opened GGUF file.
pub(super) struct Header {
    pub(super) path: PathBuf,
    pub(super) file: BufReader<File>,
    pub(super) content: Content,
}

impl Header {
    pub(super) fn open(path: &Path) -> Result<Self> {
        let file = File::open(path).map_err(|source| unreadable(path, source))?;
        let mut file = BufReader::new(file);
        let content = guarded(path, "the GGUF header", || Content::read(&mut file))?;
        Ok(Self {
            path: path.to_path_buf(),
            file,
            content,
        })
    }

    pub(super) fn get(&self, key: &str) -> Option<&Value> {
        self.content.metadata.get(key)
    }

    pub(super) fn text(&self, key: &str) -> Option<&str> {
        self.get(key)?.to_string().ok().map(String::as_str)
    }

    pub(super) fn flag(&self, key: &str) -> Option<bool> {
        self.get(key)?.to_bool().ok()
    }

    /// A whole number of any width that is not negative.
    pub(super) fn count(&self, key: &str) -> Option<usize> {
        let value = self.get(key)?;
        let signed = match value {
            Value::I8(number) => i64::from(*number),
            Value::I16(number) => i64::from(*number),
            Value::I32(number) => i64::from(*number),
            Value::I64(number) => *number,
            _ => return value.to_u64().ok().map(|number| number as usize),
        };
        usize::try_from(signed).ok()
    }

    /// A floating-point number. GGUF keeps them as f32; `1e-5` is meant where the nearest f32 is
    /// 9.99999974e-6, so the shortest decimal is taken.
    pub(super) fn number(&self, key: &str) -> Option<f64> {
        match self.get(key)? {
            Value::F32(number) => number.to_string().parse().ok(),
            Value::F64(number) => Some(*number),
            _ => None,
        }
    }

    pub(super) fn needed_count(&self, key: &str) -> Result<usize> {
        match self.count(key) {
            Some(count) if count > 0 => Ok(count),
            _ => Err(self.missing(key, "positive whole number")),
        }
    }

    pub(super) fn needed_number(&self, key: &str) -> Result<f64> {
        match self.number(key) {
            Some(number) if number > 0.0 => Ok(number),
            _ => Err(self.missing(key, "positive number")),
        }
    }

    pub(super) fn needed_texts(&self, key: &str) -> Result<Vec<&str>> {
        let values = self.get(key).and_then(|value| value.to_vec().ok());
        values
            .ok_or_else(|| self.missing(key, "list of texts"))?
            .iter()
            .map(|value| value.to_string().map(String::as_str))
            .collect::<Result<_, _>>()
            .map_err(|_| self.missing(key, "list of texts"))
    }

    pub(super) fn missing(&self, key: &str, kind: &str) -> TrainerError {
        self.refuse(format!("its metadata lacks {key} as a {kind}"))
    }

    pub(super) fn refuse(&self, reason: impl Into<String>) -> TrainerError {
        refuse(&self.path, reason)
    }
}
