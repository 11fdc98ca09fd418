//! JSON in columns: text to the database, which never looks inside.

use serde::{Serialize, de::DeserializeOwned};

use crate::{Result, StoreError};

/// The text that is stored of a value.
pub(crate) fn encode(value: &impl Serialize) -> Result<String> {
    serde_json::to_string(value).map_err(StoreError::corrupt)
}

/// The value of a stored text.
pub(crate) fn decode<T: DeserializeOwned>(text: &str) -> Result<T> {
    serde_json::from_str(text).map_err(StoreError::corrupt)
}
