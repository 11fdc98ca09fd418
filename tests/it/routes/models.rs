//! The registry of models.

use std::fs;

use serde_json::json;
use tests::{TestApp, on_both_databases};

const MODELS: &str = "/api/projects/p/models";

/// A small Llama in the form of a Hugging Face folder.
const TINY: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../server/trainer/tests/reference/fixtures/tiny-llama"
);

/// Puts the small model into the folder of models.
fn bring_model(app: &TestApp) {
    let folder = app.app.data_dir.join("models/tiny");
    fs::create_dir_all(&folder).unwrap();
    for entry in fs::read_dir(TINY).unwrap() {
        let entry = entry.unwrap();
        fs::copy(entry.path(), folder.join(entry.file_name())).unwrap();
    }
}

on_both_databases! {
    async fn a_base_model_is_registered_from_the_folder_of_models(database: TestDatabase) {
        let app = TestApp::on(database);
        let mut client = app.admin().await;
        client.post("/api/projects", &json!({ "name": "P" })).await.expect(201);
        bring_model(&app);
        let files = client.get("/api/projects/p/model-files").await.expect(200);
        assert_eq!(files, json!([{ "path": "tiny", "size_bytes": null }]));
        let body = json!({ "name": "Tiny", "path": "tiny" });
        let first = client.post(MODELS, &body).await.expect(201);
        assert_eq!((&first["number"], &first["kind"]), (&json!(1), &json!("base")));
        assert_eq!(first["content_hash"].as_str().unwrap().len(), 64);
        assert!(first["description"].as_str().unwrap().contains("parameters"));
        let second = client.post(MODELS, &body).await.expect(201);
        assert_eq!((&second["number"], &second["model_id"]), (&json!(2), &first["model_id"]));
        assert_eq!(client.get(MODELS).await.expect(200), json!([second, first]));
        let path = format!("{MODELS}/{}", first["id"].as_str().unwrap());
        assert_eq!(client.get(&path).await.expect(200), first);
    }
}

#[tokio::test]
async fn what_cannot_be_used_as_a_model_is_refused_with_its_reason() {
    let app = TestApp::start().await;
    let mut client = app.admin().await;
    client
        .post("/api/projects", &json!({ "name": "P" }))
        .await
        .expect(201);
    let folder = app.app.data_dir.join("models");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("broken.gguf"), b"GGUF but not really").unwrap();
    let cases = [
        ("broken.gguf", "broken.gguf"),
        ("nothing", "no such"),
        ("../test.db", "models"),
    ];
    for (path, reason) in cases {
        let refused = client
            .post(MODELS, &json!({ "name": "X", "path": path }))
            .await
            .expect(422);
        assert_eq!(refused["fields"][0]["field"], "path");
        let message = refused["message"].as_str().unwrap();
        assert!(message.contains(reason), "{path}: {message}");
    }
    assert_eq!(client.get(MODELS).await.expect(200), json!([]));
}
