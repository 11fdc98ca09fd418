//! A project to try things in: a tiny base model and a version of a few rows.

use std::path::Path;

use serde_json::json;

use crate::harness::{Page, Server};

/// The project's path in the API.
pub(crate) const PROJECT: &str = "/api/projects/lab";

/// A small Llama in the form of a Hugging Face folder.
pub(crate) const TINY: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../server/trainer/tests/reference/fixtures/tiny-llama"
);

/// A project with a base model on the server's disk and a version of a few rows.
pub(crate) async fn prepare(page: &Page, server: &Server) {
    page.set_up().await;
    page.call("POST", "/api/projects", Some(json!({ "name": "Lab" })))
        .await;
    let path = server.add_model(Path::new(TINY));
    let model = json!({ "name": "Tiny", "path": path });
    page.call("POST", &format!("{PROJECT}/models"), Some(model))
        .await;
    let dataset = page
        .call(
            "POST",
            &format!("{PROJECT}/datasets"),
            Some(json!({ "name": "Rows" })),
        )
        .await;
    let dataset = format!("{PROJECT}/datasets/{}", dataset["id"].as_str().unwrap());
    for number in 0..6 {
        let content = json!({
            "kind": "completion",
            "prompt": [{ "role": "user", "content": format!("Question {number}?") }],
            "completion": [{ "role": "assistant", "content": format!("Answer {number}.") }],
        });
        let row = json!({ "row": { "content": content, "coverage": "typical" } });
        page.call("POST", &format!("{dataset}/draft/rows"), Some(row))
            .await;
    }
    let version = json!({ "validation_share": 0.4 });
    page.call("POST", &format!("{dataset}/versions"), Some(version))
        .await;
}
