//! A `config.json` and its values, with errors that name the setting.

use std::path::Path;

use serde_json::Value;

use crate::error::{Result, TrainerError};
use crate::model::reason::refuse;

/// An opened `config.json`; `null` is as good as nothing.
pub(super) struct ConfigFile<'a> {
    /// For errors.
    pub(super) path: &'a Path,
    pub(super) json: &'a Value,
}

impl<'a> ConfigFile<'a> {
    pub(super) fn get(&self, key: &str) -> Option<&'a Value> {
        self.json.get(key).filter(|value| !value.is_null())
    }

    /// A whole number above zero.
    pub(super) fn count(&self, key: &str) -> Result<usize> {
        match self.get(key).and_then(Value::as_u64) {
            Some(count) if count > 0 => Ok(count as usize),
            _ => Err(self.refuse(format!("{key} is missing or no positive number"))),
        }
    }

    pub(super) fn count_or(&self, key: &str, default: usize) -> Result<usize> {
        self.get(key).map_or(Ok(default), |_| self.count(key))
    }

    /// A number above zero.
    pub(super) fn number_or(&self, key: &str, default: f64) -> Result<f64> {
        self.number(self.json, key)
            .map(|number| number.unwrap_or(default))
    }

    /// The same within a part of the file.
    pub(super) fn number(&self, object: &Value, key: &str) -> Result<Option<f64>> {
        match object.get(key).filter(|value| !value.is_null()) {
            None => Ok(None),
            Some(value) => match value.as_f64() {
                Some(number) if number > 0.0 => Ok(Some(number)),
                _ => Err(self.refuse(format!("{key} = {value} is no positive number"))),
            },
        }
    }

    pub(super) fn refuse(&self, reason: String) -> TrainerError {
        refuse(self.path, reason)
    }
}
