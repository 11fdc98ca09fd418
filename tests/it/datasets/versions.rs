//! Versions: immutable, split by prompt, with a hash of their content.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use shared::account::Role;
use tests::on_both_databases;

use super::{Desk, jsonl, row};

fn questions(count: usize, answers: usize) -> String {
    let rows = (0..count).flat_map(|n| {
        (0..answers).map(move |m| {
            // The same prompt in other case and spacing is the same prompt.
            let prompt = if m == 0 {
                format!("Question {n}")
            } else {
                format!("question  {n} ")
            };
            json!({ "prompt": prompt, "completion": format!("{m}"), "clauses": ["c"] })
        })
    });
    jsonl(&rows.collect::<Vec<_>>())
}

on_both_databases! {
    async fn a_version_has_an_exact_split_that_keeps_prompts_together(database: TestDatabase) {
        let mut desk = Desk::new(database).await;
        desk.import("q.jsonl", &questions(200, 2)).await;
        let version = desk.cut(json!({ "validation_share": 0.2, "seed": 3, "note": "first" })).await;
        assert_eq!(version["number"], 1);
        let counts = &version["counts"];
        assert_eq!((&counts["train"], &counts["validation"]), (&json!(320), &json!(80)));
        let typical = json!({ "coverage": "typical", "train": 320, "validation": 80 });
        assert_eq!(counts["by_coverage"][0], typical);
        assert_eq!(counts["by_kind"], json!([{ "kind": "completion", "rows": 400 }]));
        assert_eq!(counts["by_clause"], json!([{ "clause": "c", "by_coverage": [typical] }]));

        let rows = desk.list(&format!("{}/versions/1/rows", desk.dataset)).await;
        let mut sides: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for row in &rows {
            let prompt = row["row"]["content"]["prompt"][0]["content"].as_str().unwrap();
            let prompt = prompt.to_lowercase().split_whitespace().collect::<Vec<_>>().join(" ");
            sides.entry(prompt).or_default().insert(row["split"].as_str().unwrap().to_owned());
        }
        assert_eq!(sides.len(), 200);
        assert!(sides.values().all(|sides| sides.len() == 1), "a prompt is on both sides");
        let held_back = desk.list(&format!("{}/versions/1/rows?split=validation", desk.dataset)).await;
        assert_eq!(held_back.len(), 80);
    }

    async fn a_version_never_changes_and_the_next_one_names_it(database: TestDatabase) {
        let mut desk = Desk::new(database).await;
        for n in 0..5 {
            desk.add_row(&row(&format!("q{n}"), "a")).await;
        }
        let first = desk.cut(json!({})).await;
        let before = desk.list(&format!("{}/versions/1/rows", desk.dataset)).await;
        let edited = json!({ "row": row("q2", "other") });
        desk.client.put(&format!("{}/draft/rows/2", desk.dataset), &edited).await.expect(200);
        desk.client.delete(&format!("{}/draft/rows/0", desk.dataset)).await.expect(204);
        desk.add_row(&row("q5", "a")).await;
        assert_eq!(desk.list(&format!("{}/versions/1/rows", desk.dataset)).await, before);
        let second = desk.cut(json!({})).await;
        assert_eq!((&second["number"], &second["parent"]), (&json!(2), &json!(1)));
        assert_ne!(second["content_hash"], first["content_hash"]);
        let path = format!("{}/versions/1", desk.dataset);
        assert_eq!(desk.client.get(&path).await.expect(200), first);
        let versions = desk.client.get(&format!("{}/versions", desk.dataset)).await.expect(200);
        assert_eq!(versions, json!([second, first]));
    }

    async fn the_same_rows_have_the_same_hash_wherever_they_come_from(database: TestDatabase) {
        let mut desk = Desk::new(database).await;
        desk.import("q.jsonl", &questions(20, 1)).await;
        let imported = desk.cut(json!({})).await;
        desk.dataset = Desk::make_dataset(&mut desk.client, "By hand").await;
        desk.add_row(&row("to be removed", "a")).await;
        for n in 0..20 {
            let mut row = row(&format!("Question {n}"), "0");
            row["clauses"] = json!(["c"]);
            desk.add_row(&row).await;
        }
        desk.client.delete(&format!("{}/draft/rows/0", desk.dataset)).await.expect(204);
        let written = desk.cut(json!({})).await;
        assert_eq!(written["content_hash"], imported["content_hash"]);
        assert_eq!(written["content_hash"].as_str().unwrap().len(), 64);
        let other_split = desk.cut(json!({ "seed": 1 })).await;
        assert_ne!(other_split["content_hash"], imported["content_hash"]);
    }

    async fn a_dataset_says_whether_its_draft_differs_from_its_version(database: TestDatabase) {
        let mut desk = Desk::new(database).await;
        let path = desk.dataset.clone();
        let state = async |desk: &mut Desk| -> Value {
            let dataset = desk.client.get(&path).await.expect(200);
            json!([dataset["draft_changed"], dataset["latest_version"], dataset["draft_row_count"]])
        };
        assert_eq!(state(&mut desk).await, json!([false, null, 0]));
        desk.client.post(&format!("{}/versions", desk.dataset), &json!({})).await.expect(409);
        desk.add_row(&row("q", "a")).await;
        desk.add_row(&row("q2", "a")).await;
        assert_eq!(state(&mut desk).await, json!([true, null, 2]));
        desk.cut(json!({})).await;
        assert_eq!(state(&mut desk).await, json!([false, 1, 2]));
    }

    async fn a_share_that_the_prompts_do_not_allow_is_refused(database: TestDatabase) {
        let mut desk = Desk::new(database).await;
        for n in 0..3 {
            desk.add_row(&row("always the same", &format!("{n}"))).await;
        }
        let path = format!("{}/versions", desk.dataset);
        let refused = desk.client.post(&path, &json!({ "validation_share": 0.4 })).await.expect(422);
        assert_eq!(refused["fields"][0]["field"], "validation_share");
        desk.client.post(&path, &json!({ "validation_share": 0.6 })).await.expect(422);
        desk.cut(json!({ "validation_share": 0 })).await;
    }

    async fn a_dataset_belongs_to_its_project(database: TestDatabase) {
        let mut desk = Desk::new(database).await;
        desk.add_row(&row("q", "a")).await;
        desk.client.post("/api/projects", &json!({ "name": "Other" })).await.expect(201);
        let elsewhere = desk.dataset.replace("/p/", "/other/");
        desk.client.get(&elsewhere).await.expect(404);
        desk.client.get(&format!("{elsewhere}/draft/rows")).await.expect(404);
        desk.client.put(&format!("{elsewhere}/draft/rows/0"), &json!({ "row": row("q", "b") })).await.expect(404);
        let mut viewer = desk.app.member(&mut desk.client, "p", Role::Viewer).await;
        viewer.get(&format!("{}/draft/rows", desk.dataset)).await.expect(200);
        viewer.post(&format!("{}/versions", desk.dataset), &json!({})).await.expect(403);
    }
}
