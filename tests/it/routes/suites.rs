//! Held-out suites: versions, locking, and items that cannot be decided.

use serde_json::{Value, json};
use tests::{Client, TestApp, on_both_databases};

const SUITES: &str = "/api/projects/p/suites";

fn item(key: &str) -> Value {
    json!({
        "key": key, "input": "I can't get in.", "expected": { "b": 1, "a": [2] },
        "coverage": "typical", "clauses": ["json-only"], "tags": ["short"],
    })
}

fn suite(items: &[Value]) -> Value {
    json!({
        "key": "domain", "name": "Domain", "kind": "domain",
        "pass_rule": { "rule": "weighted_score", "threshold": 0.8 },
        "checks": [{ "name": "json", "type": "valid_json", "clause": "json-only" }],
        "items": items,
    })
}

async fn with_project(app: &TestApp) -> Client {
    let mut admin = app.admin().await;
    admin
        .post("/api/projects", &json!({ "name": "P" }))
        .await
        .expect(201);
    admin
}

on_both_databases! {
    async fn a_locked_suite_stays_and_its_next_version_is_another(database: TestDatabase) {
        let app = TestApp::on(database);
        let mut client = with_project(&app).await;
        let made = client.post(SUITES, &suite(&[item("d1"), item("d2")])).await.expect(201);
        assert_eq!((&made["version"], &made["item_count"]), (&json!(1), &json!(2)));
        assert_eq!(made["gate"], json!({ "type": "goal", "must_improve": true }));
        let path = format!("{SUITES}/{}", made["id"].as_str().unwrap());
        let items = client.get(&format!("{path}/items?offset=1")).await.expect(200);
        assert_eq!(items.as_array().unwrap().len(), 1);
        assert_eq!(items[0]["key"], "d2");
        // The order of keys is what a model is shown, so it is kept.
        assert_eq!(items[0]["expected"].to_string(), r#"{"b":1,"a":[2]}"#);

        let locked = client.post(&format!("{path}/lock"), &json!({})).await.expect(200);
        assert!(locked["locked_at"].is_string());
        client.post(&format!("{path}/lock"), &json!({})).await.expect(409);
        client.delete(&path).await.expect(409);
        let next = client.post(SUITES, &suite(&[item("d1")])).await.expect(201);
        assert_eq!(next["version"], 2);
        let next_path = format!("{SUITES}/{}", next["id"].as_str().unwrap());
        client.delete(&next_path).await.expect(204);
        assert_eq!(client.get(SUITES).await.expect(200), json!([locked]));
    }
}

#[tokio::test]
async fn a_suite_whose_items_cannot_be_decided_is_refused() {
    let app = TestApp::start().await;
    let mut client = with_project(&app).await;
    let mut twice = suite(&[item("d1"), item("d1")]);
    let refused = client.post(SUITES, &twice).await.expect(422);
    assert_eq!(refused["fields"][0]["field"], "items.1.key");
    twice["items"] = json!([item("d1")]);
    twice["checks"] = json!([]);
    let refused = client.post(SUITES, &twice).await.expect(422);
    assert_eq!(refused["fields"][0]["field"], "items.0.checks");
    twice["checks"] = suite(&[])["checks"].clone();
    twice["gate"] = json!({ "type": "guard", "margin": 0.0 });
    let refused = client.post(SUITES, &twice).await.expect(422);
    assert_eq!(refused["fields"][0]["field"], "gate");
    twice["gate"] = json!({ "type": "guard", "margin": 0.02 });
    client.post(SUITES, &twice).await.expect(201);
    twice["items"] = json!([]);
    let refused = client.post(SUITES, &twice).await.expect(422);
    assert_eq!(refused["fields"][0]["field"], "items");
}
