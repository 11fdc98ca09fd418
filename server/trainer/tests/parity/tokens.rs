//! Token ids and loss masks against those of TRL's trainers.

use serde_json::Value;
use trainer::data::{ChatTemplate, Encoder, Row, TokenizedRow, preview};
use trainer::model::{LoadedModel, load};

use crate::support::{ids, json, smollm2, tiny};

#[test]
fn rows_of_the_tiny_model_are_as_trl_makes_them() {
    check(&tiny(), &json("tokens-tiny.json"));
}

#[test]
fn rows_of_smollm2_are_as_trl_makes_them() {
    let Some(path) = smollm2("rows_of_smollm2_are_as_trl_makes_them") else {
        return;
    };
    let model = load(&path, &candle_core::Device::Cpu).unwrap();
    check(&model, &json("tokens-smollm2.json"));
}

#[test]
fn two_hundred_chats_of_smollm2_are_as_trl_makes_them() {
    let Some(path) = smollm2("two_hundred_chats_of_smollm2_are_as_trl_makes_them") else {
        return;
    };
    let model = load(&path, &candle_core::Device::Cpu).unwrap();
    let vectors = json("chats-smollm2.json");
    let chats = vectors["chats"].as_array().unwrap();
    let data = Encoder::new(&model, None, 2048).rows(&rows(&vectors["chats"]));
    let data = data.unwrap();
    assert_eq!((data.rows.len(), chats.len()), (200, 200));
    for (row, chat) in data.rows.iter().zip(chats) {
        assert_eq!(row.tokens, ids(&chat["ids"]), "{}", chat["row"]);
        let start = row.loss_mask.iter().position(|learned| *learned);
        assert_eq!(start.map(|start| start as u64), chat["start"].as_u64());
        assert!(
            row.loss_mask[start.unwrap()..]
                .iter()
                .all(|learned| *learned)
        );
    }
}

fn check(model: &LoadedModel, vectors: &Value) {
    check_rows(model, vectors, "completions", 21);
    check_pairs(model, vectors);
    let mut marked = model.clone();
    let template = vectors["marked_template"].as_str().unwrap();
    marked.template = ChatTemplate::new(template, model.tokenizer.special().clone()).unwrap();
    check_rows(&marked, vectors, "conversations", 5);
}

fn encoder<'a>(model: &'a LoadedModel, vectors: &'a Value) -> Encoder<'a> {
    let max_length = vectors["max_length"].as_u64().unwrap();
    let system_prompt = vectors["system_prompt"].as_str();
    Encoder::new(model, system_prompt, usize::try_from(max_length).unwrap())
}

fn rows(vectors: &Value) -> Vec<Row> {
    let all = vectors.as_array().unwrap().iter().enumerate();
    all.map(|(line, entry)| Row::parse(line, &entry["row"].to_string()).unwrap())
        .collect()
}

fn check_rows(model: &LoadedModel, vectors: &Value, kind: &str, count: usize) {
    let data = encoder(model, vectors).rows(&rows(&vectors[kind])).unwrap();
    let expected = vectors[kind].as_array().unwrap();
    assert_eq!(expected.len(), count);
    let dropped = expected.iter().filter(|entry| entry["tokens"].is_null());
    assert_eq!(data.counts.dropped, dropped.count(), "{kind}");
    assert!(
        data.counts.dropped > 0 && data.counts.truncated > 0,
        "{kind}"
    );
    for (row, source) in data.rows.iter().zip(&data.sources) {
        same(row, &expected[*source]["tokens"], &expected[*source]["row"]);
        let pieces = preview(&model.tokenizer, row).unwrap();
        let text: String = pieces.iter().map(|piece| piece.text.as_str()).collect();
        assert_eq!(text, model.tokenizer.decode(&row.tokens, false).unwrap());
    }
}

fn check_pairs(model: &LoadedModel, vectors: &Value) {
    let vectors_of_pairs = &vectors["preferences"];
    let data = encoder(model, vectors)
        .pairs(&rows(vectors_of_pairs))
        .unwrap();
    assert_eq!((data.counts.dropped, data.counts.truncated), (1, 1));
    for (pair, source) in data.pairs.iter().zip(&data.sources) {
        let expected = &vectors_of_pairs[*source];
        same(
            &pair.chosen,
            &expected["tokens"]["chosen"],
            &expected["row"],
        );
        same(
            &pair.rejected,
            &expected["tokens"]["rejected"],
            &expected["row"],
        );
    }
}

fn same(row: &TokenizedRow, expected: &Value, text: &Value) {
    let mask: Vec<u32> = row
        .loss_mask
        .iter()
        .map(|learned| u32::from(*learned))
        .collect();
    assert_eq!(row.tokens, ids(&expected["ids"]), "{text}");
    assert_eq!(mask, ids(&expected["mask"]), "{text}");
}

/// Without marks in the template, turns are found by what each adds; only the first token after the
/// header of a turn can tell a difference, and here nothing does.
#[test]
fn turns_without_marks_are_those_with_marks() {
    let model = tiny();
    let vectors = json("tokens-tiny.json");
    let mut marked = model.clone();
    let template = vectors["marked_template"].as_str().unwrap();
    marked.template = ChatTemplate::new(template, model.tokenizer.special().clone()).unwrap();
    for row in rows(&vectors["conversations"]) {
        let plain = encoder(&model, &vectors).row(&row.content, None).unwrap();
        let marked = encoder(&marked, &vectors).row(&row.content, None).unwrap();
        assert_eq!(plain, marked);
    }
}

#[test]
fn an_answer_that_begins_with_a_space_is_learned_from_there() {
    let vectors = json("tokens-tiny.json");
    let mut model = tiny();
    let template = vectors["marked_template"].as_str().unwrap();
    model.template = ChatTemplate::new(template, model.tokenizer.special().clone()).unwrap();
    let text = r#"{"messages": [{"role": "user", "content": "a"},
        {"role": "assistant", "content": " the answer"}]}"#;
    let row = Row::parse(1, text).unwrap();
    let tokens = encoder(&model, &vectors).row(&row.content, None).unwrap();
    let pieces = preview(&model.tokenizer, &tokens.unwrap()).unwrap();
    let learned = pieces.iter().filter(|piece| piece.in_loss);
    let text: String = learned.map(|piece| piece.text.as_str()).collect();
    assert_eq!(text, " the answer<|im_end|>\n");
}

/// A template that writes an answer differently once the conversation goes on would leave earlier
/// answers out of the loss without a word.
#[test]
fn a_template_that_rewrites_earlier_answers_is_refused() {
    let mut model = tiny();
    let template = "{% for m in messages %}<|im_start|>{{ m.role }}\n\
         {% if m.role == 'assistant' and loop.last %}<think>\n\n</think>\n\n{% endif %}\
         {{ m.content }}<|im_end|>\n{% endfor %}\
         {% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}";
    model.template = ChatTemplate::new(template, model.tokenizer.special().clone()).unwrap();
    let encode = |text: &str| {
        let row = Row::parse(1, text).unwrap();
        let encoded = Encoder::new(&model, None, 200).row(&row.content, None);
        encoded.map_err(|error| error.to_string())
    };
    let one = r#"{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}"#;
    assert!(encode(&format!("{{\"messages\": [{one}]}}")).is_ok());
    let message = encode(&format!("{{\"messages\": [{one}, {one}]}}")).unwrap_err();
    assert!(
        message.contains("the answer of turn 2 differently"),
        "{message}"
    );
}
