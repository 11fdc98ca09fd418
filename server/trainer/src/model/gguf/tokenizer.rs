//! The tokenizer inside a GGUF file, rebuilt as the `tokenizer.json` it was made from.
//!
//! GGUF keeps the tokens and merges, and only a name (`tokenizer.ggml.pre`) for how text is split
//! before merging. A wrong split changes most token sequences without any error, so a name that is
//! not listed in [`splitting`] is refused.
//!
//! # Adding a splitting
//! Take it from the `pre_tokenizer` of a published `tokenizer.json` of that model, add it to
//! [`splitting`], and compare some thousand texts with that tokenizer.

use serde_json::{Map, Value, json};
use tokenizers::Tokenizer;

use super::header::Header;
use crate::data::ChatTemplate;
use crate::error::Result;
use crate::model::reason::guarded;
use crate::model::{SpecialTokens, TextTokenizer};

/// Llama 3's expression; digits come in groups of up to three.
const LLAMA_3: &str = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";
/// The same with single digits.
const QWEN_2: &str = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";

/// Token types of GGUF.
const CONTROL: usize = 3;
const USER_DEFINED: usize = 4;

/// The tokenizer and the chat template.
pub(super) fn read(header: &Header) -> Result<(TextTokenizer, ChatTemplate)> {
    let tokens = header.needed_texts("tokenizer.ggml.tokens")?;
    let special = special_tokens(header, &tokens);
    let json = tokenizer_json(header, &tokens, &special)?;
    let inner: Tokenizer = guarded(&header.path, "the tokenizer", || {
        json.to_string().parse::<Tokenizer>()
    })?;
    let template = match header.text("tokenizer.chat_template") {
        Some(source) => ChatTemplate::new(source, special.clone())?,
        None => ChatTemplate::missing(&header.path),
    };
    Ok((TextTokenizer::new(inner, special)?, template))
}

/// The token that ends a turn, where it is another than the one that ends a text.
pub(super) fn eot(header: &Header) -> Option<String> {
    let tokens = header.needed_texts("tokenizer.ggml.tokens").ok()?;
    token(header, &tokens, "eot")
}

fn special_tokens(header: &Header, tokens: &[&str]) -> SpecialTokens {
    SpecialTokens {
        bos: token(header, tokens, "bos"),
        eos: token(header, tokens, "eos"),
        pad: token(header, tokens, "padding"),
        unk: token(header, tokens, "unknown"),
    }
}

fn token(header: &Header, tokens: &[&str], role: &str) -> Option<String> {
    let id = header.count(&format!("tokenizer.ggml.{role}_token_id"))?;
    tokens.get(id).map(|token| (*token).to_owned())
}

fn tokenizer_json(header: &Header, tokens: &[&str], special: &SpecialTokens) -> Result<Value> {
    let model = header.text("tokenizer.ggml.model").unwrap_or("not named");
    if model != "gpt2" {
        return Err(header.refuse(format!(
            "its tokenizer is of the kind {model}; only gpt2 (byte-level BPE) is read from GGUF \
             files, so use the model's safetensors folder"
        )));
    }
    let pre = header.text("tokenizer.ggml.pre").unwrap_or("not named");
    let Some(splitting) = splitting(pre) else {
        return Err(header.refuse(format!(
            "how its tokenizer splits text (tokenizer.ggml.pre = {pre}) is not known here; use \
             the model's safetensors folder"
        )));
    };
    Ok(json!({
        "version": "1.0",
        "truncation": null,
        "padding": null,
        "added_tokens": added_tokens(header, tokens)?,
        "normalizer": splitting.normalizer,
        "pre_tokenizer": splitting.pre_tokenizer,
        "post_processor": post_processor(header, tokens, special),
        "decoder": byte_level(true),
        "model": {
            "type": "BPE",
            "unk_token": null,
            "ignore_merges": splitting.ignore_merges,
            "vocab": vocabulary(tokens),
            "merges": merges(header)?,
        },
    }))
}

struct Splitting {
    normalizer: Value,
    pre_tokenizer: Value,
    /// Whether a word that is itself a token is taken without merging.
    ignore_merges: bool,
}

/// The names that [`splitting`] knows, the likeliest first; of two that split alike, one.
pub(crate) const PRE_TOKENIZERS: [&str; 5] = ["gpt-2", "smollm", "llama-bpe", "smaug-bpe", "qwen2"];

/// A `tokenizer.json` that splits text as GGUF's name for a splitting says; none if the name is not
/// known.
pub(crate) fn with_pre_tokenizer(json: &Value, pre: &str) -> Option<Value> {
    let splitting = splitting(pre)?;
    let mut json = json.clone();
    json["normalizer"] = splitting.normalizer;
    json["pre_tokenizer"] = splitting.pre_tokenizer;
    json["model"]["ignore_merges"] = Value::from(splitting.ignore_merges);
    Some(json)
}

/// A tokenizer without any token yet, which splits text as GGUF's name for a splitting says; none if
/// the name is not known.
pub(crate) fn untrained(pre: &str) -> Option<Tokenizer> {
    let json = json!({
        "version": "1.0",
        "truncation": null,
        "padding": null,
        "added_tokens": [],
        "post_processor": byte_level(true),
        "decoder": byte_level(true),
        "model": {"type": "BPE", "vocab": {}, "merges": []},
    });
    with_pre_tokenizer(&json, pre)?.to_string().parse().ok()
}

/// How text is split before merging, by GGUF's name for it.
fn splitting(pre: &str) -> Option<Splitting> {
    let plain = |pre_tokenizer| Splitting {
        normalizer: Value::Null,
        pre_tokenizer,
        ignore_merges: false,
    };
    let digits = json!({"type": "Digits", "individual_digits": true});
    Some(match pre {
        "gpt-2" | "gpt2" => plain(byte_level(true)),
        "smollm" | "starcoder" => plain(sequence(&[digits, byte_level(true)])),
        "llama-bpe" | "llama3" | "llama-v3" => Splitting {
            ignore_merges: true,
            ..plain(sequence(&[split(LLAMA_3), byte_level(false)]))
        },
        "smaug-bpe" => plain(sequence(&[split(LLAMA_3), byte_level(false)])),
        "qwen2" | "deepseek-r1-qwen" => Splitting {
            normalizer: json!({"type": "NFC"}),
            ..plain(sequence(&[split(QWEN_2), byte_level(false)]))
        },
        _ => return None,
    })
}

fn byte_level(use_regex: bool) -> Value {
    json!({
        "type": "ByteLevel",
        "add_prefix_space": false,
        "trim_offsets": true,
        "use_regex": use_regex,
    })
}

fn split(expression: &str) -> Value {
    json!({
        "type": "Split",
        "pattern": {"Regex": expression},
        "behavior": "Isolated",
        "invert": false,
    })
}

fn sequence(steps: &[Value]) -> Value {
    json!({"type": "Sequence", "pretokenizers": steps})
}

fn vocabulary(tokens: &[&str]) -> Map<String, Value> {
    let ids = tokens.iter().enumerate();
    ids.map(|(id, token)| ((*token).to_owned(), Value::from(id)))
        .collect()
}

/// Merges as pairs, which unlike lines may contain spaces.
fn merges(header: &Header) -> Result<Vec<Value>> {
    let lines = header.needed_texts("tokenizer.ggml.merges")?;
    let pairs = lines.iter().map(|line| {
        let (left, right) = line
            .split_once(' ')
            .ok_or_else(|| header.refuse(format!("the merge {line:?} is no pair")))?;
        Ok(json!([left, right]))
    });
    pairs.collect()
}

/// Tokens that are recognised in text before it is split.
fn added_tokens(header: &Header, tokens: &[&str]) -> Result<Vec<Value>> {
    let key = "tokenizer.ggml.token_type";
    let kinds = header.get(key).and_then(|value| value.to_vec().ok());
    let kinds = kinds.ok_or_else(|| header.missing(key, "list of numbers"))?;
    if kinds.len() != tokens.len() {
        return Err(header.refuse(format!("{key} and tokenizer.ggml.tokens differ in length")));
    }
    let all = tokens.iter().zip(kinds).enumerate();
    Ok(all
        .filter_map(|(id, (token, kind))| {
            let kind = kind
                .to_i32()
                .map(|kind| kind.unsigned_abs() as usize)
                .ok()
                .or_else(|| kind.to_u64().map(|kind| kind as usize).ok())?;
            let special = kind == CONTROL;
            (special || kind == USER_DEFINED).then(|| added_token(id, token, special))
        })
        .collect())
}

fn added_token(id: usize, token: &str, special: bool) -> Value {
    json!({
        "id": id,
        "content": token,
        "single_word": false,
        "lstrip": false,
        "rstrip": false,
        "normalized": false,
        "special": special,
    })
}

/// What other programs put around a text; this one adds nothing, but exports it.
fn post_processor(header: &Header, tokens: &[&str], special: &SpecialTokens) -> Value {
    let wanted = header.flag("tokenizer.ggml.add_bos_token") == Some(true);
    let Some(bos) = special.bos.as_deref().filter(|_| wanted) else {
        return byte_level(true);
    };
    let id = tokens.iter().position(|token| *token == bos);
    let special_token = |kind: u8| json!({"SpecialToken": {"id": bos, "type_id": kind}});
    let text = |name: &str, kind: u8| json!({"Sequence": {"id": name, "type_id": kind}});
    json!({
        "type": "TemplateProcessing",
        "single": [special_token(0), text("A", 0)],
        "pair": [special_token(0), text("A", 0), special_token(1), text("B", 1)],
        "special_tokens": {bos: {"id": bos, "ids": [id], "tokens": [bos]}},
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_splittings_are_not_guessed() {
        assert!(splitting("default").is_none());
        assert!(splitting("smollm").is_some());
    }

    #[test]
    fn splittings_are_valid() {
        for pre in PRE_TOKENIZERS {
            assert!(untrained(pre).is_some(), "{pre}");
        }
    }
}
