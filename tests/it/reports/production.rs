//! What may go into production, and how it goes back.

use serde_json::{Value, json};
use tests::{Client, TestApp, on_both_databases};

use super::{BAD, Evidence, GOOD, REPORTS};

const PRODUCTION: &str = "/api/projects/p/aliases/production";

async fn current(client: &mut Client) -> Value {
    let aliases = client.get("/api/projects/p/aliases").await.expect(200);
    aliases[0]["moves"][0]["model_version_id"].clone()
}

on_both_databases! {
    async fn a_passed_report_lets_its_candidate_in_and_one_action_takes_it_out(
        database: TestDatabase
    ) {
        let app = TestApp::on(database);
        let mut client = app.admin().await;
        let evidence = Evidence::gather(&app, &mut client, &GOOD).await;
        let body = json!({ "name": "R", "pairs": evidence.pairs });
        client.post(REPORTS, &body).await.expect(201);
        // The report is about the candidate, and nothing else.
        let wrong = json!({ "model_version_id": evidence.baseline, "report": 1 });
        client.post(PRODUCTION, &wrong).await.expect(422);
        let by_reason = json!({ "model_version_id": evidence.baseline, "override_reason": "first" });
        client.post(PRODUCTION, &by_reason).await.expect(200);
        client.post(PRODUCTION, &by_reason).await.expect(409);
        let by_report = json!({ "model_version_id": evidence.candidate, "report": 1 });
        let alias = client.post(PRODUCTION, &by_report).await.expect(200);
        assert_eq!(alias["moves"][0]["report"], 1);
        assert_eq!(current(&mut client).await, json!(evidence.candidate));

        let back = format!("{PRODUCTION}/rollback");
        let alias = client.post(&back, &json!({})).await.expect(200);
        assert_eq!(alias["moves"][0]["rollback"], true);
        assert_eq!(current(&mut client).await, json!(evidence.baseline));
        client.post(&back, &json!({})).await.expect(409);
        assert_eq!(alias["moves"].as_array().unwrap().len(), 3);
    }

    async fn a_failed_report_blocks_without_a_reason(database: TestDatabase) {
        let app = TestApp::on(database);
        let mut client = app.admin().await;
        let evidence = Evidence::gather(&app, &mut client, &BAD).await;
        let body = json!({ "name": "R", "pairs": evidence.pairs });
        client.post(REPORTS, &body).await.expect(201);
        let id = evidence.candidate;
        let plain = client.post(PRODUCTION, &json!({ "model_version_id": id })).await.expect(422);
        assert_eq!(plain["fields"][0]["field"], "report");
        let failed = json!({ "model_version_id": id, "report": 1 });
        client.post(PRODUCTION, &failed).await.expect(422);
        let elsewhere = json!({ "model_version_id": evidence.baseline, "report": 1,
                                "override_reason": "x" });
        client.post(PRODUCTION, &elsewhere).await.expect(422);
        let overridden = json!({ "model_version_id": id, "report": 1, "override_reason": " urgent " });
        let alias = client.post(PRODUCTION, &overridden).await.expect(200);
        assert_eq!(alias["moves"][0]["override_reason"], "urgent");
        let audit = client.get("/api/projects/p/audit").await.expect(200);
        assert_eq!(audit["items"][0]["action"], "promote_model");
    }
}
