//! The real SmolLM2 on the first items of the sample's domain suite.

use std::{fs, os::unix::fs::symlink, path::Path};

use serde_json::{Value, json};
use tests::TestDatabase;

use super::{
    Bench,
    chat::{events, said},
};

/// A file of the sample project.
fn sample(path: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../samples/support_desk_intake");
    fs::read_to_string(folder.join(path)).unwrap()
}

#[tokio::test]
async fn the_sample_suite_is_asked_of_smollm2() {
    let Some(model) = std::env::var_os("TEMPER_TEST_MODEL") else {
        eprintln!("skipped: TEMPER_TEST_MODEL names no model");
        return;
    };
    let mut bench = Bench::new(TestDatabase::sqlite().await).await;
    symlink(model, bench.app.app.data_dir.join("models/smollm2.gguf")).unwrap();
    let body = json!({ "name": "SmolLM2", "path": "smollm2.gguf" });
    let model = bench.post("models", &body, 201).await;
    let mut suite: Value = serde_json::from_str(&sample("suites/domain.json")).unwrap();
    let items = sample("suites/domain.jsonl");
    let items = items.lines().take(3);
    suite["items"] = items
        .map(|line| serde_json::from_str::<Value>(line).unwrap())
        .collect();
    let suite = bench.post("suites", &suite, 201).await;
    let lock = format!("suites/{}/lock", suite["id"].as_str().unwrap());
    bench.post(&lock, &json!({}), 200).await;
    let prompts: Value = serde_json::from_str(&sample("prompts.json")).unwrap();
    let prompt = bench.post("prompts", &prompts[0], 201).await;
    let prompt = &prompt["versions"][0]["id"];
    let decoding = json!({ "max_new_tokens": 32 });
    let body = json!({
        "model_version_id": model["id"], "suite_id": suite["id"],
        "prompt_version_id": prompt, "decoding": decoding,
    });
    bench.post("evaluations", &body, 201).await;
    bench.start_runner();
    let done = bench.wait_for("evaluations/1", "succeeded").await;
    eprintln!("{done:#}");
    let results = bench.results(1).await;
    assert_eq!(results.len(), 3);
    assert!(
        results
            .iter()
            .all(|result| result.output_tokens > 3 && result.prompt_tokens > 30)
    );

    // A conversation with the same prompt gets the same answer.
    let chat = json!({
        "messages": [{ "role": "user", "content": results[0].item.content.input }],
        "prompt_version_id": prompt, "decoding": decoding,
    });
    let path = format!(
        "/api/projects/p/models/{}/chat",
        model["id"].as_str().unwrap()
    );
    let answer = events(&bench.client.post(&path, &chat).await.bytes);
    assert_eq!(said(&answer), results[0].output);
}
