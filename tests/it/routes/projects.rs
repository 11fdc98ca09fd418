//! Projects, their members and their audit log.

use serde_json::json;
use shared::account::Role;
use tests::{TestApp, on_both_databases};

on_both_databases! {
    async fn a_project_belongs_to_its_maker_and_has_an_address_of_its_own(database: TestDatabase) {
        let app = TestApp::on(database);
        let mut admin = app.admin().await;
        let mut ann = app.user(&mut admin, "ann@example.com").await;
        let body = json!({ "name": "Support desk: intake", "description": "Free text to JSON" });
        let made = ann.post("/api/projects", &body).await.expect(201);
        assert_eq!(made["slug"], "support-desk-intake");
        assert_eq!(made["role"], "owner");
        let again = ann.post("/api/projects", &body).await.expect(201);
        assert_eq!(again["slug"], "support-desk-intake-2");
        let mut bob = app.user(&mut admin, "bob@example.com").await;
        assert_eq!(bob.get("/api/projects").await.expect(200), json!([]));
        assert_eq!(admin.get("/api/projects").await.expect(200).as_array().unwrap().len(), 2);
    }

    async fn every_change_leaves_an_audit_entry(database: TestDatabase) {
        let app = TestApp::on(database);
        let mut admin = app.admin().await;
        admin.post("/api/projects", &json!({ "name": "One" })).await.expect(201);
        app.member(&mut admin, "one", Role::Viewer).await;
        admin.patch("/api/projects/one", &json!({ "name": "Two" })).await.expect(200);
        let page = admin.get("/api/projects/one/audit?limit=2").await.expect(200);
        let actions: Vec<_> =
            page["items"].as_array().unwrap().iter().map(|entry| &entry["action"]).collect();
        assert_eq!(actions, ["update_project", "put_member"]);
        assert_eq!(page["items"][0]["user_name"], "Ada Admin");
        let next = page["next"].as_str().unwrap();
        let path = format!("/api/projects/one/audit?limit=2&after={next}");
        let rest = admin.get(&path).await.expect(200);
        assert_eq!(rest["items"][0]["action"], "create_project");
        assert!(rest.get("next").is_none());
    }
}

#[tokio::test]
async fn a_project_keeps_an_owner() {
    let app = TestApp::start().await;
    let mut admin = app.admin().await;
    let mut ann = app.user(&mut admin, "ann@example.com").await;
    ann.post("/api/projects", &json!({ "name": "Mine" }))
        .await
        .expect(201);
    let id = ann.get("/api/session").await.expect(200)["user"]["id"].clone();
    let path = format!("/api/projects/mine/members/{}", id.as_str().unwrap());
    ann.delete(&path).await.expect(409);
    let body = json!({ "email": "ann@example.com", "role": "viewer" });
    ann.put("/api/projects/mine/members", &body)
        .await
        .expect(409);
    let members = ann.get("/api/projects/mine/members").await.expect(200);
    assert_eq!(members[0]["role"], "owner");
}

#[tokio::test]
async fn a_member_must_have_an_account() {
    let app = TestApp::start().await;
    let mut admin = app.admin().await;
    admin
        .post("/api/projects", &json!({ "name": "One" }))
        .await
        .expect(201);
    let body = json!({ "email": "nobody@example.com", "role": "viewer" });
    let refused = admin
        .put("/api/projects/one/members", &body)
        .await
        .expect(422);
    assert_eq!(refused["fields"][0]["field"], "email");
}
