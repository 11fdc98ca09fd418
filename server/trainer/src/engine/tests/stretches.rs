//! Rows with different adapters in one batch against each adapter alone.

use candle_core::Tensor;
use shared::training::TargetModule;

use super::models;
use crate::adapter::Adapter;
use crate::engine::Model;
use crate::testing::{lora_shape, random_adapter, random_decomposed, random_rows};

fn difference(a: &Tensor, b: &Tensor) -> f32 {
    let difference = (a - b).unwrap().abs().unwrap().max_all().unwrap();
    difference.to_scalar().unwrap()
}

/// Adapters of different targets and ranks, one of them weight-decomposed.
fn adapters(model: &Model) -> [Adapter; 3] {
    let config = &model.config;
    let attention = [TargetModule::Query, TargetModule::Value];
    let mut small = lora_shape(&attention);
    small.rank = 2;
    [
        random_adapter(config, lora_shape(TargetModule::ALL), 5),
        random_adapter(config, small, 6),
        random_decomposed(config, TargetModule::ALL, 7),
    ]
}

#[test]
fn each_row_has_the_logits_of_its_adapter_alone() {
    for model in models() {
        rows_are_independent(&model);
    }
}

fn rows_are_independent(model: &Model) {
    let [all, few, decomposed] = adapters(model);
    let rows = random_rows(&model.config, &[9, 7, 9, 6, 8], 2);
    // The third begins as the first, which has another adapter: nothing may be shared.
    let mut prompts: Vec<&[u32]> = rows.iter().map(|row| &row.tokens[..5]).collect();
    prompts[2] = prompts[0];
    let worn = [Some(&all), Some(&all), Some(&few), Some(&decomposed), None];
    let (mut cache, logits) = model.prefill_each(&worn, &prompts, 9).unwrap();
    let mut alone = Vec::new();
    for (slot, (adapter, prompt)) in worn.iter().zip(&prompts).enumerate() {
        let (cache, expected) = model.prefill(*adapter, &[prompt], 9).unwrap();
        let row = logits.narrow(0, slot, 1).unwrap();
        assert!(difference(&row, &expected) < 1e-4, "prompt {slot}");
        alone.push(cache);
    }
    let first = logits.narrow(0, 0, 1).unwrap();
    assert!(difference(&first, &logits.narrow(0, 2, 1).unwrap()) > 1e-3);
    // A sequence of each kind ends before the others.
    for (token, slots) in [
        (3, vec![0, 1, 2, 3, 4]),
        (4, vec![1, 2, 3, 4]),
        (5, vec![1, 3]),
    ] {
        let next: Vec<_> = slots
            .iter()
            .map(|slot| (*slot, token + *slot as u32))
            .collect();
        let adapters: Vec<_> = slots.iter().map(|slot| worn[*slot]).collect();
        let logits = model.step_each(&adapters, &mut cache, &next).unwrap();
        for (row, (slot, token)) in next.iter().enumerate() {
            let expected = model
                .step(worn[*slot], &mut alone[*slot], &[(0, *token)])
                .unwrap();
            let found = logits.narrow(0, row, 1).unwrap();
            assert!(difference(&found, &expected) < 1e-4, "sequence {slot}");
        }
    }
}

#[test]
fn a_sequence_keeps_the_kind_of_its_adapter() {
    let model = &models()[0];
    let [all, _, decomposed] = adapters(model);
    let prompts: [&[u32]; 2] = [&[1, 2], &[1, 2]];
    let worn = [Some(&all), Some(&decomposed)];
    let (mut cache, _) = model.prefill_each(&worn, &prompts, 4).unwrap();
    let swapped = [Some(&decomposed), Some(&all)];
    let refused = model.step_each(&swapped, &mut cache, &[(0, 1), (1, 1)]);
    assert!(refused.unwrap_err().to_string().contains("another adapter"));
    let refused = model.prefill_each(&worn[..1], &prompts, 4).unwrap_err();
    assert!(refused.to_string().contains("1 adapters for 2 sequences"));
}
