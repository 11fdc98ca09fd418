//! Set-up, signing in, people, tokens.

use chrono::TimeDelta;
use serde_json::json;
use tests::{ADMIN_EMAIL, PASSWORD, SETUP_CODE, TestApp, on_both_databases};

on_both_databases! {
    async fn the_first_account_needs_the_code_and_there_is_one_first_account(database: TestDatabase) {
        let app = TestApp::on(database);
        let mut client = app.anonymous();
        assert_eq!(client.get("/api/setup").await.expect(200), json!({ "needed": true }));
        let mut body = json!({
            "code": "wrong", "name": "Ada", "email": "Ada@Example.com ", "password": PASSWORD,
        });
        let refused = client.post("/api/setup", &body).await.expect(422);
        assert_eq!(refused["fields"][0]["field"], "code");
        body["code"] = json!(SETUP_CODE);
        let session = client.post("/api/setup", &body).await.expect(201);
        assert_eq!(session["user"]["email"], "ada@example.com");
        assert_eq!(session["user"]["is_admin"], true);
        assert_eq!(client.get("/api/session").await.expect(200), session);
        assert_eq!(client.get("/api/setup").await.expect(200), json!({ "needed": false }));
        // The code is used up.
        app.anonymous().post("/api/setup", &body).await.expect(422);
    }

    async fn a_session_ends_by_signing_out_and_by_time(database: TestDatabase) {
        let app = TestApp::on(database);
        let mut admin = app.admin().await;
        let mut other = app.signed_in(ADMIN_EMAIL).await;
        let kept = other.clone();
        other.delete("/api/session").await.expect(204);
        kept.clone().get("/api/session").await.expect(401);
        admin.get("/api/session").await.expect(200);
        app.advance(TimeDelta::days(31));
        admin.get("/api/session").await.expect(401);
    }

    async fn a_token_acts_as_its_owner_until_it_is_deleted(database: TestDatabase) {
        let app = TestApp::on(database);
        let mut admin = app.admin().await;
        let created = admin.post("/api/tokens", &json!({ "name": "nightly" })).await.expect(201);
        let secret = created["secret"].as_str().unwrap();
        let mut program = app.anonymous().with_token(secret);
        program.get("/api/users").await.expect(200);
        let listed = admin.get("/api/tokens").await.expect(200);
        assert_eq!(listed[0]["name"], "nightly");
        assert!(listed[0]["last_used_at"].is_string());
        assert!(!listed.to_string().contains(secret));
        let id = created["token"]["id"].as_str().unwrap();
        admin.delete(&format!("/api/tokens/{id}")).await.expect(204);
        program.get("/api/users").await.expect(401);
    }
}

#[tokio::test]
async fn a_deactivated_account_is_out_at_once() {
    let app = TestApp::start().await;
    let mut admin = app.admin().await;
    let mut person = app.user(&mut admin, "ann@example.com").await;
    let id = person.get("/api/session").await.expect(200)["user"]["id"].clone();
    let path = format!("/api/users/{}", id.as_str().unwrap());
    admin
        .patch(&path, &json!({ "is_active": false }))
        .await
        .expect(200);
    person.get("/api/session").await.expect(401);
    let body = json!({ "email": "ann@example.com", "password": PASSWORD });
    app.anonymous()
        .post("/api/session", &body)
        .await
        .expect(422);
}

#[tokio::test]
async fn the_last_administrator_stays_one() {
    let app = TestApp::start().await;
    let mut admin = app.admin().await;
    let id = admin.get("/api/session").await.expect(200)["user"]["id"].clone();
    let path = format!("/api/users/{}", id.as_str().unwrap());
    let refused = admin
        .patch(&path, &json!({ "is_admin": false }))
        .await
        .expect(409);
    assert!(
        refused["message"]
            .as_str()
            .unwrap()
            .contains("administrator")
    );
    admin.get("/api/users").await.expect(200);
}

#[tokio::test]
async fn wrong_passwords_are_limited_by_address_without_locking_out_others() {
    let app = TestApp::start().await;
    app.admin().await;
    let mut attacker = app.anonymous().with_header("x-forwarded-for", "9.9.9.9");
    for attempt in 0..10 {
        let body = json!({ "email": format!("guess{attempt}@example.com"), "password": "x" });
        attacker.post("/api/session", &body).await.expect(422);
    }
    let body = json!({ "email": "guess@example.com", "password": "x" });
    let refused = attacker.post("/api/session", &body).await;
    assert!(refused.headers.contains_key("retry-after"));
    refused.expect(429);
    let mut honest = app.anonymous().with_header("x-forwarded-for", "8.8.8.8");
    honest
        .post(
            "/api/session",
            &json!({ "email": ADMIN_EMAIL, "password": PASSWORD }),
        )
        .await
        .expect(201);
    app.advance(TimeDelta::minutes(6));
    attacker.post("/api/session", &body).await.expect(422);
}

#[tokio::test]
async fn another_site_cannot_make_a_browser_write() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let mut tricked = admin.with_header("sec-fetch-site", "cross-site");
    tricked
        .post("/api/projects", &json!({ "name": "Mischief" }))
        .await
        .expect(403);
    tricked.get("/api/projects").await.expect(200);
}

#[tokio::test]
async fn bad_requests_are_answered_in_the_one_shape_and_say_what_to_do() {
    let app = TestApp::start().await;
    let mut admin = app.admin().await;
    let body = json!({ "name": "", "email": "nobody", "password": PASSWORD });
    let refused = admin.post("/api/users", &body).await.expect(422);
    let fields: Vec<_> = refused["fields"]
        .as_array()
        .unwrap()
        .iter()
        .map(|f| &f["field"])
        .collect();
    assert_eq!(fields, ["name", "email"]);
    let body = json!({ "name": "Ann", "email": "ann@example.com", "password": "short" });
    let refused = admin.post("/api/users", &body).await.expect(422);
    assert!(refused["message"].as_str().unwrap().contains("10"));
    let taken = json!({ "name": "Ada", "email": ADMIN_EMAIL, "password": PASSWORD });
    let refused = admin.post("/api/users", &taken).await.expect(422);
    assert_eq!(refused["fields"][0]["field"], "email");
    admin
        .post("/api/users", &json!({ "nonsense": 1 }))
        .await
        .expect(422);
    let missing = admin.get("/api/nowhere").await;
    assert!(missing.headers.contains_key("x-request-id"));
    assert_eq!(missing.expect(404)["code"], "not_found");
}
