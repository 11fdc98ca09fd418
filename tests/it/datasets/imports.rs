//! Imports: bad rows are reported and stop nothing, and a crash neither loses nor doubles a row.

use std::time::Duration;

use chrono::TimeDelta;
use serde_json::{Value, json};
use tests::on_both_databases;

use super::{Desk, jsonl, row};

/// Many rows, each different.
fn many(count: usize) -> String {
    let record = |n| json!({ "prompt": format!("question {n}"), "completion": format!("{n}") });
    jsonl(&(0..count).map(record).collect::<Vec<_>>())
}

async fn assert_complete(desk: &mut Desk, count: usize) {
    let draft = desk.draft().await;
    let answers: Vec<&str> = draft
        .iter()
        .map(|row| row["content"]["completion"][0]["content"].as_str().unwrap())
        .collect();
    let expected: Vec<String> = (0..count).map(|n| n.to_string()).collect();
    assert_eq!(answers, expected);
}

on_both_databases! {
    async fn every_rejected_row_is_reported_with_its_line_and_reason(database: TestDatabase) {
        let mut desk = Desk::new(database).await;
        let lines = [
            r#"{"prompt": "a", "completion": "1", "coverage": "edge"}"#,
            r#"{"prompt": "b", "completion": "2", "coverage": "typical""#,
            "",
            r#"{"prompt": "c", "completion": ""}"#,
            r#"["d", "4"]"#,
            r#"{"prompt": "e"}"#,
            r#"{"prompt": "f", "completion": "6", "coverage": "sometimes"}"#,
            r#"{"prompt": "g", "completion": "7"}"#,
        ];
        // The odd coverage is not in the sample, so the column is taken for what it says.
        let filler = "{\"prompt\": \"x\", \"completion\": \"y\", \"coverage\": \"edge\"}\n".repeat(100);
        let import = desk.import("bad.jsonl", &format!("{filler}{}", lines.join("\n"))).await;
        assert_eq!(import["imported"], 102);
        assert_eq!(import["rejected"], 5);
        assert_eq!(import["duplicates"], 99);
        let rejected = desk.rejections(&import).await;
        let report: Vec<(i64, &str)> = rejected
            .iter()
            .map(|one| (one["line"].as_i64().unwrap(), one["reason"].as_str().unwrap()))
            .collect();
        assert_eq!(report[0].0, 102);
        assert!(report[0].1.starts_with("is no valid JSON"), "{report:?}");
        assert_eq!(report[1], (104, "`completion` is empty"));
        assert_eq!(report[2], (105, "is a list, not an object with named values"));
        assert_eq!(report[3], (106, "`completion` is missing"));
        assert_eq!(report[4].0, 107);
        assert!(report[4].1.contains("`sometimes` is not one of typical, edge"), "{report:?}");
        assert!(rejected[1]["excerpt"].as_str().unwrap().contains(r#""prompt":"c""#));
        assert!(import["message"].as_str().unwrap().contains("5 rejected"), "{import}");
    }

    async fn an_import_goes_on_after_a_crash_without_losing_or_doubling_a_row(database: TestDatabase) {
        let mut desk = Desk::new(database).await;
        let count = 8_000;
        let path = desk.begin_import("many.jsonl", &many(count), json!({})).await;
        let mut crashes = 0;
        let mut seen = 0;
        loop {
            let runner = desk.start_runner();
            let mut import = Value::Null;
            while import["state"] != "succeeded" && import["imported"].as_i64().unwrap_or(0) <= seen {
                import = desk.client.get(&path).await.expect(200);
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            runner.abort();
            drop(runner.await);
            if import["state"] == "succeeded" {
                break;
            }
            crashes += 1;
            seen = desk.client.get(&path).await.expect(200)["imported"].as_i64().unwrap();
            // The lease of the dead runner ends.
            desk.app.advance(TimeDelta::minutes(1));
        }
        assert!(crashes > 0, "the import was faster than the test");
        let import = desk.client.get(&path).await.expect(200);
        assert_eq!((&import["imported"], &import["duplicates"]), (&json!(count), &json!(0)));
        assert_complete(&mut desk, count).await;
    }

    async fn a_cancelled_import_leaves_no_rows(database: TestDatabase) {
        let mut desk = Desk::new(database).await;
        desk.add_row(&row("mine", "stays")).await;
        let path = desk.begin_import("many.jsonl", &many(20_000), json!({})).await;
        let runner = desk.start_runner();
        let mut import = Value::Null;
        while import["imported"].as_i64().unwrap_or(0) == 0 {
            import = desk.client.get(&path).await.expect(200);
        }
        let cancel = format!("/api/projects/p/jobs/{}/cancel", import["job_id"].as_str().unwrap());
        desk.client.post(&cancel, &json!({})).await.expect(200);
        let import = desk.wait_for(&path, "cancelled").await;
        runner.abort();
        assert_eq!(import["taken_back"], true);
        let draft = desk.draft().await;
        assert_eq!(draft.len(), 1);
        let dataset = desk.dataset.clone();
        assert_eq!(desk.client.get(&dataset).await.expect(200)["draft_row_count"], 1);
    }

    async fn duplicates_are_counted_and_left_out_only_if_asked(database: TestDatabase) {
        let mut desk = Desk::new(database).await;
        let file = many(5);
        desk.import("a.jsonl", &file).await;
        let again = desk.import("b.jsonl", &file).await;
        assert_eq!((&again["imported"], &again["duplicates"]), (&json!(5), &json!(5)));
        let skipped = desk.import_with("c.jsonl", &many(7), json!({ "skip_duplicates": true })).await;
        assert_eq!((&skipped["imported"], &skipped["duplicates"]), (&json!(2), &json!(5)));
        assert_eq!(desk.draft().await.len(), 12);
        let path = format!("{}/draft/counts", desk.dataset);
        assert_eq!(desk.client.get(&path).await.expect(200)["duplicates"], 5);
    }

    async fn an_import_can_be_taken_back_and_versions_keep_its_rows(database: TestDatabase) {
        let mut desk = Desk::new(database).await;
        desk.import("a.jsonl", &many(3)).await;
        let second = desk.import("b.jsonl", &many(2)).await;
        desk.cut(json!({ "validation_share": 0.0 })).await;
        let path = format!("{}/imports/{}/take-back", desk.dataset, second["id"].as_str().unwrap());
        let import = desk.client.post(&path, &json!({})).await.expect(200);
        assert_eq!(import["taken_back"], true);
        assert_complete(&mut desk, 3).await;
        let path = format!("{}/versions/1/rows", desk.dataset);
        assert_eq!(desk.list(&path).await.len(), 5);
    }

    async fn a_file_is_imported_once_at_a_time_and_gone_afterwards(database: TestDatabase) {
        let mut desk = Desk::new(database).await;
        let upload = desk.upload("a.jsonl", many(3)).await;
        let imports = format!("{}/imports", desk.dataset);
        let import = desk.client.post(&imports, &json!({ "upload_id": upload })).await.expect(201);
        desk.client.post(&imports, &json!({ "upload_id": upload })).await.expect(409);
        desk.client.delete(&format!("/api/projects/p/uploads/{upload}")).await.expect(409);
        let versions = format!("{}/versions", desk.dataset);
        desk.client.post(&versions, &json!({})).await.expect(409);
        let runner = desk.start_runner();
        desk.wait_for(&format!("{imports}/{}", import["id"].as_str().unwrap()), "succeeded").await;
        runner.abort();
        desk.client.post(&imports, &json!({ "upload_id": upload })).await.expect(404);
        let folder = desk.app.app.data_dir.join("uploads");
        assert_eq!(std::fs::read_dir(folder).unwrap().count(), 0);
    }
}
