//! A preference dataset from the judgements of a queue, and the judgements as a file.

use serde_json::{Value, json};
use shared::account::Role;
use tests::{Client, on_both_databases};

use super::Bench;

fn pair(number: usize) -> Value {
    json!({
        "messages": [{ "role": "user", "content": format!("Question {number}") }],
        "response_a": format!("A{number}"), "response_b": format!("B{number}"),
        "source_a": "Tiny 1, sample 1", "source_b": "Tiny 1, sample 2",
    })
}

/// Judges the pairs in their order, by canonical sides.
async fn judge(client: &mut Client, queue: &str, choices: &[&str]) {
    for choice in choices {
        let path = format!("/api/projects/p/{queue}/tasks?count=1");
        let held = client.post(&path, &json!({})).await.expect(200);
        let task = &held["tasks"][0];
        let a_is_left = task["left"].as_str().unwrap().starts_with('A');
        let shown = match (*choice, a_is_left) {
            ("a", true) | ("b", false) => "left",
            ("a", false) | ("b", true) => "right",
            (other, _) => other,
        };
        let body = json!({
            "slot_id": task["slot_id"], "choice": shown, "elapsed_ms": 900, "clauses": ["brief"],
        });
        let path = format!("/api/projects/p/{queue}/judgements");
        client.post(&path, &body).await.expect(201);
    }
}

on_both_databases! {
    async fn decided_pairs_become_rows_and_the_rest_is_counted(database: TestDatabase) {
        let mut bench = Bench::new(database).await;
        let queue = bench.post("queues", &json!({ "name": "Tone", "overlap": 2 }), 201).await;
        let queue = format!("queues/{}", queue["id"].as_str().unwrap());
        let mut pairs: Vec<_> = (0..6).map(pair).collect();
        pairs[5]["response_b"] = json!("");
        bench.post(&format!("{queue}/pairs"), &json!({ "pairs": pairs }), 201).await;
        let (path, body) = (format!("{queue}/dataset"), json!({ "name": "Preferred" }));
        bench.post(&path, &body, 409).await;
        let mut ann = bench.app.member(&mut bench.client, "p", Role::Annotator).await;
        let mut admin = bench.client.clone();
        judge(&mut ann, &queue, &["a", "b", "tie", "a", "both_bad", "a"]).await;
        judge(&mut admin, &queue, &["a", "b", "tie", "b", "both_bad", "a"]).await;
        pairs = vec![pair(6)];
        bench.post(&format!("{queue}/pairs"), &json!({ "pairs": pairs }), 201).await;

        let made = bench.post(&path, &body, 201).await;
        let expected = json!({
            "decided": 2, "ties": 1, "both_bad": 1, "splits": 1, "unfinished": 1,
        });
        assert_eq!(made["results"], expected);
        assert_eq!((&made["version"]["number"], &made["version"]["counts"]["rows"]), (&json!(1), &json!(2)));
        assert!(made["version"]["note"].as_str().unwrap().contains("1 with an empty response"));
        let dataset = made["version"]["dataset_id"].as_str().unwrap();
        let rows = bench.get(&format!("datasets/{dataset}/versions/1/rows")).await;
        let second = &rows["items"][1]["row"];
        assert_eq!(second["content"], json!({
            "kind": "preference",
            "prompt": [{ "role": "user", "content": "Question 1" }],
            "chosen": [{ "role": "assistant", "content": "B1" }],
            "rejected": [{ "role": "assistant", "content": "A1" }],
        }));
        assert_eq!((&second["clauses"], &second["provenance"]["source"]), (&json!(["brief"]), &json!("judgement")));

        // Once more, with one more decided pair: the others are not doubled.
        judge(&mut ann, &queue, &["a"]).await;
        judge(&mut admin, &queue, &["a"]).await;
        let again = bench.post(&path, &body, 201).await;
        assert_eq!((&again["version"]["number"], &again["version"]["counts"]["rows"]), (&json!(2), &json!(3)));
        let wrong = json!({ "name": "Preferred", "validation_share": 0.9 });
        let refused = bench.post(&path, &wrong, 422).await;
        assert_eq!(refused["fields"][0]["field"], "validation_share");

        let file = format!("/api/projects/p/{queue}/judgements.jsonl");
        let reply = bench.client.get(&file).await;
        let lines: Vec<Value> = String::from_utf8(reply.bytes).unwrap().lines()
            .map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(lines.len(), 7);
        assert_eq!((&lines[0]["response_a"], &lines[0]["consensus"]), (&json!("A0"), &json!("a")));
        assert_eq!(lines[3]["judgements"].as_array().unwrap().len(), 2);
        ann.get(&file).await.expect(403);
    }
}
