//! Regression reports, their links, what they let into production, and back-ups of all of it.

mod backup;
mod evidence;
mod production;

use serde_json::{Value, json};
use tests::{Client, TestApp, on_both_databases};

use evidence::Evidence;

const REPORTS: &str = "/api/projects/p/reports";

/// Passed items by suite: (suite, items, gate, passed by the baseline, passed by the candidate).
/// Items are passed from the first on by the baseline, and up to the last by the candidate.
const GOOD: [(&str, usize, usize, usize); 2] =
    [("domain", 80, 8, 76), ("general_ability", 150, 150, 149)];
const BAD: [(&str, usize, usize, usize); 2] =
    [("domain", 80, 8, 76), ("general_ability", 150, 150, 120)];

async fn report(app: &TestApp, client: &mut Client, plan: &[(&str, usize, usize, usize)]) -> Value {
    let evidence = Evidence::gather(app, client, plan).await;
    let body = json!({ "name": "First tuned model", "pairs": evidence.pairs, "clauses": [] });
    client.post(REPORTS, &body).await.expect(201)
}

on_both_databases! {
    async fn a_report_states_what_the_counts_say(database: TestDatabase) {
        let app = TestApp::on(database);
        let mut client = app.admin().await;
        let made = report(&app, &mut client, &GOOD).await;
        assert_eq!((&made["number"], &made["passed"]), (&json!(1), &json!(true)));
        let suite = &made["snapshot"]["suites"][0];
        assert_eq!((&suite["baseline"]["passed"], &suite["candidate"]["passed"]), (&json!(8), &json!(76)));
        let difference = &suite["difference"];
        assert_eq!((&difference["fixed"], &difference["broken"]), (&json!(72), &json!(4)));
        assert!((difference["estimate"].as_f64().unwrap() - 0.85).abs() < 1e-12);
        assert!(difference["lower"].as_f64().unwrap() > 0.7);
        assert!(difference["corrected_p_value"].as_f64().unwrap() < 1e-9);
        assert_eq!(suite["broken"].as_array().unwrap().len(), 4);
        assert_eq!(suite["broken"][0]["key"], "i000");
        assert_eq!(suite["checks"][0]["name"], "json");
        let guard = &made["snapshot"]["suites"][1]["outcome"];
        assert_eq!(guard["passed"], true);
        let read = client.get(&format!("{REPORTS}/1")).await.expect(200);
        assert_eq!(read, made);
        let listed = client.get(REPORTS).await.expect(200);
        assert_eq!(listed[0]["verdict"], made["verdict"]);
    }

    async fn a_guard_that_cannot_rule_out_a_loss_fails_the_report(database: TestDatabase) {
        let app = TestApp::on(database);
        let mut client = app.admin().await;
        let made = report(&app, &mut client, &BAD).await;
        assert_eq!(made["passed"], false);
        assert!(made["verdict"].as_str().unwrap().starts_with("Not passed"), "{made}");
        let worst = &made["snapshot"]["findings"][0];
        assert_eq!(worst["direction"], "worse");
        assert!(worst["sentence"].as_str().unwrap().contains("general_ability"));
    }

    async fn a_shared_report_is_a_page_without_script_until_its_link_ends(database: TestDatabase) {
        let app = TestApp::on(database);
        let mut client = app.admin().await;
        report(&app, &mut client, &GOOD).await;
        let shares = format!("{REPORTS}/1/shares");
        let refused = client.post(&shares, &json!({ "days": 0 })).await.expect(422);
        assert_eq!(refused["fields"][0]["field"], "days");
        let link = client.post(&shares, &json!({ "days": 7 })).await.expect(201);
        let path = link["path"].as_str().unwrap();
        let mut stranger = app.anonymous();
        let page = stranger.get(path).await;
        assert_eq!(page.status, 200);
        let html = page.json();
        let html = html.as_str().unwrap();
        assert!(html.contains("Passed: Candidate 1 may replace Baseline 1"), "{html}");
        assert!(!html.contains("<script"));
        // What people and models wrote is text, never markup.
        assert!(html.contains("&lt;b&gt;item 0&lt;/b&gt;") && !html.contains("<b>item 0"));
        let policy = page.headers["content-security-policy"].to_str().unwrap();
        assert!(policy.starts_with("default-src 'none'") && !policy.contains("script"));

        app.advance(chrono::TimeDelta::days(8));
        assert_eq!(stranger.get(path).await.status, 404);
        assert_eq!(client.get(&shares).await.expect(200), json!([]));
        let link = client.post(&shares, &json!({ "days": 7 })).await.expect(201);
        let (path, id) = (link["path"].as_str().unwrap(), link["id"].as_str().unwrap());
        client.delete(&format!("{shares}/{id}")).await.expect(204);
        assert_eq!(stranger.get(path).await.status, 404);
        assert_eq!(stranger.get("/share/nonsense").await.status, 404);
    }
}

#[tokio::test]
async fn evaluations_that_do_not_belong_together_are_refused() {
    let app = TestApp::start().await;
    let mut client = app.admin().await;
    let evidence = Evidence::gather(&app, &mut client, &GOOD).await;
    let refuse = async |client: &mut Client, pairs: Value, field: &str| {
        let body = json!({ "name": "R", "pairs": pairs });
        let refused = client.post(REPORTS, &body).await.expect(422);
        assert_eq!(refused["fields"][0]["field"], field, "{refused}");
    };
    let (domain, general) = (&evidence.pairs[0], &evidence.pairs[1]);
    refuse(&mut client, json!([]), "pairs").await;
    let mixed = json!([{ "baseline": domain["baseline"], "candidate": general["candidate"] }]);
    refuse(&mut client, mixed, "pairs.0.candidate").await;
    refuse(&mut client, json!([domain, domain]), "pairs.1").await;
    let turned = json!({ "baseline": general["candidate"], "candidate": general["baseline"] });
    refuse(&mut client, json!([domain, turned]), "pairs.1.baseline").await;
    let body = json!({ "name": "R", "pairs": [domain], "clauses": ["nowhere"] });
    let refused = client.post(REPORTS, &body).await.expect(422);
    assert_eq!(refused["fields"][0]["field"], "clauses.0");
}
