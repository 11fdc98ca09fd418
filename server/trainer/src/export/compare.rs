//! How far the answers of one model are from those of another, on a few texts.

use shared::message::Message;
use shared::model_export::ExportCheck;

use crate::adapter::Adapter;
use crate::engine::{Batch, Model};
use crate::error::{Result, TrainerError};
use crate::model::LoadedModel;

/// Texts of several kinds, so that a wrong split of digits, spaces or scripts is seen.
const TEXTS: [&str; 5] = [
    "My order 48213 from 14 May hasn't arrived, and I've been charged $19.99 twice.",
    "Write a haiku about rain on a tin roof, then explain each line.",
    "{\"intent\": \"refund\", \"entities\": [],  \"next_step\": null}\n\n\tfn main() { return 0; }",
    "Was kostet die Überweisung nach Zürich? ¿Y cuánto tarda? 日本語でもいいですか。",
    "Don't answer the question; say only that you can't help with it.",
];

/// A model and the adapter on it.
type Answering<'a> = (&'a LoadedModel, Option<&'a Adapter>);

/// Compares the logits of two models after every token of some texts, rendered by the original's
/// chat template if it has one.
///
/// # Errors
/// [`TrainerError::Model`] if their tokenizers disagree on a text.
pub fn compare(original: Answering<'_>, other: Answering<'_>) -> Result<ExportCheck> {
    let models = [original, other].map(|(loaded, adapter)| {
        let model = Model::new(loaded.config.clone(), loaded.weights.clone());
        (model, adapter)
    });
    let mut check = ExportCheck::default();
    for text in rendered(original.0)? {
        let tokens = encode(&text, original.0, other.0)?;
        let [ours, theirs] = &models;
        let ours = logits(&ours.0, ours.1, &tokens)?;
        let theirs = logits(&theirs.0, theirs.1, &tokens)?;
        for (one, other) in ours.iter().zip(&theirs) {
            add_place(&mut check, one, other);
        }
    }
    check.mean_divergence /= f64::from(check.tokens.max(1));
    Ok(check)
}

fn rendered(model: &LoadedModel) -> Result<Vec<String>> {
    if model.template.source().is_none() {
        return Ok(TEXTS.map(str::to_owned).to_vec());
    }
    TEXTS
        .iter()
        .map(|text| model.template.render(&[Message::user(*text)], true))
        .collect()
}

/// The tokens of a text, which must be the same for both.
fn encode(text: &str, original: &LoadedModel, other: &LoadedModel) -> Result<Vec<u32>> {
    let tokens = original.tokenizer.encode(text)?;
    if other.tokenizer.encode(text)? == tokens {
        return Ok(tokens);
    }
    Err(TrainerError::Model {
        path: other.path.clone(),
        reason: format!("its tokenizer splits {text:?} differently from the original's"),
    })
}

/// The logits after every token, one row each.
fn logits(model: &Model, adapter: Option<&Adapter>, tokens: &[u32]) -> Result<Vec<Vec<f32>>> {
    let hidden = model.forward(adapter, &Batch::unlabelled(&[tokens]))?;
    Ok(model.logits(&hidden)?.to_vec2()?)
}

fn add_place(check: &mut ExportCheck, one: &[f32], other: &[f32]) {
    let (p, q) = (log_probabilities(one), log_probabilities(other));
    let divergence: f64 = p.iter().zip(&q).map(|(p, q)| p.exp() * (p - q)).sum();
    let differences = one.iter().zip(other);
    // Not `max`, which would hide what is no number.
    let larger = |one: f64, other: f64| {
        if one.is_nan() || one >= other {
            one
        } else {
            other
        }
    };
    let largest = differences
        .map(|(one, other)| f64::from((one - other).abs()))
        .fold(0.0, larger);
    check.tokens += 1;
    check.mean_divergence += if divergence < 0.0 { 0.0 } else { divergence };
    check.largest_difference = larger(check.largest_difference, largest);
    check.same_first_choice += u32::from(first_choice(one) == first_choice(other));
}

fn log_probabilities(logits: &[f32]) -> Vec<f64> {
    let largest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let shifted = logits.iter().map(|logit| f64::from(logit - largest));
    let sum: f64 = shifted.clone().map(f64::exp).sum();
    shifted.map(|logit| logit - sum.ln()).collect()
}

fn first_choice(logits: &[f32]) -> Option<usize> {
    let places = logits.iter().enumerate();
    places
        .max_by(|(_, one), (_, other)| one.total_cmp(other))
        .map(|(place, _)| place)
}
