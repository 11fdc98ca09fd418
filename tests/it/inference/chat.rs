//! Chats: an answer in pieces, which together are what an evaluation would get.

use serde_json::{Value, json};
use tests::on_both_databases;

use super::Bench;

/// The events of a stream.
pub(super) fn events(bytes: &[u8]) -> Vec<Value> {
    let text = std::str::from_utf8(bytes).unwrap();
    let data = text.lines().filter_map(|line| line.strip_prefix("data: "));
    data.map(|data| serde_json::from_str(data).unwrap())
        .collect()
}

pub(super) fn said(events: &[Value]) -> String {
    let texts = events.iter().filter(|event| event["type"] == "text");
    texts.map(|event| event["text"].as_str().unwrap()).collect()
}

on_both_databases! {
    async fn an_answer_comes_in_pieces(database: TestDatabase) {
        let mut bench = Bench::new(database).await;
        let path = format!("/api/projects/p/models/{}/chat", bench.model["id"].as_str().unwrap());
        let body = json!({
            "messages": [{ "role": "user", "content": "Who are you?" }],
            "decoding": { "max_new_tokens": 20 },
        });
        let reply = bench.client.post(&path, &body).await;
        assert_eq!(reply.headers["content-type"], "text/event-stream");
        let first = events(&reply.bytes);
        let done = first.last().unwrap();
        assert_eq!(done["type"], "done", "{first:?}");
        assert!((1..=20).contains(&done["output_tokens"].as_u64().unwrap()));
        assert!(first.len() > 2 && !said(&first).is_empty());
        // The same again is the same; another seed at a temperature is not.
        let again = bench.client.post(&path, &body).await;
        assert_eq!(said(&events(&again.bytes)), said(&first));
        let mut drawn = body.clone();
        drawn["decoding"] = json!({ "max_new_tokens": 20, "temperature": 1.0, "seed": 5 });
        let drawn = bench.client.post(&path, &drawn).await;
        assert_ne!(said(&events(&drawn.bytes)), said(&first));
        // What cannot be answered is refused before anything is loaded.
        let mut wrong = body.clone();
        wrong["messages"][0]["role"] = json!("assistant");
        let refused = bench.client.post(&path, &wrong).await.expect(422);
        assert_eq!(refused["fields"][0]["field"], "messages");
        // A model that went away says so in the stream.
        std::fs::remove_dir_all(bench.app.app.data_dir.join("models/tiny")).unwrap();
        bench.app.app.inference.drop_idle(std::time::Instant::now() + std::time::Duration::from_hours(1));
        let gone = events(&bench.client.post(&path, &body).await.bytes);
        assert_eq!(gone.last().unwrap()["type"], "error", "{gone:?}");
    }
}
