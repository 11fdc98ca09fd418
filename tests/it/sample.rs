//! The sample project, which comes inside the program.

use serde_json::Value;
use server::services::sample;
use shared::account::User;
use tests::{TestApp, on_both_databases};

on_both_databases! {
    async fn the_sample_project_loads_and_loads_no_second_time(database: TestDatabase) {
        let app = TestApp::on(database);
        let mut admin = app.admin().await;
        let session = admin.get("/api/session").await.expect(200);
        let user: User = serde_json::from_value(session["user"].clone()).unwrap();
        for _ in 0..2 {
            let slug = sample::load(&app.app, &user, None).await.unwrap();
            assert_eq!(slug, "support-desk-intake");
        }
        let project = "/api/projects/support-desk-intake";
        let spec = admin.get(&format!("{project}/spec/versions/1")).await.expect(200);
        assert!(spec["clause_count"].as_i64().unwrap() >= 10);
        let prompts = admin.get(&format!("{project}/prompts")).await.expect(200);
        assert_eq!(prompts.as_array().unwrap().len(), 2);
        let suites = admin.get(&format!("{project}/suites")).await.expect(200);
        let counts: Vec<(&str, i64, bool)> = suites.as_array().unwrap().iter().map(count).collect();
        let expected =
            [("domain", 80, true), ("general_ability", 150, true), ("over_refusal", 120, true)];
        assert_eq!(counts, expected);
        let datasets = admin.get(&format!("{project}/datasets")).await.expect(200);
        let rows = datasets.as_array().unwrap().iter().map(|dataset| {
            assert_eq!(dataset["latest_version"], 1);
            dataset["draft_row_count"].as_i64().unwrap()
        });
        assert_eq!(rows.sum::<i64>(), 378 + 160 + 40);
        let queues = admin.get(&format!("{project}/queues")).await.expect(200);
        assert_eq!(queues[0]["progress"]["pairs"], 60);
        let overview = admin.get(&format!("{project}/overview")).await.expect(200);
        let steps = overview["steps"].as_array().unwrap().iter();
        let states: Vec<&str> = steps.map(|step| step["state"].as_str().unwrap()).collect();
        let expected =
            ["done", "done", "done", "done", "open", "empty", "empty", "empty", "empty"];
        assert_eq!(states, expected);
        assert_eq!(overview["next"]["step"], "models");
    }
}

/// A suite's key, its number of items, and whether it is locked.
fn count(suite: &Value) -> (&str, i64, bool) {
    let items = suite["item_count"].as_i64().unwrap();
    (
        suite["key"].as_str().unwrap(),
        items,
        suite["locked_at"].is_string(),
    )
}
