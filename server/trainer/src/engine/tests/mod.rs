//! The engine against an oracle in f64, and against itself in other shapes.

mod decode;
mod decomposed;
mod oracle;
mod quantised;
mod stretches;

use candle_core::{Tensor, backprop::GradStore};
use shared::training::TargetModule;

use self::oracle::Oracle;
use super::{Batch, Model, Pass};
use crate::adapter::{Adapter, Gradients};
use crate::data::TokenizedRow;
use crate::ops::DropoutKey;
use crate::testing::{
    gemma_like_model, lora_shape, random_adapter, random_rows, tiny_config, tiny_model,
    windowed_model,
};

const LENGTHS: [usize; 4] = [23, 7, 130, 2];

fn floats(tensor: &Tensor) -> Vec<f64> {
    let wide = tensor.to_dtype(candle_core::DType::F64).unwrap();
    wide.flatten_all().unwrap().to_vec1().unwrap()
}

/// ‖a - b‖ / ‖b‖.
fn distance(a: &[f64], b: &[f64]) -> f64 {
    assert_eq!(a.len(), b.len());
    let square = |values: &mut dyn Iterator<Item = f64>| values.map(|x| x * x).sum::<f64>().sqrt();
    square(&mut a.iter().zip(b).map(|(a, b)| a - b)) / square(&mut b.iter().copied()).max(1e-300)
}

/// A gradient by log-probabilities such as a loss would give.
fn weights_of(count: usize) -> Vec<f64> {
    (0..count)
        .map(|at| 0.1 + ((at * 37) % 11) as f64 / 10.0 - 0.5)
        .collect()
}

/// Log-probabilities and gradients of Σ cₜ·logpₜ from the engine.
fn engine(
    model: &Model,
    adapter: &Adapter,
    rows: &[TokenizedRow],
    by_logp: &[f64],
    dropout: Option<DropoutKey>,
) -> (Vec<f32>, Gradients) {
    let pass = Pass::new(model, Some(adapter)).unwrap();
    let pass = pass.with_dropout(dropout);
    let gradients = adapter.gradients().unwrap();
    let batch = Batch::new(rows);
    let saved = model.forward_saving(&pass, &batch).unwrap();
    let scores = model.score(saved.hidden(), &batch, true).unwrap();
    model
        .backward(&pass, &batch, saved, &scores, by_logp, &gradients)
        .unwrap();
    (scores.logps(), gradients)
}

/// The same from the oracle.
fn expected(oracle: &Oracle<'_>, rows: &[TokenizedRow], by_logp: &[f64]) -> (Vec<f64>, GradStore) {
    let mut logps = Vec::new();
    let mut loss = Tensor::new(0f64, &candle_core::Device::Cpu).unwrap();
    for row in rows {
        let all = oracle.logps(&row.tokens).unwrap();
        for at in (1..row.tokens.len()).filter(|at| row.loss_mask[*at]) {
            let logp = all
                .get(at - 1)
                .unwrap()
                .get(row.tokens[at] as usize)
                .unwrap();
            let factor = by_logp[logps.len()];
            logps.push(logp.to_scalar::<f64>().unwrap());
            loss = (loss + (logp * factor).unwrap()).unwrap();
        }
    }
    (logps, loss.backward().unwrap())
}

fn labels_of(rows: &[TokenizedRow]) -> usize {
    Batch::new(rows).labels.len()
}

/// One model of each kind of block.
fn models() -> [Model; 3] {
    [tiny_model(), windowed_model(), gemma_like_model()]
}

#[test]
fn hidden_states_log_probabilities_and_gradients_agree_with_autograd() {
    for model in models() {
        agrees_with_autograd(&model);
    }
}

fn agrees_with_autograd(model: &Model) {
    let config = &model.config;
    let adapter = random_adapter(config, lora_shape(TargetModule::ALL), 5);
    let rows = random_rows(config, &LENGTHS, 9);
    let by_logp = weights_of(labels_of(&rows));
    let (logps, gradients) = engine(model, &adapter, &rows, &by_logp, None);

    let oracle = Oracle::new(model, &adapter);
    let (expected_logps, store) = expected(&oracle, &rows, &by_logp);
    let logps: Vec<f64> = logps.into_iter().map(f64::from).collect();
    let error = distance(&logps, &expected_logps);
    assert!(error < 1e-6, "log-probabilities differ by {error:e}");

    let expected_gradient = store.get(&oracle.flat).unwrap();
    for layer in 0..config.layers {
        for (group, _) in oracle::groups(&adapter, layer) {
            let views = gradients.group(layer, group).unwrap();
            for view in std::iter::once(&views.a).chain(views.parts.iter().map(|part| &part.b)) {
                let (storage, layout) = view.storage_and_layout();
                drop(storage);
                let span = expected_gradient
                    .narrow(0, layout.start_offset(), view.elem_count())
                    .unwrap();
                let error = distance(&floats(view), &floats(&span));
                assert!(
                    error < 1e-5,
                    "{group:?} of layer {layer} differs by {error:e}"
                );
            }
        }
    }

    let hidden = model
        .forward(Some(&adapter), &Batch::unlabelled(&[&rows[0].tokens]))
        .unwrap();
    let error = distance(
        &floats(&hidden),
        &floats(&oracle.hidden(&rows[0].tokens).unwrap()),
    );
    assert!(error < 1e-6, "hidden states differ by {error:e}");
}

#[test]
fn an_adapter_on_some_layers_agrees_with_autograd() {
    let (model, config) = (tiny_model(), tiny_config());
    let targets = [TargetModule::Query, TargetModule::Value, TargetModule::Up];
    let adapter = random_adapter(&config, lora_shape(&targets), 6);
    let rows = random_rows(&config, &[31, 12], 10);
    let by_logp = weights_of(labels_of(&rows));
    let (_, gradients) = engine(&model, &adapter, &rows, &by_logp, None);
    let oracle = Oracle::new(&model, &adapter);
    let (_, store) = expected(&oracle, &rows, &by_logp);
    let error = distance(
        &floats(gradients.flat()),
        &floats(store.get(&oracle.flat).unwrap()),
    );
    assert!(error < 1e-5, "gradients differ by {error:e}");
}

#[test]
fn packing_and_splitting_a_batch_change_nothing() {
    let (model, config) = (tiny_model(), tiny_config());
    let adapter = random_adapter(&config, lora_shape(TargetModule::ALL), 5);
    let rows = random_rows(&config, &LENGTHS, 9);
    let by_logp = weights_of(labels_of(&rows));
    let (logps, gradients) = engine(&model, &adapter, &rows, &by_logp, None);

    let mut split_logps = Vec::new();
    let mut sum = vec![0f64; adapter.parameters()];
    for row in &rows {
        let row = std::slice::from_ref(row);
        let span = split_logps.len()..split_logps.len() + labels_of(row);
        let (logps, gradients) = engine(&model, &adapter, row, &by_logp[span], None);
        split_logps.extend(logps);
        for (sum, value) in sum.iter_mut().zip(floats(gradients.flat())) {
            *sum += value;
        }
    }
    let wide = |values: &[f32]| values.iter().map(|x| f64::from(*x)).collect::<Vec<_>>();
    assert!(distance(&wide(&split_logps), &wide(&logps)) < 1e-6);
    assert!(distance(&floats(gradients.flat()), &sum) < 1e-5);
}

/// Rows in two families with beginnings of 150 and 30 tokens below a common one of 20, in turn, and
/// one that is on its own.
fn related_rows(config: &crate::model::ModelConfig) -> Vec<TokenizedRow> {
    let beginnings = random_rows(config, &[20, 150, 30], 3);
    let rest = random_rows(config, &[40, 12, 101, 3, 60], 4);
    let place = |number: usize| match number {
        4 => Vec::new(),
        _ => [&beginnings[0], &beginnings[1 + number % 2]]
            .map(|row| row.tokens.clone())
            .concat(),
    };
    let join = |(number, rest): (usize, &TokenizedRow)| {
        let before = place(number);
        TokenizedRow {
            loss_mask: [vec![false; before.len()], rest.loss_mask.clone()].concat(),
            tokens: [before, rest.tokens.clone()].concat(),
        }
    };
    rest.iter().enumerate().map(join).collect()
}

#[test]
fn a_beginning_that_rows_share_changes_nothing_but_the_number_of_rows() {
    for model in models() {
        sharing_changes_nothing(&model);
    }
}

fn sharing_changes_nothing(model: &Model) {
    let config = &model.config;
    let adapter = random_adapter(config, lora_shape(TargetModule::ALL), 5);
    let rows = related_rows(config);
    let batch = Batch::new(&rows);
    let alone: usize = rows.iter().map(|row| Batch::new([row]).tokens.len()).sum();
    assert_eq!(alone - batch.tokens.len(), 3 * 20 + 150 + 30);
    let by_logp = weights_of(batch.labels.len());
    let (logps, gradients) = engine(model, &adapter, &rows, &by_logp, None);

    let mut sum = vec![0f64; adapter.parameters()];
    let wide = |values: &[f32]| values.iter().map(|x| f64::from(*x)).collect::<Vec<_>>();
    for (row, span) in rows.iter().zip(&batch.spans) {
        let row = std::slice::from_ref(row);
        let (own, gradients) = engine(model, &adapter, row, &by_logp[span.clone()], None);
        let error = distance(&wide(&logps[span.clone()]), &wide(&own));
        assert!(error < 1e-6, "log-probabilities differ by {error:e}");
        for (sum, value) in sum.iter_mut().zip(floats(gradients.flat())) {
            *sum += value;
        }
    }
    let error = distance(&floats(gradients.flat()), &sum);
    assert!(error < 1e-5, "gradients differ by {error:e}");

    let oracle = Oracle::new(model, &adapter);
    let in_order: Vec<f64> = batch
        .spans
        .iter()
        .flat_map(|span| by_logp[span.clone()].to_vec())
        .collect();
    let (_, store) = expected(&oracle, &rows, &in_order);
    let exact = store.get(&oracle.flat).unwrap();
    let error = distance(&floats(gradients.flat()), &floats(exact));
    assert!(
        error < 1e-5,
        "gradients differ from autograd's by {error:e}"
    );
}

#[test]
fn results_do_not_depend_on_the_number_of_threads() {
    let model = gemma_like_model();
    let config = model.config.clone();
    let adapter = random_adapter(&config, lora_shape(TargetModule::ALL), 5);
    let rows = related_rows(&config);
    let by_logp = weights_of(labels_of(&rows));
    let with = |threads| {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .unwrap();
        let (logps, gradients) = pool.install(|| engine(&model, &adapter, &rows, &by_logp, None));
        (logps, gradients.flat().to_vec1::<f32>().unwrap())
    };
    assert!(with(1) == with(3));
}

#[test]
fn dropout_repeats_itself_and_its_gradient_is_that_of_its_loss() {
    let (model, config) = (tiny_model(), tiny_config());
    let adapter = random_adapter(&config, lora_shape(TargetModule::ALL), 5);
    let rows = random_rows(&config, &[19, 24], 3);
    let by_logp = weights_of(labels_of(&rows));
    let key = DropoutKey {
        seed: 1,
        stream: 2,
        share: 0.3,
    };
    let (first, gradients) = engine(&model, &adapter, &rows, &by_logp, Some(key));
    assert_eq!(
        first,
        engine(&model, &adapter, &rows, &by_logp, Some(key)).0
    );
    let other = DropoutKey { stream: 3, ..key };
    assert_ne!(
        first,
        engine(&model, &adapter, &rows, &by_logp, Some(other)).0
    );

    // Along the gradient the loss rises by the gradient's norm.
    let values = adapter.flat().to_vec1::<f32>().unwrap();
    let gradient = gradients.flat().to_vec1::<f32>().unwrap();
    let norm = gradient
        .iter()
        .map(|g| f64::from(*g).powi(2))
        .sum::<f64>()
        .sqrt();
    let loss = |step: f64| {
        let moved = values
            .iter()
            .zip(&gradient)
            .map(|(value, g)| (f64::from(*value) + step * f64::from(*g) / norm) as f32)
            .collect();
        let shape = adapter.shape().clone();
        let device = candle_core::Device::Cpu;
        let moved = Adapter::from_values(&config, shape, moved, &device).unwrap();
        let (logps, _) = engine(&model, &moved, &rows, &by_logp, Some(key));
        logps
            .iter()
            .zip(&by_logp)
            .map(|(p, c)| f64::from(*p) * c)
            .sum::<f64>()
    };
    let slope = (loss(0.01) - loss(-0.01)) / 0.02;
    assert!(
        (slope / norm - 1.0).abs() < 2e-3,
        "slope {slope} and norm {norm}"
    );
}

#[test]
fn statistics_of_labels_agree_with_the_whole_distribution() {
    let (model, config) = (tiny_model(), tiny_config());
    let adapter = random_adapter(&config, lora_shape(TargetModule::ALL), 5);
    let rows = random_rows(&config, &[12], 4);
    let batch = Batch::new(&rows);
    let hidden = model.forward(Some(&adapter), &batch).unwrap();
    let scores = model.score(&hidden, &batch, false).unwrap();
    let all = Oracle::new(&model, &adapter)
        .logps(&rows[0].tokens)
        .unwrap();
    for (label, row) in scores.labels.iter().zip(&batch.loss_rows) {
        let logps = all.get(*row as usize).unwrap().to_vec1::<f64>().unwrap();
        let entropy: f64 = -logps.iter().map(|logp| logp * logp.exp()).sum::<f64>();
        assert!((f64::from(label.entropy) - entropy).abs() < 1e-4);
        let best = (0..logps.len())
            .max_by(|a, b| logps[*a].total_cmp(&logps[*b]))
            .unwrap();
        assert_eq!(label.best as usize, best);
    }
}
