//! The document says what the application does.

use std::collections::HashSet;

use tests::TestApp;

#[tokio::test]
async fn operations_have_distinct_ids_and_a_summary() {
    let app = TestApp::start().await;
    let document = app.anonymous().get("/api/openapi.json").await.expect(200);
    let mut ids = HashSet::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let id = operation["operationId"].as_str().unwrap();
            assert!(ids.insert(id.to_owned()), "{id} stands twice");
            assert!(
                operation["summary"].as_str().is_some(),
                "{method} {path} has no summary"
            );
        }
    }
    assert!(ids.len() > 15);
}

#[tokio::test]
async fn every_schema_that_is_referred_to_is_there() {
    let app = TestApp::start().await;
    let document = app.anonymous().get("/api/openapi.json").await.expect(200);
    let text = document.to_string();
    for reference in text.split("\"#/components/schemas/").skip(1) {
        let name = reference.split('"').next().unwrap();
        assert!(
            document["components"]["schemas"].get(name).is_some(),
            "{name} is missing"
        );
    }
}
