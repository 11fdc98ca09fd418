//! Files as PEFT's, and what is refused.

use std::path::Path;

use candle_core::{DType, Device, Tensor};
use serde_json::json;
use shared::training::TargetModule;

use super::{Adapter, PeftConfig, load, merged_weight, save, to_safetensors};
use crate::engine::{Batch, Model};
use crate::testing::{
    lora_shape, random_adapter, random_decomposed, random_rows, random_weights, tiny_config,
};

fn peft() -> PeftConfig {
    PeftConfig {
        shape: lora_shape(TargetModule::ALL),
        dropout: 0.05,
        base_model: None,
        revision: None,
    }
}

#[test]
fn a_saved_adapter_comes_back_equal_and_with_equal_bytes() {
    let config = tiny_config();
    let adapter = random_adapter(&config, lora_shape(TargetModule::ALL), 3);
    let folder = tempfile::tempdir().unwrap();
    save(folder.path(), &adapter, &peft()).unwrap();
    let (loaded, found) = load(folder.path(), &config, &Device::Cpu).unwrap();
    assert_eq!(found, peft());
    let values = |adapter: &Adapter| adapter.flat().to_vec1::<f32>().unwrap();
    assert_eq!(values(&loaded), values(&adapter));
    assert_eq!(
        to_safetensors(&loaded).unwrap(),
        to_safetensors(&adapter).unwrap()
    );
}

#[test]
fn names_and_shapes_are_those_of_peft() {
    let adapter = random_adapter(&tiny_config(), lora_shape(TargetModule::ALL), 3);
    let bytes = to_safetensors(&adapter).unwrap();
    let file = safetensors::SafeTensors::deserialize(&bytes).unwrap();
    assert_eq!(file.len(), 2 * 2 * 7);
    let shape = |name: &str| file.tensor(name).unwrap().shape().to_vec();
    assert_eq!(
        shape("base_model.model.model.layers.1.self_attn.k_proj.lora_A.weight"),
        [4, 64]
    );
    assert_eq!(
        shape("base_model.model.model.layers.1.self_attn.k_proj.lora_B.weight"),
        [32, 4]
    );
    assert_eq!(
        shape("base_model.model.model.layers.0.mlp.down_proj.lora_A.weight"),
        [4, 96]
    );
}

#[test]
fn a_fresh_adapter_is_bounded_seeded_and_changes_nothing() {
    let config = tiny_config();
    let weights = random_weights(&config, 1);
    let new = |seed| Adapter::new(&config, &weights, lora_shape(TargetModule::ALL), seed).unwrap();
    let values = |adapter: &Adapter| adapter.flat().to_vec1::<f32>().unwrap();
    assert_eq!(values(&new(1)), values(&new(1)));
    assert_ne!(values(&new(1)), values(&new(2)));
    let (a, b) = new(1).matrices(0, TargetModule::Up).unwrap().unwrap();
    let a = a.flatten_all().unwrap().to_vec1::<f32>().unwrap();
    assert!(a.iter().all(|x| x.abs() <= 0.125) && a.iter().any(|x| x.abs() > 0.12));
    assert!(
        b.flatten_all()
            .unwrap()
            .to_vec1::<f32>()
            .unwrap()
            .iter()
            .all(|x| *x == 0.0)
    );
}

#[test]
fn what_is_not_supported_is_refused_by_name() {
    let refused = [
        ("use_qalora", json!(true)),
        ("bias", json!("all")),
        ("modules_to_save", json!(["lm_head"])),
        ("rank_pattern", json!({"q_proj": 8})),
        ("alpha_pattern", json!({"q_proj": 8})),
        ("fan_in_fan_out", json!(true)),
        ("layers_to_transform", json!([0])),
        ("target_modules", json!(["lm_head"])),
        ("peft_type", json!("IA3")),
    ];
    for (key, value) in refused {
        let mut json = peft().to_json();
        json[key] = value;
        let error = PeftConfig::from_json(&json, Path::new("adapter"))
            .unwrap_err()
            .to_string();
        assert!(error.contains(key), "{error}");
    }
    assert!(PeftConfig::from_json(&peft().to_json(), Path::new("adapter")).is_ok());
}

#[test]
fn magnitudes_that_are_missing_or_too_many_are_named() {
    let config = tiny_config();
    let folder = tempfile::tempdir().unwrap();
    let decomposed = random_decomposed(&config, TargetModule::ALL, 3);
    let mut with = peft();
    with.shape.weight_decomposed = true;
    for (adapter, peft) in [
        (decomposed, peft()),
        (
            random_adapter(&config, lora_shape(TargetModule::ALL), 3),
            with,
        ),
    ] {
        save(folder.path(), &adapter, &peft).unwrap();
        let error = load(folder.path(), &config, &Device::Cpu).unwrap_err();
        assert!(
            error.to_string().contains("lora_magnitude_vector"),
            "{error}"
        );
    }
}

#[test]
fn a_row_of_zeros_has_no_magnitude() {
    let config = tiny_config();
    let mut weights = random_weights(&config, 1);
    let up = &mut weights.layers[1].up;
    let zero = Tensor::zeros((1, config.hidden_size), DType::F32, &Device::Cpu).unwrap();
    let changed = up.numbers().unwrap();
    let changed = changed.slice_assign(&[5..6, 0..config.hidden_size], &zero);
    *up = changed.unwrap().into();
    let mut shape = lora_shape(TargetModule::ALL);
    Adapter::new(&config, &weights, shape.clone(), 1).unwrap();
    shape.weight_decomposed = true;
    let error = Adapter::new(&config, &weights, shape, 1).unwrap_err();
    let message = error.to_string();
    assert!(
        message.contains("row 5") && message.contains("up_proj"),
        "{message}"
    );
}

#[test]
fn an_adapter_of_another_model_is_refused() {
    let config = tiny_config();
    let adapter = random_adapter(&config, lora_shape(TargetModule::ALL), 3);
    let folder = tempfile::tempdir().unwrap();
    save(folder.path(), &adapter, &peft()).unwrap();
    let mut wider = config.clone();
    wider.intermediate_size = 128;
    let error = load(folder.path(), &wider, &Device::Cpu)
        .unwrap_err()
        .to_string();
    assert!(error.contains("lora_"), "{error}");
    let mut deeper = config.clone();
    deeper.layers = 3;
    let error = load(folder.path(), &deeper, &Device::Cpu)
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("layers.2") && error.contains("missing"),
        "{error}"
    );
    let mut flatter = config;
    flatter.layers = 1;
    assert!(load(folder.path(), &flatter, &Device::Cpu).is_err());
}

#[test]
fn a_merged_model_answers_as_base_and_adapter_do() {
    let config = tiny_config();
    let adapter = random_adapter(&config, lora_shape(TargetModule::ALL), 3);
    let model = Model::new(config.clone(), random_weights(&config, 1));
    let mut merged = random_weights(&config, 1);
    for layer in 0..config.layers {
        let weight = |target| merged_weight(&model.weights, &adapter, layer, target).unwrap();
        let block = &mut merged.layers[layer];
        block.query = weight(TargetModule::Query);
        block.key = weight(TargetModule::Key);
        block.value = weight(TargetModule::Value);
        block.output = weight(TargetModule::Output);
        block.gate = weight(TargetModule::Gate);
        block.up = weight(TargetModule::Up);
        block.down = weight(TargetModule::Down);
    }
    let merged = Model::new(config.clone(), merged);
    let rows = random_rows(&config, &[20], 1);
    let batch = Batch::unlabelled(&[&rows[0].tokens]);
    let with_adapter = model.forward(Some(&adapter), &batch).unwrap();
    let difference = (&*with_adapter - &*merged.forward(None, &batch).unwrap()).unwrap();
    let largest = difference
        .abs()
        .unwrap()
        .max_all()
        .unwrap()
        .to_scalar::<f32>()
        .unwrap();
    assert!(largest < 1e-4, "{largest}");
}
