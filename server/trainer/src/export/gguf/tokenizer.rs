//! A tokenizer and its template as GGUF's metadata.
//!
//! GGUF names how text is split before merging instead of describing it. The name is found by
//! trying: a tokenizer that splits as the name says must give the same tokens for texts on which the
//! known splittings differ. One that matches none is refused, because other programs would read
//! text differently from the model that was trained.

use candle_core::quantized::gguf_file::Value;
use serde_json::Value as Json;
use tokenizers::Tokenizer;

use super::{Metadata, count, text};
use crate::error::{Result, TrainerError};
use crate::model::LoadedModel;
use crate::model::gguf::{PRE_TOKENIZERS, with_pre_tokenizer};

/// Texts on which the known splittings differ from each other.
const PROBES: [&str; 6] = [
    "1234567 12,345.678 a1b22c333 3.14  7",
    "I'll DON'T we'Ve it's\r\n\r\n  x\t\ty   z",
    "naïve Überweisung e\u{301}te\u{301} Ａ１ ½ ²",
    "価格は1200円です。 Привет, мир! 한국어 مرحبا",
    "fn main() {\n    let x_1 = \"a\\n\"; // !=>\n}\n",
    "🙂🙃 <b>...</b> ((((--)))) https://example.com/?q=1&r=%20",
];

/// GGUF's numbers for the kinds of tokens.
const NORMAL: i32 = 1;
const CONTROL: i32 = 3;
const USER_DEFINED: i32 = 4;
const UNUSED: i32 = 5;

/// Tokens, merges, special tokens and the template.
pub(super) fn metadata(model: &LoadedModel) -> Result<Metadata> {
    let json: Json = serde_json::from_str(&model.tokenizer.to_json()?)
        .map_err(|error| refuse(model, format!("its tokenizer is no JSON: {error}")))?;
    let kind = json["model"]["type"].as_str().unwrap_or("not named");
    if kind != "BPE" || json["decoder"]["type"] != "ByteLevel" {
        let reason = format!(
            "its tokenizer is of the kind {kind} with the decoder {}; only byte-level BPE can be \
             written into GGUF files here, so export safetensors and convert them with llama.cpp",
            json["decoder"]["type"]
        );
        return Err(refuse(model, reason));
    }
    let (tokens, kinds) = vocabulary(&json, model.config.vocab_size);
    let mut metadata = vec![
        ("tokenizer.ggml.model".to_owned(), text("gpt2")),
        (
            "tokenizer.ggml.pre".to_owned(),
            text(splitting(model, &json)?),
        ),
        ("tokenizer.ggml.tokens".to_owned(), Value::Array(tokens)),
        ("tokenizer.ggml.token_type".to_owned(), Value::Array(kinds)),
        ("tokenizer.ggml.merges".to_owned(), merges(&json)),
        (
            "tokenizer.ggml.add_bos_token".to_owned(),
            Value::Bool(model.tokenizer.begins_with_bos()?),
        ),
    ];
    metadata.extend(special_tokens(model));
    if let Some(source) = model.template.source() {
        metadata.push(("tokenizer.chat_template".to_owned(), text(source)));
    }
    Ok(metadata)
}

fn refuse(model: &LoadedModel, reason: String) -> TrainerError {
    TrainerError::Model {
        path: model.path.clone(),
        reason,
    }
}

/// GGUF's name for how the tokenizer splits text.
fn splitting(model: &LoadedModel, json: &Json) -> Result<&'static str> {
    let ignores = |json: &Json| json["model"]["ignore_merges"].as_bool() == Some(true);
    let encode = |tokenizer: &Tokenizer, text: &str| {
        let encoding = tokenizer.encode_fast(text, false).ok()?;
        Some(encoding.get_ids().to_vec())
    };
    let expected = PROBES
        .iter()
        .map(|text| model.tokenizer.encode(text))
        .collect::<Result<Vec<_>>>()?;
    let matches = |pre: &str| {
        let candidate = with_pre_tokenizer(json, pre)?;
        let tokenizer: Tokenizer = candidate.to_string().parse().ok()?;
        let same = PROBES
            .iter()
            .zip(&expected)
            .all(|(text, expected)| encode(&tokenizer, text).as_ref() == Some(expected));
        (same && ignores(&candidate) == ignores(json)).then_some(())
    };
    let found = PRE_TOKENIZERS
        .into_iter()
        .find(|pre| matches(pre).is_some());
    found.ok_or_else(|| {
        let reason = format!(
            "its tokenizer splits text as none of those that can be named in GGUF files here \
             ({}); export safetensors and convert them with llama.cpp",
            PRE_TOKENIZERS.join(", ")
        );
        refuse(model, reason)
    })
}

/// The tokens by their ids and their kinds; ids without a token are filled up.
fn vocabulary(json: &Json, size: usize) -> (Vec<Value>, Vec<Value>) {
    let mut tokens: Vec<(String, i32)> =
        (0..size).map(|id| (format!("[PAD{id}]"), UNUSED)).collect();
    let mut put = |id: Option<u64>, token: &str, kind: i32| {
        let place = id.and_then(|id| usize::try_from(id).ok());
        if let Some(place) = place.and_then(|id| tokens.get_mut(id)) {
            *place = (token.to_owned(), kind);
        }
    };
    for (token, id) in json["model"]["vocab"].as_object().into_iter().flatten() {
        put(id.as_u64(), token, NORMAL);
    }
    for added in json["added_tokens"].as_array().into_iter().flatten() {
        let special = added["special"].as_bool() == Some(true);
        let kind = if special { CONTROL } else { USER_DEFINED };
        let token = added["content"].as_str().unwrap_or_default();
        put(added["id"].as_u64(), token, kind);
    }
    tokens
        .into_iter()
        .map(|(token, kind)| (Value::String(token), Value::I32(kind)))
        .unzip()
}

fn merges(json: &Json) -> Value {
    let merges = json["model"]["merges"].as_array().into_iter().flatten();
    let lines = merges.map(|merge| match merge {
        Json::Array(pair) => {
            let parts: Vec<&str> = pair.iter().filter_map(Json::as_str).collect();
            Value::String(parts.join(" "))
        }
        line => text(line.as_str().unwrap_or_default()),
    });
    Value::Array(lines.collect())
}

fn special_tokens(model: &LoadedModel) -> Metadata {
    let special = model.tokenizer.special();
    let id = |token: &Option<String>| model.tokenizer.token_id(token.as_deref()?);
    // llama.cpp takes token 11 for what is not named.
    let eos = id(&special.eos).or_else(|| model.config.eos_token_ids.first().copied());
    let bos = id(&special.bos).or(model.config.bos_token_id);
    // What ends a turn, where that is another token than what ends a text.
    let mut stops = model.config.eos_token_ids.iter().copied();
    let eot = stops.find(|id| Some(*id) != eos);
    let ids = [
        ("bos", bos),
        ("eos", eos),
        ("eot", eot),
        ("padding", id(&special.pad)),
        ("unknown", id(&special.unk)),
    ];
    ids.into_iter()
        .filter_map(|(role, id)| {
            let key = format!("tokenizer.ggml.{role}_token_id");
            Some((key, count(id? as usize)))
        })
        .collect()
}
