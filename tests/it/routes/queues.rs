//! Queues: what annotators see, and that no judgement is lost or in excess, however they race.

use std::collections::{HashMap, HashSet};

use chrono::TimeDelta;
use futures::future::join_all;
use serde_json::{Value, json};
use shared::account::Role;
use tests::{Client, TestApp, on_both_databases};

const QUEUES: &str = "/api/projects/p/queues";

fn pair(number: usize) -> Value {
    json!({
        "messages": [{ "role": "user", "content": format!("Question {number}") }],
        "response_a": format!("A{number}"), "response_b": format!("B{number}"),
        "source_a": "chosen-by-teacher", "source_b": "rejected-by-teacher",
    })
}

/// An owner and the address of a queue of so many pairs.
async fn queue(app: &TestApp, pairs: usize, overlap: u32) -> (Client, String) {
    let mut admin = app.admin().await;
    admin
        .post("/api/projects", &json!({ "name": "P" }))
        .await
        .expect(201);
    let body = json!({ "name": "Tone", "overlap": overlap, "reservation_minutes": 10 });
    let made = admin.post(QUEUES, &body).await.expect(201);
    let path = format!("{QUEUES}/{}", made["id"].as_str().unwrap());
    let pairs: Vec<_> = (0..pairs).map(pair).collect();
    admin
        .post(&format!("{path}/pairs"), &json!({ "pairs": pairs }))
        .await
        .expect(201);
    (admin, path)
}

async fn annotator(app: &TestApp, admin: &mut Client, name: &str) -> Client {
    let email = format!("{name}@example.com");
    let client = app.user(admin, &email).await;
    let body = json!({ "email": email, "role": Role::Annotator });
    admin
        .put("/api/projects/p/members", &body)
        .await
        .expect(200);
    client
}

async fn tasks(client: &mut Client, path: &str, count: usize) -> Vec<Value> {
    let answer = client
        .post(&format!("{path}/tasks?count={count}"), &json!({}))
        .await
        .expect(200);
    answer["tasks"].as_array().unwrap().clone()
}

async fn judge(client: &mut Client, path: &str, task: &Value, choice: &str) -> Value {
    let body = json!({ "slot_id": task["slot_id"], "choice": choice, "elapsed_ms": 900 });
    client
        .post(&format!("{path}/judgements"), &body)
        .await
        .expect(201)
}

on_both_databases! {
    async fn the_browser_never_learns_where_a_response_came_from(database: TestDatabase) {
        let app = TestApp::on(database);
        let (mut admin, path) = queue(&app, 4, 1).await;
        let mut ann = annotator(&app, &mut admin, "ann").await;
        let reply = ann.post(&format!("{path}/tasks?count=4"), &json!({})).await.expect(200);
        let text = reply.to_string();
        for secret in ["teacher", "source", "response_a", "response_b", "a_was_left"] {
            assert!(!text.contains(secret), "{secret} is in {text}");
        }
        // A reload shows the same pairs in the same order, on the same sides.
        let again = ann.post(&format!("{path}/tasks?count=4"), &json!({})).await.expect(200);
        assert_eq!(again["tasks"], reply["tasks"]);
    }

    async fn judgements_are_stored_by_canonical_sides(database: TestDatabase) {
        let app = TestApp::on(database);
        let (mut admin, path) = queue(&app, 12, 1).await;
        let mut ann = annotator(&app, &mut admin, "ann").await;
        // Ann always prefers the response that begins with A, wherever it stands.
        loop {
            let Some(task) = tasks(&mut ann, &path, 1).await.into_iter().next() else { break };
            let left_is_a = task["left"].as_str().unwrap().starts_with('A');
            judge(&mut ann, &path, &task, if left_is_a { "left" } else { "right" }).await;
        }
        let listed = admin.get(&format!("{path}/judgements")).await.expect(200);
        let judgements = listed["items"].as_array().unwrap();
        assert_eq!(judgements.len(), 12);
        assert!(judgements.iter().all(|judgement| judgement["choice"] == "a"));
        let left: HashSet<_> = judgements.iter().map(|j| j["a_was_left"].as_bool()).collect();
        assert_eq!(left.len(), 2, "both orders occur");
        let results = admin.get(&format!("{path}/results")).await.expect(200);
        assert_eq!(results["decided"], 12);
    }

    async fn no_judgement_is_lost_or_in_excess_under_a_race(database: TestDatabase) {
        let app = TestApp::on(database);
        let (mut admin, path) = queue(&app, 10, 2).await;
        let mut annotators = Vec::new();
        for number in 0..4 {
            annotators.push(annotator(&app, &mut admin, &format!("ann{number}")).await);
        }
        let all = annotators.into_iter().map(|mut client| {
            let path = path.clone();
            async move {
                loop {
                    let held = tasks(&mut client, &path, 2).await;
                    if held.is_empty() {
                        break;
                    }
                    for task in &held {
                        judge(&mut client, &path, task, "left").await;
                    }
                }
            }
        });
        join_all(all).await;
        let listed = admin.get(&format!("{path}/judgements?limit=200")).await.expect(200);
        let mut by_pair: HashMap<String, HashSet<String>> = HashMap::new();
        for judgement in listed["items"].as_array().unwrap() {
            let annotators = by_pair.entry(judgement["pair_id"].to_string()).or_default();
            assert!(annotators.insert(judgement["annotator_id"].to_string()));
        }
        assert_eq!(by_pair.len(), 10);
        assert!(by_pair.values().all(|annotators| annotators.len() == 2));
        let queue = admin.get(&path).await.expect(200);
        assert_eq!((&queue["progress"]["done"], &queue["progress"]["wanted"]), (&json!(20), &json!(20)));
    }

    async fn a_reservation_ends_and_a_late_judgement_takes_only_a_free_place(database: TestDatabase) {
        let app = TestApp::on(database);
        let (mut admin, path) = queue(&app, 1, 1).await;
        let mut slow = annotator(&app, &mut admin, "slow").await;
        let mut quick = annotator(&app, &mut admin, "quick").await;
        let task = tasks(&mut slow, &path, 1).await.remove(0);
        assert!(tasks(&mut quick, &path, 1).await.is_empty());
        app.advance(TimeDelta::minutes(11));
        let taken = tasks(&mut quick, &path, 1).await.remove(0);
        judge(&mut quick, &path, &taken, "tie").await;
        let body = json!({ "slot_id": task["slot_id"], "choice": "left" });
        let late = slow.post(&format!("{path}/judgements"), &body).await.expect(409);
        assert!(late["message"].as_str().unwrap().contains("next one"));
        // Undone, the pair is quick's again, and then anybody's when time is up.
        let listed = admin.get(&format!("{path}/judgements")).await.expect(200);
        let made = listed["items"][0]["id"].as_str().unwrap();
        slow.delete(&format!("{path}/judgements/{made}")).await.expect(404);
        quick.delete(&format!("{path}/judgements/{made}")).await.expect(204);
        assert_eq!(tasks(&mut quick, &path, 1).await[0]["pair_id"], task["pair_id"]);
        app.advance(TimeDelta::minutes(11));
        slow.post(&format!("{path}/judgements"), &body).await.expect(201);
    }

    async fn a_skip_leaves_the_pair_to_others_and_a_flag_to_an_engineer(database: TestDatabase) {
        let app = TestApp::on(database);
        let (mut admin, path) = queue(&app, 2, 1).await;
        let mut ann = annotator(&app, &mut admin, "ann").await;
        let mut bob = annotator(&app, &mut admin, "bob").await;
        let first = tasks(&mut ann, &path, 1).await.remove(0);
        judge(&mut ann, &path, &first, "skip").await;
        let second = tasks(&mut ann, &path, 1).await.remove(0);
        assert_ne!(second["pair_id"], first["pair_id"]);
        judge(&mut ann, &path, &second, "flag").await;
        assert!(tasks(&mut ann, &path, 1).await.is_empty());
        let for_bob = tasks(&mut bob, &path, 2).await;
        assert_eq!(for_bob.len(), 1, "the flagged pair is not given out");
        assert_eq!(for_bob[0]["pair_id"], first["pair_id"]);
        let queue = admin.get(&path).await.expect(200);
        assert_eq!(queue["progress"]["flagged"], 1);
        let flagged = second["pair_id"].as_str().unwrap();
        admin.delete(&format!("{path}/pairs/{flagged}/flag")).await.expect(204);
        assert_eq!(tasks(&mut bob, &path, 2).await.len(), 2);
    }

    async fn an_engineer_sees_pairs_with_what_was_said_of_them(database: TestDatabase) {
        let app = TestApp::on(database);
        let (mut admin, path) = queue(&app, 3, 1).await;
        let mut ann = annotator(&app, &mut admin, "ann").await;
        let held = tasks(&mut ann, &path, 2).await;
        judge(&mut ann, &path, &held[0], "tie").await;
        judge(&mut ann, &path, &held[1], "flag").await;
        let first = admin.get(&format!("{path}/pairs?limit=1")).await.expect(200);
        let item = &first["items"][0];
        assert_eq!(item["id"], held[0]["pair_id"]);
        assert_eq!((&item["response_a"], &item["source_a"]), (&json!("A0"), &json!("chosen-by-teacher")));
        assert_eq!((&item["consensus"], &item["judgements"][0]["choice"]), (&json!("tie"), &json!("tie")));
        let next = first["next"].as_str().unwrap();
        let rest = admin.get(&format!("{path}/pairs?after={next}")).await.expect(200);
        assert_eq!(rest["items"].as_array().unwrap().len(), 2);
        let flagged = admin.get(&format!("{path}/pairs?flagged=true")).await.expect(200);
        assert_eq!(flagged["items"].as_array().unwrap().len(), 1);
        assert_eq!(flagged["items"][0]["judgements"][0]["choice"], "flag");
        ann.get(&format!("{path}/pairs")).await.expect(403);
    }
}

#[tokio::test]
async fn sides_are_even_over_many_pairs() {
    let app = TestApp::start().await;
    let (mut admin, path) = queue(&app, 200, 1).await;
    let mut ann = annotator(&app, &mut admin, "ann").await;
    let mut left = 0;
    for _ in 0..40 {
        for task in tasks(&mut ann, &path, 5).await {
            left += i32::from(task["left"].as_str().unwrap().starts_with('A'));
            judge(&mut ann, &path, &task, "both_bad").await;
        }
    }
    // Four standard deviations of a fair coin over 200 throws.
    assert!((72..=128).contains(&left), "A was left {left} times of 200");
}

#[tokio::test]
async fn pairs_that_cannot_be_judged_are_refused() {
    let app = TestApp::start().await;
    let (mut admin, path) = queue(&app, 1, 1).await;
    let mut same = pair(1);
    same["response_b"] = same["response_a"].clone();
    let body = json!({ "pairs": [pair(0), same] });
    let refused = admin
        .post(&format!("{path}/pairs"), &body)
        .await
        .expect(422);
    assert_eq!(refused["fields"][0]["field"], "pairs.1.response_b");
    assert_eq!(admin.get(&path).await.expect(200)["progress"]["pairs"], 1);
    admin
        .post(QUEUES, &json!({ "name": "X", "overlap": 0 }))
        .await
        .expect(422);
}
