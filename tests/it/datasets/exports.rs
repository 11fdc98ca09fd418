//! Exports: what is written is read again as the same rows.

use serde_json::{Value, json};
use tests::on_both_databases;

use super::{Desk, jsonl, row};

/// Rows with everything that a format of this name can hold.
fn rich(format: &str) -> Vec<Value> {
    let extra = |mut record: Value| {
        record["coverage"] = json!("adversarial");
        record["tags"] = json!(["a, b", "c"]);
        record["clauses"] = json!(["json-only"]);
        record["id"] = json!({ "deep": [1, null, "x"] });
        record
    };
    let turn = |role: &str, content: &str| json!({ "role": role, "content": content });
    let chat = json!([
        turn("system", "s"),
        turn("user", "q\n\u{2028}"),
        turn("assistant", "a"),
        turn("user", "q2")
    ]);
    let mut calls = turn("assistant", "");
    calls["tool_calls"] = json!([
        { "id": "1", "type": "function", "function": { "name": "f", "arguments": "{\"a\": 1.0}" } }
    ]);
    let mut result = turn("tool", "o");
    result["tool_call_id"] = json!("1");
    result["name"] = json!("f");
    let tools = json!([{ "type": "function", "function": { "name": "f", "parameters": {} } }]);
    let mut thinking = turn("assistant", "a3");
    thinking["thinking"] = json!("hm");
    let mut talk = chat.as_array().unwrap().clone();
    talk.extend([calls, result, thinking]);
    match format {
        "prompt_completion" => vec![
            extra(json!({ "prompt": "q", "completion": "a" })),
            extra(json!({ "prompt": chat, "completion": talk[4..] })),
            json!({ "prompt": "Human: x\n\nAssistant:", "completion": "a" }),
        ],
        "alpaca" => vec![
            extra(json!({ "instruction": "q", "input": "", "output": "a" })),
            json!({ "instruction": "q", "input": "i", "output": "a", "system": "s", "history": [["b", "c"]] }),
        ],
        "messages" | "sharegpt" => vec![
            extra(json!({ "messages": talk, "tools": tools })),
            json!({ "messages": talk[..6], "tools": tools.to_string() }),
            json!({ "messages": talk[..3] }),
        ],
        "preference" => vec![
            extra(
                json!({ "prompt": "q", "chosen": "a", "rejected": "b", "messages": [1], "text": "t" }),
            ),
            json!({ "prompt": chat, "chosen": talk[4..], "rejected": [turn("assistant", "b")] }),
            json!({
                "prompt": "q", "chosen": "a", "rejected": "b",
                "votes_chosen": 2, "votes_rejected": 1, "margin": 0.1,
            }),
            json!({ "prompt": "q", "chosen": "a", "rejected": "c", "margin": -2 }),
        ],
        "unpaired" => vec![extra(
            json!({ "prompt": "q", "completion": "a", "label": true }),
        )],
        _ => vec![extra(json!({ "text": "t\u{0}t" })), json!({ "text": "u" })],
    }
}

impl Desk {
    async fn export(&mut self, query: &str) -> String {
        let path = format!("{}/versions/1/export{query}", self.dataset);
        let reply = self.client.get(&path).await;
        assert_eq!(reply.status.as_u16(), 200, "{}", reply.json());
        String::from_utf8(reply.bytes).unwrap()
    }
}

on_both_databases! {
    async fn what_is_exported_is_imported_as_the_same_rows(database: TestDatabase) {
        let mut desk = Desk::new(database).await;
        let cases = [
            ("prompt_completion", "?format=prompt_completion"), ("alpaca", "?format=alpaca"),
            ("messages", "?format=messages"), ("sharegpt", "?format=sharegpt"),
            ("preference", "?format=preference"), ("preference", "?format=sharegpt"),
            ("unpaired", ""), ("text", ""), ("prompt_completion", ""), ("messages", ""),
        ];
        for (index, (kind, query)) in cases.into_iter().enumerate() {
            desk.dataset = Desk::make_dataset(&mut desk.client, &format!("{index} a")).await;
            let import = desk.import("first.jsonl", &jsonl(&rich(kind))).await;
            assert_eq!(import["rejected"], 0, "{kind}: {:?}", desk.rejections(&import).await);
            let first = desk.cut(json!({ "validation_share": 0 })).await;
            let rows = desk.draft().await;
            let file = desk.export(query).await;
            desk.dataset = Desk::make_dataset(&mut desk.client, &format!("{index} b")).await;
            let import = desk.import("second.jsonl", &file).await;
            assert_eq!(import["rejected"], 0, "{kind}{query}: {file}");
            assert_eq!(desk.draft().await, rows, "{kind}{query}: {file}");
            let second = desk.cut(json!({ "validation_share": 0 })).await;
            assert_eq!(second["content_hash"], first["content_hash"]);
        }
    }

    async fn a_format_that_cannot_hold_a_row_is_refused_before_anything_is_sent(database: TestDatabase) {
        let mut desk = Desk::new(database).await;
        desk.import("t.jsonl", &jsonl(&rich("messages"))).await;
        desk.cut(json!({})).await;
        for (format, word) in [("preference", "conversation"), ("alpaca", "position 0")] {
            let path = format!("{}/versions/1/export?format={format}", desk.dataset);
            let refused = desk.client.get(&path).await.expect(422);
            let message = refused["fields"][0]["message"].as_str().unwrap();
            assert!(message.contains(word), "{message}");
        }
    }

    async fn one_side_of_the_split_is_exported_under_a_name_that_says_so(database: TestDatabase) {
        let mut desk = Desk::new(database).await;
        for n in 0..10 {
            desk.add_row(&row(&format!("q{n}"), "a")).await;
        }
        desk.cut(json!({ "validation_share": 0.3 })).await;
        assert_eq!(desk.export("?split=train").await.lines().count(), 7);
        let path = format!("{}/versions/1/export?split=validation&format=messages", desk.dataset);
        let reply = desk.client.get(&path).await;
        assert_eq!(
            reply.headers["content-disposition"],
            "attachment; filename=\"rows-v1-validation-messages.jsonl\""
        );
        assert_eq!(reply.bytes.split(|byte| *byte == b'\n').count(), 4);
    }
}
