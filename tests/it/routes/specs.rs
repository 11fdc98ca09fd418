//! The behaviour spec: versions that never change, and no lost edit.

use serde_json::{Value, json};
use tests::{Client, TestApp, on_both_databases};

fn clause(key: &str, text: &str) -> Value {
    json!({
        "key": key, "text": text, "kind": "format", "priority": "must",
        "good_examples": [{ "input": "Hi", "output": "{}", "why": "" }],
        "bad_examples": [], "checks": [{ "name": "json", "type": "valid_json" }],
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

const VERSIONS: &str = "/api/projects/p/spec/versions";

on_both_databases! {
    async fn a_version_is_edited_into_the_next_and_stays_as_it_was(database: TestDatabase) {
        let app = TestApp::on(database);
        let mut client = with_project(&app).await;
        let first = json!({ "clauses": [clause("a", "one"), clause("b", "two")] });
        let made = client.post(VERSIONS, &first).await.expect(201);
        assert_eq!((&made["number"], &made["clause_count"]), (&json!(1), &json!(2)));
        let second = json!({
            "based_on": 1, "note": "shorter", "clauses": [clause("b", "2"), clause("c", "three")],
        });
        client.post(VERSIONS, &second).await.expect(201);

        assert_eq!(client.get(&format!("{VERSIONS}/1")).await.expect(200), made);
        let listed = client.get(VERSIONS).await.expect(200);
        let numbers: Vec<_> = listed.as_array().unwrap().iter().map(|v| &v["number"]).collect();
        assert_eq!(numbers, [2, 1]);
        let path = "/api/projects/p/spec/comparison?before=1&after=2";
        let comparison = client.get(path).await.expect(200);
        assert_eq!(comparison["added"][0]["key"], "c");
        assert_eq!(comparison["removed"][0]["key"], "a");
        assert_eq!(comparison["changed"][0]["fields"], json!(["text"]));
        client.get(&format!("{VERSIONS}/3")).await.expect(404);
    }

    async fn an_edit_of_an_older_version_is_refused(database: TestDatabase) {
        let app = TestApp::on(database);
        let mut client = with_project(&app).await;
        let clauses = json!([clause("a", "one")]);
        client.post(VERSIONS, &json!({ "clauses": clauses })).await.expect(201);
        client.post(VERSIONS, &json!({ "based_on": 1, "clauses": clauses })).await.expect(201);
        for based_on in [Value::Null, json!(1), json!(3)] {
            let late = json!({ "based_on": based_on, "clauses": clauses });
            let refused = client.post(VERSIONS, &late).await.expect(409);
            assert!(refused["message"].as_str().unwrap().contains("v2"), "{refused}");
        }
    }
}

#[tokio::test]
async fn a_bad_clause_is_named_by_its_place() {
    let app = TestApp::start().await;
    let mut client = with_project(&app).await;
    let mut bad = clause("Not A Key", "x");
    bad["checks"] = json!([{ "name": "r", "type": "regex", "pattern": "(" }]);
    let body = json!({ "clauses": [clause("fine", "x"), bad] });
    let refused = client.post(VERSIONS, &body).await.expect(422);
    let fields: Vec<_> = refused["fields"]
        .as_array()
        .unwrap()
        .iter()
        .map(|error| &error["field"])
        .collect();
    assert_eq!(fields, ["clauses.1.key", "clauses.1.checks"]);
}
