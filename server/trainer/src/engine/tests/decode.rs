//! The cache against the whole sequence at once.

use candle_core::Tensor;
use shared::training::TargetModule;

use super::models;
use crate::engine::{Batch, Model};
use crate::testing::{gemma_like_model, lora_shape, random_adapter, random_rows, windowed_model};

fn difference(a: &Tensor, b: &Tensor) -> f32 {
    (a - b)
        .unwrap()
        .abs()
        .unwrap()
        .max_all()
        .unwrap()
        .to_scalar()
        .unwrap()
}

#[test]
fn steps_over_the_cache_give_the_logits_of_whole_sequences() {
    for model in models() {
        steps_give_logits(&model);
    }
}

fn steps_give_logits(model: &Model) {
    let config = &model.config;
    let adapter = random_adapter(config, lora_shape(TargetModule::ALL), 5);
    let rows = random_rows(config, &[9, 14], 2);
    let (first, second) = (&rows[0].tokens, &rows[1].tokens);
    let whole = |tokens: &[u32]| {
        let hidden = model
            .forward(Some(&adapter), &Batch::unlabelled(&[tokens]))
            .unwrap();
        model
            .logits(&hidden)
            .unwrap()
            .narrow(0, tokens.len() - 1, 1)
            .unwrap()
    };
    let (mut cache, logits) = model
        .prefill(Some(&adapter), &[&first[..5], &second[..13]], 14)
        .unwrap();
    assert!(difference(&logits.narrow(0, 0, 1).unwrap(), &whole(&first[..5])) < 1e-4);
    assert!(difference(&logits.narrow(0, 1, 1).unwrap(), &whole(&second[..13])) < 1e-4);

    let logits = model
        .step(
            Some(&adapter),
            &mut cache,
            &[(1, second[13]), (0, first[5])],
        )
        .unwrap();
    assert!(difference(&logits.narrow(0, 0, 1).unwrap(), &whole(second)) < 1e-4);
    assert!(difference(&logits.narrow(0, 1, 1).unwrap(), &whole(&first[..6])) < 1e-4);

    assert!(
        model.step(None, &mut cache, &[(1, 0)]).is_err(),
        "the sequence is full"
    );
    assert!(
        model.step(None, &mut cache, &[(0, 0), (0, 1)]).is_err(),
        "named twice"
    );
    for at in 6..9 {
        let logits = model
            .step(Some(&adapter), &mut cache, &[(0, first[at])])
            .unwrap();
        assert!(difference(&logits, &whole(&first[..=at])) < 1e-4);
    }
    assert_eq!(cache.lengths(), [9, 14]);
}

#[test]
fn a_window_slides_over_the_cache() {
    for model in [windowed_model(), gemma_like_model()] {
        let adapter = random_adapter(&model.config, lora_shape(TargetModule::ALL), 5);
        let tokens = &random_rows(&model.config, &[150], 2)[0].tokens;
        let batch = Batch::unlabelled(&[tokens]);
        let hidden = model.forward(Some(&adapter), &batch).unwrap();
        let whole = model.logits(&hidden).unwrap();
        let (mut cache, _) = model
            .prefill(Some(&adapter), &[&tokens[..60]], 150)
            .unwrap();
        for (at, token) in tokens.iter().enumerate().skip(60) {
            let logits = model.step(Some(&adapter), &mut cache, &[(0, *token)]);
            let expected = whole.narrow(0, at, 1).unwrap();
            assert!(difference(&logits.unwrap(), &expected) < 1e-4, "token {at}");
        }
    }
}

#[test]
fn a_beginning_that_prompts_share_changes_nothing() {
    let model = gemma_like_model();
    let config = model.config.clone();
    let adapter = random_adapter(&config, lora_shape(TargetModule::ALL), 5);
    let rows = random_rows(&config, &[44, 50], 2);
    let long = &rows[0].tokens;
    let mut other = long[..38].to_vec();
    other.extend(&rows[1].tokens[38..]);
    let prompts = [&long[..40], &other[..], &long[..39]];
    let (mut cache, logits) = model.prefill(Some(&adapter), &prompts, 51).unwrap();
    for (slot, prompt) in prompts.iter().enumerate() {
        let (mut alone, expected) = model.prefill(Some(&adapter), &[prompt], 51).unwrap();
        let row = logits.narrow(0, slot, 1).unwrap();
        assert!(difference(&row, &expected) < 1e-4, "prompt {slot}");
        let next = model
            .step(Some(&adapter), &mut cache, &[(slot, 7)])
            .unwrap();
        let expected = model.step(Some(&adapter), &mut alone, &[(0, 7)]).unwrap();
        assert!(difference(&next, &expected) < 1e-4, "behind prompt {slot}");
    }
    assert_eq!(cache.lengths(), [41, 51, 40]);
}
