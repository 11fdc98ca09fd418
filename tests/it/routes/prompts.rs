//! Prompts and their versions.

use serde_json::json;
use tests::{TestApp, on_both_databases};

const PROMPTS: &str = "/api/projects/p/prompts";

on_both_databases! {
    async fn a_prompt_gets_versions_and_no_edit_is_lost(database: TestDatabase) {
        let app = TestApp::on(database);
        let mut client = app.admin().await;
        client.post("/api/projects", &json!({ "name": "P" })).await.expect(201);
        let body = json!({ "name": "Short", "system": "Answer in JSON." });
        let made = client.post(PROMPTS, &body).await.expect(201);
        client.post(PROMPTS, &body).await.expect(422);
        let versions = format!("{PROMPTS}/{}/versions", made["id"].as_str().unwrap());
        let edit = json!({ "based_on": 1, "system": "Answer with one JSON object." });
        let second = client.post(&versions, &edit).await.expect(201);
        client.post(&versions, &edit).await.expect(409);
        let listed = client.get(PROMPTS).await.expect(200);
        assert_eq!(listed[0]["versions"], json!([second, made["versions"][0]]));
    }
}
