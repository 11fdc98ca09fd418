//! Conversations that call tools against TRL's preprocessing and transformers' template.

use serde_json::Value;
use shared::dataset::RowContent;
use trainer::data::{ChatTemplate, Encoder, Row};
use trainer::model::LoadedModel;

use crate::support::{self, json, tiny};

/// The tiny model with another template.
fn with_template(source: &str) -> LoadedModel {
    let model = tiny();
    let special = model.tokenizer.special().clone();
    LoadedModel {
        template: ChatTemplate::new(source, special).unwrap(),
        ..model
    }
}

fn rows(vectors: &Value) -> Vec<(Row, &Value)> {
    let all = vectors["rows"].as_array().unwrap().iter();
    all.map(|one| (Row::parse(1, &one["row"].to_string()).unwrap(), one))
        .collect()
}

#[test]
fn calls_and_what_tools_answer_are_rendered_as_transformers_does() {
    let vectors = json("tools.json");
    let model = with_template(vectors["template"].as_str().unwrap());
    for (row, expected) in rows(&vectors) {
        let messages: Vec<_> = row.content.messages().cloned().collect();
        let rendered = model
            .template
            .render_with(&messages, row.tools.as_ref(), false);
        assert_eq!(rendered.unwrap().text, expected["text"].as_str().unwrap());
    }
}

#[test]
fn calls_are_learned_and_what_tools_answer_is_not() {
    let vectors = json("tools.json");
    let marked = vectors["template"].as_str().unwrap();
    let plain = marked
        .replace("{%- generation %}", "")
        .replace("{%- endgeneration %}", "");
    // Without marks turns are found by what each adds: the same tokens.
    for template in [marked, &plain] {
        let model = with_template(template);
        let encoder = Encoder::new(&model, None, 2048);
        for (row, expected) in rows(&vectors) {
            let ours = encoder
                .row(&row.content, row.tools.as_ref())
                .unwrap()
                .unwrap();
            let theirs = support::row(&expected["tokens"]);
            let text = &expected["text"];
            assert_eq!(ours.tokens, theirs.tokens, "{text}");
            assert_eq!(ours.loss_mask, theirs.loss_mask, "{text}");
            assert!(ours.learned() > 0);
        }
    }
}

#[test]
fn a_template_that_leaves_tools_out_is_noticed() {
    let vectors = json("tools.json");
    let knows = with_template(vectors["template"].as_str().unwrap());
    let does_not = tiny();
    let calls_only = vectors["template"].as_str().unwrap();
    let calls_only = with_template(&calls_only.replace("{{ tool | tojson }}", ""));
    let hides = |model: &LoadedModel, row: &Row| {
        let encoder = Encoder::new(model, Some("Be brief."), 2048);
        encoder.hides_tools(row).unwrap()
    };
    for (row, _) in rows(&vectors) {
        assert!(!hides(&knows, &row));
        assert!(hides(&does_not, &row));
        let is_offered = row.tools.is_some();
        let calls = row
            .content
            .messages()
            .any(|turn| turn.other.contains_key("tool_calls"));
        // A tool that is called is named by the call.
        assert_eq!(
            hides(&calls_only, &row),
            is_offered && (!calls || names_more(&row))
        );
        let plain = Row {
            content: RowContent::Text { text: "a".into() },
            tools: None,
            ..row
        };
        assert!(!hides(&does_not, &plain));
    }
}

/// Whether a row offers a tool that it does not call.
fn names_more(row: &Row) -> bool {
    row.tools
        .as_ref()
        .and_then(Value::as_array)
        .is_some_and(|tools| tools.len() > 1)
}
