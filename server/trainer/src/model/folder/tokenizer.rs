//! The tokenizer and the chat template of a model folder.

use std::path::Path;

use serde_json::Value;
use tokenizers::Tokenizer;

use super::optional_json;
use crate::data::ChatTemplate;
use crate::error::Result;
use crate::model::reason::{guarded, read_text, refuse};
use crate::model::{SpecialTokens, TextTokenizer};

/// Reads `tokenizer.json`, `tokenizer_config.json` and `chat_template.jinja`.
pub(super) fn read(folder: &Path) -> Result<(TextTokenizer, ChatTemplate)> {
    let path = folder.join("tokenizer.json");
    if !path.is_file() {
        return Err(refuse(
            folder,
            "tokenizer.json is missing; save the tokenizer in its fast form beside the weights",
        ));
    }
    let text = read_text(&path)?;
    let inner: Tokenizer = guarded(&path, "the tokenizer", || text.parse())?;
    let config = optional_json(folder, "tokenizer_config.json")?.unwrap_or_default();
    let special = SpecialTokens {
        bos: token(&config, "bos_token"),
        eos: token(&config, "eos_token"),
        pad: token(&config, "pad_token"),
        unk: token(&config, "unk_token"),
    };
    let template = match template_source(folder, &config)? {
        Some(source) => ChatTemplate::new(&source, special.clone())?,
        None => ChatTemplate::missing(folder),
    };
    Ok((TextTokenizer::new(inner, special)?, template))
}

/// A token given as text, or as an object with its text under `content`.
fn token(config: &Value, key: &str) -> Option<String> {
    let value = config.get(key)?;
    let text = value.as_str().or_else(|| value.get("content")?.as_str())?;
    Some(text.to_owned())
}

/// The file wins over the configuration, and in a list of templates the one named `default`.
fn template_source(folder: &Path, config: &Value) -> Result<Option<String>> {
    let path = folder.join("chat_template.jinja");
    if path.is_file() {
        return read_text(&path).map(Some);
    }
    let source = match config.get("chat_template") {
        Some(Value::Array(list)) => list
            .iter()
            .find(|entry| entry.get("name") == Some(&Value::from("default")))
            .and_then(|entry| entry.get("template"))
            .and_then(Value::as_str),
        Some(value) => value.as_str(),
        None => None,
    };
    Ok(source.map(str::to_owned))
}
