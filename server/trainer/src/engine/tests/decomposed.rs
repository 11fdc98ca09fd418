//! Weight-decomposed adapters against the oracle, with dropout too, and against themselves.

use shared::training::TargetModule;

use super::oracle::Oracle;
use super::{LENGTHS, distance, engine, expected, floats, labels_of, related_rows, weights_of};
use crate::ops::DropoutKey;
use crate::testing::{random_decomposed, random_rows, tiny_config, tiny_model};

const SOME: [TargetModule; 3] = [TargetModule::Query, TargetModule::Value, TargetModule::Up];

/// The worse of the errors of log-probabilities and of gradients.
fn error(targets: &[TargetModule], lengths: &[usize], dropout: Option<DropoutKey>) -> f64 {
    let (model, config) = (tiny_model(), tiny_config());
    let adapter = random_decomposed(&config, targets, 5);
    let rows = random_rows(&config, lengths, 9);
    let by_logp = weights_of(labels_of(&rows));
    let (logps, gradients) = engine(&model, &adapter, &rows, &by_logp, dropout);
    let mut oracle = Oracle::new(&model, &adapter);
    oracle.dropout = dropout;
    let (exact, store) = expected(&oracle, &rows, &by_logp);
    let logps: Vec<f64> = logps.into_iter().map(f64::from).collect();
    let gradient = floats(store.get(&oracle.flat).unwrap());
    distance(&logps, &exact).max(distance(&floats(gradients.flat()), &gradient))
}

#[test]
fn gradients_agree_with_autograd() {
    for targets in [TargetModule::ALL, &SOME] {
        let error = error(targets, &LENGTHS, None);
        assert!(error < 1e-5, "{targets:?}: {error:e}");
    }
}

#[test]
fn with_dropout_they_do_too() {
    let key = DropoutKey {
        seed: 1,
        stream: 2,
        share: 0.3,
    };
    for targets in [TargetModule::ALL, &SOME] {
        let error = error(targets, &[41], Some(key));
        assert!(error < 1e-5, "{targets:?}: {error:e}");
    }
}

#[test]
fn results_do_not_depend_on_the_number_of_threads() {
    let (model, config) = (tiny_model(), tiny_config());
    let adapter = random_decomposed(&config, TargetModule::ALL, 5);
    let rows = related_rows(&config);
    let by_logp = weights_of(labels_of(&rows));
    let with = |threads| {
        let pool = rayon::ThreadPoolBuilder::new();
        let pool = pool.num_threads(threads).build().unwrap();
        let (logps, gradients) = pool.install(|| engine(&model, &adapter, &rows, &by_logp, None));
        (logps, gradients.flat().to_vec1::<f32>().unwrap())
    };
    assert!(with(1) == with(3));
}
