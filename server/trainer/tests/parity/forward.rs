//! Hidden states and logits against torch in 64 bits.

use candle_core::{Device, Tensor};
use trainer::adapter::{self, Adapter, LoraShape};
use trainer::engine::{Batch, Model};
use trainer::model::LoadedModel;

use crate::support::{fixture, ids, json, numbers, relative_error, tensors, tiny};

/// The largest difference, by the largest number of the reference.
const TOLERANCE: f64 = 1e-5;

fn sequence(index: usize) -> Vec<u32> {
    ids(&json("gradients.json")["sequences"][index]["ids"])
}

#[test]
fn logits_are_torchs_with_and_without_an_adapter() {
    let loaded = tiny();
    let folder = fixture("adapter-random");
    let (adapter, _) = adapter::load(&folder, &loaded.config, &Device::Cpu).unwrap();
    let model = Model::new(loaded.config, loaded.weights);
    let reference = tensors("forward.safetensors");
    for index in 0..2 {
        let batch = Batch::unlabelled(&[&sequence(index)]);
        for (name, adapter) in [("logits", None), ("logits.adapter", Some(&adapter))] {
            let hidden = model.forward(adapter, &batch).unwrap();
            let logits = model.logits(&hidden).unwrap();
            close(&logits, &reference[&format!("{index}.{name}")], name);
        }
    }
}

#[test]
fn a_rank_stabilised_adapter_is_scaled_as_pefts() {
    let loaded = tiny();
    let folder = fixture("adapter-random");
    let (plain, _) = adapter::load(&folder, &loaded.config, &Device::Cpu).unwrap();
    let shape = LoraShape {
        rank_stabilised: true,
        ..plain.shape().clone()
    };
    let values = numbers(plain.flat());
    let adapter = Adapter::from_values(&loaded.config, shape, values, &Device::Cpu).unwrap();
    let model = Model::new(loaded.config, loaded.weights);
    let reference = tensors("forward.safetensors");
    for index in 0..2 {
        let batch = Batch::unlabelled(&[&sequence(index)]);
        let hidden = model.forward(Some(&adapter), &batch).unwrap();
        let logits = model.logits(&hidden).unwrap();
        close(
            &logits,
            &reference[&format!("{index}.logits.rslora")],
            "rsLoRA",
        );
    }
}

#[test]
fn hidden_states_are_torchs() {
    let reference = tensors("forward.safetensors");
    for layers in 0..2 {
        let LoadedModel {
            mut config,
            mut weights,
            ..
        } = tiny();
        config.layers = layers;
        weights.layers.truncate(layers);
        let model = Model::new(config, weights);
        for index in 0..2 {
            let hidden = model
                .forward(None, &Batch::unlabelled(&[&sequence(index)]))
                .unwrap();
            close(
                &hidden,
                &reference[&format!("{index}.hidden.{layers}")],
                "hidden",
            );
        }
    }
}

#[test]
fn packing_two_sequences_changes_nothing() {
    let loaded = tiny();
    let model = Model::new(loaded.config, loaded.weights);
    let reference = tensors("forward.safetensors");
    let (first, second) = (sequence(0), sequence(1));
    let batch = Batch::unlabelled(&[&first, &second]);
    let hidden = model.forward(None, &batch).unwrap();
    let logits = model.logits(&hidden).unwrap();
    assert!(
        batch.tokens.len() < first.len() + second.len(),
        "they begin alike"
    );
    for (number, tokens) in [first, second].iter().enumerate() {
        let segments = batch.segments_of(number).into_iter();
        let rows: Vec<u32> = segments
            .flat_map(|one| one.start as u32..one.end as u32)
            .collect();
        assert_eq!(rows.len(), tokens.len());
        let rows = Tensor::new(rows, &Device::Cpu).unwrap();
        let logits = logits.index_select(&rows, 0).unwrap();
        close(&logits, &reference[&format!("{number}.logits")], "packed");
    }
}

#[expect(clippy::print_stderr, reason = "the measured error is worth seeing")]
fn close(ours: &Tensor, theirs: &Tensor, what: &str) {
    assert_eq!(ours.dims(), theirs.dims());
    let error = relative_error(&numbers(ours), &numbers(theirs));
    eprintln!("{what}: {error:.2e}");
    assert!(error < TOLERANCE, "{what}: {error}");
}
