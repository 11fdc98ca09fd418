//! Packs of rows and the pieces of plain texts against those of TRL.

use serde_json::Value;
use shared::dataset::RowContent;
use tokenizers::Tokenizer;
use trainer::data::{Encoder, Row, TokenizedRow, best_fit};
use trainer::model::{LoadedModel, TextTokenizer};

use crate::support::{fixture, ids, json, tiny};

fn sizes(value: &Value) -> Vec<usize> {
    let all = ids(value).into_iter();
    all.map(|number| number as usize).collect()
}

#[test]
fn packs_are_those_of_trl() {
    let vectors = json("packing.json");
    for case in vectors["cases"].as_array().unwrap() {
        let capacity = usize::try_from(case["capacity"].as_u64().unwrap()).unwrap();
        let packs = best_fit(&sizes(&case["lengths"]), capacity);
        let theirs: Vec<_> = case["packs"]
            .as_array()
            .unwrap()
            .iter()
            .map(sizes)
            .collect();
        assert_eq!(packs, theirs);
    }
}

/// Sequences of one token, which nothing predicts, are left out here; TRL keeps them in its packs.
#[test]
fn pieces_of_texts_are_those_of_trl() {
    let vectors = json("packing.json");
    let model = tiny();
    check_texts(&model, &vectors, "plain");
    let text = std::fs::read_to_string(fixture("tiny-llama/tokenizer.json")).unwrap();
    let mut tokenizer: Value = serde_json::from_str(&text).unwrap();
    tokenizer["post_processor"] = vectors["post_processor_with_bos"].clone();
    let tokenizer: Tokenizer = tokenizer.to_string().parse().unwrap();
    let special = model.tokenizer.special().clone();
    let with_bos = LoadedModel {
        tokenizer: TextTokenizer::new(tokenizer, special).unwrap(),
        ..model
    };
    check_texts(&with_bos, &vectors, "with_bos");
}

fn check_texts(model: &LoadedModel, vectors: &Value, name: &str) {
    let max_length = usize::try_from(vectors["max_length"].as_u64().unwrap()).unwrap();
    let texts = vectors["texts"].as_array().unwrap();
    let rows: Vec<Row> = texts
        .iter()
        .map(|text| Row {
            line: 1,
            content: RowContent::Text {
                text: text.as_str().unwrap().to_owned(),
            },
            tools: None,
        })
        .collect();
    let data = Encoder::new(model, None, max_length).rows(&rows).unwrap();
    assert!(data.sources.is_sorted());
    assert_eq!((data.counts.truncated, data.counts.dropped), (0, 0));
    let whole = |row: &TokenizedRow| row.learned() + 1 == row.tokens.len() && !row.loss_mask[0];
    assert!(data.rows.iter().all(whole));
    let lengths: Vec<usize> = data.rows.iter().map(|row| row.tokens.len()).collect();
    let packs = best_fit(&lengths, max_length).into_iter();
    let ours: Vec<Vec<_>> = packs
        .map(|pack| {
            pack.into_iter()
                .map(|row| data.rows[row].tokens.clone())
                .collect()
        })
        .collect();
    let theirs: Vec<Vec<_>> = vectors[name]
        .as_array()
        .unwrap()
        .iter()
        .map(|pack| {
            let sequences = pack.as_array().unwrap().iter().map(ids);
            sequences.filter(|tokens| tokens.len() > 1).collect()
        })
        .filter(|pack: &Vec<_>| !pack.is_empty())
        .collect();
    assert_eq!(ours, theirs, "{name}");
}
