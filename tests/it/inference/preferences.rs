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
    async fn a_row_tells_how_many_annotators_preferred_which(database: TestDatabase) {
        let mut bench = Bench::new(database).await;
        let queue = bench.post("queues", &json!({ "name": "Tone", "overlap": 3 }), 201).await;
        let queue = format!("queues/{}", queue["id"].as_str().unwrap());
        let pairs: Vec<_> = (0..3).map(pair).collect();
        bench.post(&format!("{queue}/pairs"), &json!({ "pairs": pairs }), 201).await;
        let mut ann = bench.app.member(&mut bench.client, "p", Role::Annotator).await;
        let mut bob = bench.app.member(&mut bench.client, "p", Role::Engineer).await;
        let mut admin = bench.client.clone();
        judge(&mut ann, &queue, &["a", "b", "a"]).await;
        judge(&mut bob, &queue, &["a", "a", "a"]).await;
        judge(&mut admin, &queue, &["a", "b", "tie"]).await;

        let (path, body) = (format!("{queue}/dataset"), json!({ "name": "Preferred" }));
        let made = bench.post(&path, &body, 201).await;
        let dataset = format!("datasets/{}", made["version"]["dataset_id"].as_str().unwrap());
        let rows = bench.get(&format!("{dataset}/versions/1/rows")).await["items"].clone();
        let votes = |rows: &Value| {
            let rows = rows.as_array().unwrap().iter();
            rows.map(|row| row["row"]["content"]["votes"].clone()).collect::<Vec<_>>()
        };
        let counts = |chosen, rejected| json!({ "chosen": chosen, "rejected": rejected });
        assert_eq!(votes(&rows), [counts(3, 0), counts(2, 1), counts(2, 0)]);
        assert_eq!(rows[1]["row"]["content"]["chosen"][0]["content"], "B1");

        // A row as it was made before rows had votes: it gets them, and is not doubled.
        let mut bare = rows[1]["row"].clone();
        bare["content"].as_object_mut().unwrap().remove("votes");
        bare["tags"] = json!(["kept"]);
        let place = format!("/api/projects/p/{dataset}/draft/rows/{}", rows[1]["position"]);
        bench.client.put(&place, &json!({ "row": bare })).await.expect(200);
        let again = bench.post(&path, &body, 201).await;
        assert_eq!(again["version"]["counts"]["rows"], 3);
        let rows = bench.get(&format!("{dataset}/versions/2/rows")).await["items"].clone();
        assert_eq!(votes(&rows), [counts(3, 0), counts(2, 1), counts(2, 0)]);
        assert_eq!(rows[1]["row"]["tags"], json!(["kept"]));
    }

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
            "votes": { "chosen": 2, "rejected": 0 },
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
