//! Metadata of a GGUF file, with errors that name the key.

use std::borrow::Cow;
use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};

use candle_core::Device;
use candle_core::quantized::QTensor;
use candle_core::quantized::gguf_file::{Content, Value};

use super::tensors::halves_of_heads;
use crate::error::{Result, TrainerError};
use crate::model::reason::{guarded, refuse, unreadable};
use crate::ops::Blocks;

/// An opened GGUF file.
pub(crate) struct Header {
    pub(crate) path: PathBuf,
    pub(crate) file: BufReader<File>,
    pub(crate) content: Content,
}

impl Header {
    pub(crate) fn open(path: &Path) -> Result<Self> {
        let file = File::open(path).map_err(|source| unreadable(path, source))?;
        let mut file = BufReader::new(file);
        let content = guarded(path, "the GGUF header", || Content::read(&mut file))?;
        Ok(Self {
            path: path.to_path_buf(),
            file,
            content,
        })
    }

    pub(crate) fn get(&self, key: &str) -> Option<&Value> {
        self.content.metadata.get(key)
    }

    pub(crate) fn text(&self, key: &str) -> Option<&str> {
        self.get(key)?.to_string().ok().map(String::as_str)
    }

    pub(crate) fn flag(&self, key: &str) -> Option<bool> {
        self.get(key)?.to_bool().ok()
    }

    /// A whole number of any width that is not negative.
    pub(crate) fn count(&self, key: &str) -> Option<usize> {
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
    pub(crate) fn number(&self, key: &str) -> Option<f64> {
        match self.get(key)? {
            Value::F32(number) => number.to_string().parse().ok(),
            Value::F64(number) => Some(*number),
            _ => None,
        }
    }

    pub(crate) fn needed_count(&self, key: &str) -> Result<usize> {
        match self.count(key) {
            Some(count) if count > 0 => Ok(count),
            _ => Err(self.missing(key, "positive whole number")),
        }
    }

    pub(crate) fn needed_number(&self, key: &str) -> Result<f64> {
        match self.number(key) {
            Some(number) if number > 0.0 => Ok(number),
            _ => Err(self.missing(key, "positive number")),
        }
    }

    pub(crate) fn needed_texts(&self, key: &str) -> Result<Vec<&str>> {
        let values = self.get(key).and_then(|value| value.to_vec().ok());
        values
            .ok_or_else(|| self.missing(key, "list of texts"))?
            .iter()
            .map(|value| value.to_string().map(String::as_str))
            .collect::<Result<_, _>>()
            .map_err(|_| self.missing(key, "list of texts"))
    }

    pub(crate) fn missing(&self, key: &str, kind: &str) -> TrainerError {
        self.refuse(format!("its metadata lacks {key} as a {kind}"))
    }

    pub(crate) fn refuse(&self, reason: impl Into<String>) -> TrainerError {
        refuse(&self.path, reason)
    }

    /// A matrix as its blocks, if it is one; rows of interleaved heads are put in Hugging Face's
    /// order.
    pub(crate) fn blocks(&mut self, name: &str, heads: Option<usize>) -> Result<Option<Blocks>> {
        self.tensor(name, |tensor| {
            let &[rows, columns] = tensor.shape().dims() else {
                return Ok(None);
            };
            let data = tensor.data()?;
            let row = data.len() / rows.max(1);
            let data = match heads {
                Some(heads) if rows.is_multiple_of(2 * heads.max(1)) => {
                    Cow::Owned(halves_of_heads(&data, heads, row))
                }
                _ => data,
            };
            Ok(Some(Blocks::new(tensor.dtype(), &data, rows, columns)?))
        })
    }

    /// A tensor's shape and its numbers as f32, row-major.
    pub(crate) fn dequantise(&mut self, name: &str) -> Result<(Vec<usize>, Vec<f32>)> {
        self.tensor(name, |tensor| {
            let tensor = tensor.dequantize(&Device::Cpu)?;
            Ok((tensor.dims().to_vec(), tensor.flatten_all()?.to_vec1()?))
        })
    }

    /// What is made of a tensor as it is stored.
    fn tensor<T>(
        &mut self,
        name: &str,
        make: impl FnOnce(QTensor) -> candle_core::Result<T>,
    ) -> Result<T> {
        let Self {
            path,
            file,
            content,
        } = self;
        guarded(path, &format!("the tensor {name}"), || {
            make(content.tensor(file, name, &Device::Cpu)?)
        })
    }
}
