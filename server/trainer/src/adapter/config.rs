//! PEFT's `adapter_config.json`.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::{Map, Value, json};
use shared::training::TargetModule;

use super::layout::LoraShape;
use crate::error::{Result, TrainerError};

/// The version of PEFT whose keys are written.
const PEFT_VERSION: &str = "0.21.2";

/// What `adapter_config.json` says, as far as it is supported.
#[derive(Clone, Debug, PartialEq)]
pub struct PeftConfig {
    /// Rank, alpha and targets.
    pub shape: LoraShape,
    /// The dropout it was trained with.
    pub dropout: f64,
    /// The base model's name or path, for other programs.
    pub base_model: Option<String>,
    /// The commit of the base model, where its name is one on a hub.
    pub revision: Option<String>,
}

impl PeftConfig {
    /// The JSON that PEFT 0.21 writes, keys in alphabetical order.
    pub fn to_json(&self) -> Value {
        let targets: Vec<&str> = self
            .shape
            .targets
            .iter()
            .map(|target| target.as_str())
            .collect();
        let mut keys: BTreeMap<&str, Value> =
            ABSENT.iter().map(|key| (*key, Value::Null)).collect();
        keys.extend(OFF.iter().map(|key| (*key, Value::Bool(false))));
        keys.extend(EMPTY.iter().map(|key| (*key, json!({}))));
        let task = if self.shape.score_head {
            keys.insert("modules_to_save", json!([SCORE_MODULE]));
            "SEQ_CLS"
        } else {
            "CAUSAL_LM"
        };
        keys.extend([
            ("base_model_name_or_path", json!(self.base_model)),
            ("bias", json!("none")),
            ("inference_mode", json!(true)),
            ("init_lora_weights", json!(true)),
            ("lora_alpha", number(self.shape.alpha)),
            ("lora_dropout", json!(self.dropout)),
            ("megatron_core", json!("megatron.core")),
            ("peft_type", json!("LORA")),
            ("peft_version", json!(PEFT_VERSION)),
            ("qalora_group_size", json!(16)),
            ("r", json!(self.shape.rank)),
            ("revision", json!(self.revision)),
            ("target_modules", json!(targets)),
            ("task_type", json!(task)),
            ("use_dora", json!(self.shape.weight_decomposed)),
            ("use_rslora", json!(self.shape.rank_stabilised)),
        ]);
        let keys: Map<String, Value> = keys
            .into_iter()
            .map(|(key, value)| (key.to_owned(), value))
            .collect();
        Value::Object(keys)
    }

    /// Reads what is supported and refuses the rest by name. `path` is for messages.
    pub fn from_json(json: &Value, path: &Path) -> Result<Self> {
        let fail = |reason: String| TrainerError::Model {
            path: path.to_owned(),
            reason,
        };
        let keys = json
            .as_object()
            .ok_or_else(|| fail("is not a JSON object".into()))?;
        refuse_unsupported(keys).map_err(fail)?;
        let rank = keys.get("r").map_or(Some(8), Value::as_u64).unwrap_or(0);
        let alpha = keys
            .get("lora_alpha")
            .map_or(Some(8.0), Value::as_f64)
            .unwrap_or(f64::NAN);
        if rank == 0 || !alpha.is_finite() || alpha <= 0.0 {
            return Err(fail("`r` and `lora_alpha` must be positive numbers".into()));
        }
        let shape = LoraShape {
            rank: rank as usize,
            alpha,
            rank_stabilised: keys.get("use_rslora").and_then(Value::as_bool) == Some(true),
            weight_decomposed: keys.get("use_dora").and_then(Value::as_bool) == Some(true),
            targets: targets(keys).map_err(fail)?,
            score_head: score_head(keys).map_err(fail)?,
        };
        let dropout = keys
            .get("lora_dropout")
            .and_then(Value::as_f64)
            .unwrap_or(0.0);
        let text = |key| keys.get(key).and_then(Value::as_str).map(str::to_owned);
        Ok(Self {
            shape,
            dropout,
            base_model: text("base_model_name_or_path"),
            revision: text("revision"),
        })
    }
}

/// The module with the head of a reward model, under its name in transformers.
const SCORE_MODULE: &str = "score";

/// Whether the adapter brings a head that scores; other modules that it would replace are refused.
fn score_head(keys: &Map<String, Value>) -> Result<bool, String> {
    let modules = match keys.get("modules_to_save") {
        None | Some(Value::Null) => return Ok(false),
        Some(Value::Array(modules)) => modules,
        Some(other) => return Err(format!("`modules_to_save` {other} must be a list")),
    };
    // PEFT adds both names to whatever was asked for.
    let known = |module: &&Value| matches!(module.as_str(), Some(SCORE_MODULE | "classifier"));
    if let Some(other) = modules.iter().find(|module| !known(module)) {
        return Err(format!(
            "`modules_to_save` names {other}; only `{SCORE_MODULE}` is supported"
        ));
    }
    Ok(!modules.is_empty())
}

/// Keys that PEFT writes and that hold nothing here; anything in them changes the arithmetic.
const ABSENT: &[&str] = &[
    "alora_invocation_tokens",
    "arrow_config",
    "auto_mapping",
    "corda_config",
    "eva_config",
    "exclude_modules",
    "kasa_config",
    "layer_replication",
    "layers_pattern",
    "layers_to_transform",
    "lora_ga_config",
    "megatron_config",
    "modules_to_save",
    "monteclora_config",
    "revision",
    "target_parameters",
    "trainable_token_indices",
    "use_bdlora",
    "velora_config",
];
const OFF: &[&str] = &[
    "ensure_weight_tying",
    "fan_in_fan_out",
    "lora_bias",
    "use_qalora",
];
const EMPTY: &[&str] = &["alpha_pattern", "loftq_config", "rank_pattern"];
/// Of those, keys that say nothing about the arithmetic of a finished adapter.
const HARMLESS: &[&str] = &[
    "auto_mapping",
    "corda_config",
    "ensure_weight_tying",
    "eva_config",
    "loftq_config",
    "lora_ga_config",
    "megatron_config",
    "revision",
];

fn refuse_unsupported(keys: &Map<String, Value>) -> Result<(), String> {
    match keys.get("peft_type").and_then(Value::as_str) {
        Some("LORA") => {}
        other => return Err(format!("`peft_type` is {other:?}; only LORA is supported")),
    }
    if !matches!(
        keys.get("bias").map(Value::as_str),
        None | Some(None | Some("none"))
    ) {
        return Err("`bias` is not supported; only adapters with bias \"none\" are".into());
    }
    let checked = ABSENT
        .iter()
        .chain(OFF)
        .chain(EMPTY)
        .filter(|key| !HARMLESS.contains(key) && **key != "modules_to_save");
    for key in checked {
        let unused = match keys.get(*key) {
            None | Some(Value::Null | Value::Bool(false)) => true,
            Some(Value::Object(entries)) => entries.is_empty(),
            Some(Value::Array(entries)) => entries.is_empty(),
            Some(_) => false,
        };
        if !unused {
            return Err(format!(
                "`{key}` is not supported; retrain or convert it without"
            ));
        }
    }
    Ok(())
}

fn targets(keys: &Map<String, Value>) -> Result<Vec<TargetModule>, String> {
    let named: Vec<TargetModule> = match keys.get("target_modules") {
        Some(Value::Array(names)) => names
            .iter()
            .map(|name| name.as_str().unwrap_or_default().parse::<TargetModule>())
            .collect::<Result<_, _>>()
            .map_err(|reason| format!("`target_modules`: {reason}"))?,
        Some(Value::String(all)) if all == "all-linear" => TargetModule::ALL.to_vec(),
        None | Some(Value::Null) => vec![TargetModule::Query, TargetModule::Value],
        Some(other) => return Err(format!("`target_modules` {other} must be a list of layers")),
    };
    Ok(TargetModule::ALL
        .iter()
        .copied()
        .filter(|target| named.contains(target))
        .collect())
}

/// Whole numbers without a decimal point, as PEFT writes them.
fn number(value: f64) -> Value {
    if value.fract() == 0.0 && value.abs() < 1e15 {
        json!(value as i64)
    } else {
        json!(value)
    }
}
