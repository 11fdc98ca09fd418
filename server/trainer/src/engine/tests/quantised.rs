//! A base in blocks gives what the same base gives when it is widened, to the last bit.

use candle_core::quantized::{GgmlDType, QTensor};
use candle_core::{Device, Tensor};
use shared::training::TargetModule;

use super::{engine, labels_of, related_rows, weights_of};
use crate::adapter::{Adapter, merged_weight};
use crate::engine::Model;
use crate::model::{Matrix, ModelConfig};
use crate::ops::{Blocks, DropoutKey};
use crate::testing::{lora_shape, random_adapter, random_decomposed, random_weights, tiny_config};

const KINDS: [GgmlDType; 8] = [
    GgmlDType::Q4_0,
    GgmlDType::Q4_1,
    GgmlDType::Q5_0,
    GgmlDType::Q5_1,
    GgmlDType::Q8_0,
    GgmlDType::Q4K,
    GgmlDType::Q5K,
    GgmlDType::Q6K,
];

/// With rows that are whole blocks of 256.
fn config() -> ModelConfig {
    ModelConfig {
        hidden_size: 256,
        intermediate_size: 512,
        head_dim: 64,
        ..tiny_config()
    }
}

/// A random model in blocks, and the same widened.
fn models(kind: GgmlDType) -> [Model; 2] {
    let mut kept = random_weights(&config(), 1);
    let mut widened = kept.clone();
    let change = |kept: &mut Matrix, widened: &mut Matrix| {
        let stored = QTensor::quantize(&kept.numbers().unwrap(), kind).unwrap();
        let (rows, width) = kept.dims2().unwrap();
        let blocks = Blocks::new(kind, &stored.data().unwrap(), rows, width).unwrap();
        *kept = Matrix::Blocks(blocks);
        *widened = stored.dequantize(&Device::Cpu).unwrap().into();
    };
    change(&mut kept.embedding, &mut widened.embedding);
    for (kept, widened) in kept.layers.iter_mut().zip(&mut widened.layers) {
        for &target in TargetModule::ALL {
            change(kept.linear_mut(target), widened.linear_mut(target));
        }
    }
    [kept, widened].map(|weights| Model::new(config(), weights))
}

fn adapters() -> [Adapter; 2] {
    [
        random_adapter(&config(), lora_shape(TargetModule::ALL), 5),
        random_decomposed(&config(), TargetModule::ALL, 5),
    ]
}

fn bits(tensor: &Tensor) -> Vec<u32> {
    let numbers = tensor.flatten_all().unwrap().to_vec1::<f32>().unwrap();
    numbers.into_iter().map(f32::to_bits).collect()
}

#[test]
fn log_probabilities_and_gradients_are_equal() {
    let rows = related_rows(&config());
    let by_logp = weights_of(labels_of(&rows));
    let key = DropoutKey {
        seed: 1,
        stream: 2,
        share: 0.2,
    };
    for kind in KINDS {
        let models = models(kind);
        for adapter in adapters() {
            let [kept, widened] = models.each_ref().map(|model| {
                let (logps, gradients) = engine(model, &adapter, &rows, &by_logp, Some(key));
                let logps: Vec<u32> = logps.into_iter().map(f32::to_bits).collect();
                (logps, bits(gradients.flat()))
            });
            assert!(kept == widened, "{kind:?}");
        }
    }
}

#[test]
fn decoding_is_equal() {
    let rows = related_rows(&config());
    for kind in KINDS {
        let models = models(kind);
        for adapter in adapters() {
            let [kept, widened] = models.each_ref().map(|model| {
                let prompts = [&rows[0].tokens[..], &rows[1].tokens[..]];
                let (mut cache, first) = model.prefill(Some(&adapter), &prompts, 256).unwrap();
                let next = [(0, 7), (1, 9)];
                let second = model.step(Some(&adapter), &mut cache, &next).unwrap();
                [bits(&first), bits(&second)]
            });
            assert!(kept == widened, "{kind:?}");
        }
    }
}

#[test]
fn merged_weights_and_fresh_magnitudes_are_equal() {
    let [kept, widened] = models(GgmlDType::Q4K);
    for adapter in adapters() {
        for &target in TargetModule::ALL {
            let [kept, widened] = [&kept, &widened].map(|model| {
                let merged = merged_weight(&model.weights, &adapter, 1, target).unwrap();
                bits(&merged.numbers().unwrap())
            });
            assert!(kept == widened, "{target}");
        }
    }
    let shape = adapters()[1].shape().clone();
    let [kept, widened] = [&kept, &widened].map(|model| {
        let fresh = Adapter::new(&config(), &model.weights, shape.clone(), 1).unwrap();
        bits(fresh.flat())
    });
    assert!(kept == widened);
}
