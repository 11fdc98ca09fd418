//! Edits of a draft.

use serde_json::json;
use tests::on_both_databases;

use super::{Desk, row};

on_both_databases! {
    async fn a_row_is_added_edited_removed_and_put_back(database: TestDatabase) {
        let mut desk = Desk::new(database).await;
        let first = desk.add_row(&row("q1", "a1")).await;
        let second = desk.add_row(&row("q2", "a2")).await;
        assert_eq!((&first["position"], &second["position"]), (&json!(0), &json!(1)));
        let path = format!("{}/draft/rows/0", desk.dataset);
        let mut better = row("q1", "better");
        better["provenance"] = json!({ "source": "corrected", "detail": "run 7" });
        let body = json!({ "row": better, "expected_hash": first["hash"] });
        let edited = desk.client.put(&path, &body).await.expect(200);
        assert_eq!(edited["row"]["provenance"]["source"], "corrected");
        desk.client.put(&path, &body).await.expect(409);

        desk.client.delete(&path).await.expect(204);
        desk.client.delete(&path).await.expect(404);
        assert_eq!(desk.draft().await.len(), 1);
        let rows = format!("{}/draft/rows", desk.dataset);
        let back = json!({ "row": edited["row"], "position": 0 });
        desk.client.post(&rows, &back).await.expect(201);
        desk.client.post(&rows, &back).await.expect(409);
        let draft = desk.draft().await;
        assert_eq!((draft.len(), &draft[0]), (2, &edited["row"]));
    }

    async fn an_unusable_row_is_refused_with_the_reason(database: TestDatabase) {
        let mut desk = Desk::new(database).await;
        let path = format!("{}/draft/rows", desk.dataset);
        let refused = desk.client.post(&path, &json!({ "row": row("q", " ") })).await.expect(422);
        assert_eq!(refused["message"], "row.content: `completion` is empty");
        let mut tagged = row("q", "a");
        tagged["tags"] = json!(["x".repeat(101)]);
        desk.client.post(&path, &json!({ "row": tagged })).await.expect(422);
    }

    async fn coverage_is_set_in_bulk(database: TestDatabase) {
        let mut desk = Desk::new(database).await;
        for n in 0..4 {
            desk.add_row(&row(&format!("q{n}"), "a")).await;
        }
        desk.cut(json!({})).await;
        let path = format!("{}/draft/coverage", desk.dataset);
        let body = json!({ "positions": [1, 3], "coverage": "edge" });
        let done = desk.client.post(&path, &body).await.expect(200);
        assert_eq!(done["changed"], 2);
        let edges = format!("{}/draft/rows?coverage=edge", desk.dataset);
        let edges = desk.list(&edges).await;
        assert_eq!(edges.iter().map(|row| &row["position"]).collect::<Vec<_>>(), [1, 3]);
        let frozen = format!("{}/versions/1/rows?coverage=edge", desk.dataset);
        assert!(desk.list(&frozen).await.is_empty());
    }

    async fn edits_at_the_same_time_all_arrive(database: TestDatabase) {
        let mut desk = Desk::new(database).await;
        for n in 0..12 {
            desk.add_row(&row(&format!("q{n}"), "a")).await;
        }
        // The version holds the segment, so each edit wants to copy it.
        desk.cut(json!({})).await;
        let edit = |n: usize| {
            let mut client = desk.client.clone();
            let path = format!("{}/draft/rows/{n}", desk.dataset);
            async move {
                let body = json!({ "row": row(&format!("q{n}"), &format!("edited {n}")) });
                client.put(&path, &body).await.expect(200);
            }
        };
        let add = |n: usize| {
            let mut client = desk.client.clone();
            let path = format!("{}/draft/rows", desk.dataset);
            async move {
                let body = json!({ "row": row(&format!("new {n}"), "a") });
                client.post(&path, &body).await.expect(201);
            }
        };
        futures::join!(
            futures::future::join_all((0..12).map(edit)),
            futures::future::join_all((0..6).map(add)),
        );
        let draft = desk.draft().await;
        assert_eq!(draft.len(), 18);
        for (n, row) in draft.iter().take(12).enumerate() {
            assert_eq!(row["content"]["completion"][0]["content"], format!("edited {n}"));
        }
        let dataset = desk.dataset.clone();
        assert_eq!(desk.client.get(&dataset).await.expect(200)["draft_row_count"], 18);
    }

    async fn rows_are_found_by_text_tag_clause_and_kind(database: TestDatabase) {
        let mut desk = Desk::new(database).await;
        let mut tagged = row("Größe ÄNDERN", "user");
        tagged["tags"] = json!(["short"]);
        tagged["clauses"] = json!(["json-only"]);
        desk.add_row(&tagged).await;
        desk.add_row(&row("b", "user")).await;
        let mut found = async |filter: &str| {
            let path = format!("{}/draft/rows?{filter}", desk.dataset);
            desk.list(&path).await.len()
        };
        assert_eq!(found("contains=%C3%A4nder").await, 1);
        assert_eq!(found("contains=role").await, 0, "keys are no text");
        assert_eq!(found("contains=user").await, 2);
        assert_eq!(found("tag=short").await, 1);
        assert_eq!(found("clause=json-only").await, 1);
        assert_eq!(found("kind=preference").await, 0);
    }
}
