//! How runs end: with an adapter, cancelled, or taken up again.

use chrono::TimeDelta;

use super::*;
use tests::on_both_databases;

on_both_databases! {
    async fn a_run_ends_with_a_model_version(database: TestDatabase) {
        let mut lab = Lab::new(database).await;
        let asked = lab.create(&lab.request()).await;
        assert_eq!((&asked["number"], &asked["state"]), (&json!(1), &json!("queued")));
        assert_eq!(asked["preflight"]["steps"], 6);
        let run = lab.train(&lab.request()).await;
        assert_eq!((&run["number"], &run["step"], &run["total_steps"]), (&json!(2), &json!(6), &json!(6)));
        assert_eq!((&run["attempt"], &run["progress"]), (&json!(1), &json!(1.0)));
        for measured in ["loss", "validation_loss", "best_validation_loss"] {
            assert!(run[measured].as_f64().unwrap() > 0.0, "{measured} in {run}");
        }
        assert_eq!(run["message"], "made desk version 2");
        let path = format!("/api/projects/p/models/{}", text(&run["model_version_id"]));
        let model = lab.client.get(&path).await.expect(200);
        assert_eq!((&model["kind"], &model["number"]), (&json!("adapter"), &json!(2)));
        assert_eq!((&model["base_id"], &model["run_id"]), (&json!(lab.base), &run["id"]));
        let listed = lab.client.get(RUNS).await.expect(200);
        assert_eq!(listed["items"][0]["model_version_id"], run["model_version_id"]);
        assert_eq!(listed["items"].as_array().unwrap().len(), 2);
    }

    async fn a_reward_model_scores_and_is_not_asked(database: TestDatabase) {
        let mut lab = Lab::new(database).await;
        let first = lab.train(&lab.request()).await;
        let mut request = lab.request();
        request["dataset_version_id"] = json!(lab.dataset("Pairs", &pairs(8), 0.25).await);
        request["initial_adapter_id"] = first["model_version_id"].clone();
        request["config"]["method"] = json!("reward");
        request["config"]["evaluation"] = json!({ "generate_rows": 2 });
        let refused = lab.client.post(RUNS, &request).await.expect(422);
        assert_eq!(refused["fields"][0]["field"], "config.evaluation.generate_rows");
        request["config"]["evaluation"] = json!({});
        let run = lab.train(&request).await;
        let events = lab.events(&run).await;
        let measured = events.iter().find(|event| event["event"]["type"] == "evaluation");
        let measured = &measured.unwrap()["event"]["preference"];
        assert!(measured["rewards/accuracies"].is_number() && measured["logps/chosen"].is_null());

        let id = text(&run["model_version_id"]);
        let path = format!("/api/projects/p/models/{id}");
        let model = lab.client.get(&path).await.expect(200);
        assert_eq!((&model["kind"], &model["base_id"]), (&json!("reward"), &json!(lab.base)));
        assert_eq!(lab.client.get(&format!("{path}/adapter")).await.status, 200);
        let chat = json!({ "messages": turn("user", "Hello?") });
        let told = lab.client.post(&format!("{path}/chat"), &chat).await.expect(409);
        assert!(told["message"].as_str().unwrap().contains("reward model"), "{told}");
        for (path, body) in [
            (format!("{path}/exports"), json!({ "format": "gguf_f16" })),
            (
                "/api/projects/p/aliases/production".to_owned(),
                json!({ "model_version_id": id, "override_reason": "because" }),
            ),
        ] {
            let told = lab.client.post(&path, &body).await.expect(422);
            assert!(told["fields"][0]["message"].as_str().unwrap().contains("reward model"), "{told}");
        }

        // Another reward model goes on from it, and nothing else does.
        request["initial_adapter_id"] = json!(id);
        lab.train(&request).await;
        request["config"]["method"] = json!("dpo");
        let refused = lab.client.post(RUNS, &request).await.expect(422);
        assert_eq!(refused["fields"][0]["field"], "initial_adapter_id");
    }

    async fn the_history_has_every_event_in_order(database: TestDatabase) {
        let mut lab = Lab::new(database).await;
        let run = lab.train(&lab.request()).await;
        let events = lab.events(&run).await;
        assert_eq!(steps(&events), [1, 2, 3, 4, 5, 6]);
        assert_eq!(events[0]["event"]["type"], "started");
        assert_eq!(events.last().unwrap()["event"]["type"], "finished");
        let path = format!("{RUNS}/{}/history", run["number"]);
        let history = lab.client.get(&path).await.expect(200);
        assert_eq!(history["seq"], *places(&events).last().unwrap());
        let is_step = |event: &&Value| event["event"]["type"] == "step";
        let (told, others): (Vec<&Value>, Vec<&Value>) = events.iter().partition(is_step);
        assert_eq!(history["steps"], json!(told));
        assert_eq!(history["others"], json!(others));
    }

    async fn a_cancelled_run_can_be_taken_up_again(database: TestDatabase) {
        let mut lab = Lab::new(database).await;
        let request = lab.long_request();
        let run = lab.create(&request).await;
        let runner = lab.start_runner();
        lab.wait_for_checkpoint(&run).await;
        let cancel = format!("/api/projects/p/jobs/{}/cancel", text(&run["job_id"]));
        lab.client.post(&cancel, &json!({})).await.expect(200);
        let run = lab.wait_for(&run, |run| run["state"] == "cancelled").await;
        let stopped_at = run["step"].as_i64().unwrap();
        assert!(stopped_at < run["total_steps"].as_i64().unwrap(), "{run}");
        assert_eq!(run["model_version_id"], Value::Null);
        let resume = format!("{RUNS}/{}/resume", run["number"]);
        lab.client.post(&resume, &json!({})).await.expect(200);
        lab.client.post(&resume, &json!({})).await.expect(409);
        let run = lab.wait_for(&run, |run| run["state"] == "succeeded").await;
        runner.abort();
        let events = lab.events(&run).await;
        let total = run["total_steps"].as_i64().unwrap();
        assert_eq!(steps(&events), (1..=total).collect::<Vec<_>>());
        let resumed = events.iter().rfind(|event| event["event"]["type"] == "started").unwrap();
        assert_eq!(resumed["event"]["from_step"], stopped_at);
        assert_eq!((&resumed["attempt"], &run["attempt"]), (&json!(2), &json!(2)));
    }

    async fn a_run_whose_runner_died_ends_with_the_same_adapter(database: TestDatabase) {
        let mut lab = Lab::new(database).await;
        let request = lab.long_request();
        let run = lab.create(&request).await;
        let runner = lab.start_runner();
        lab.wait_for_checkpoint(&run).await;
        runner.abort();
        drop(runner.await);
        // The lease of the dead runner ends.
        lab.app.advance(TimeDelta::minutes(1));
        let runner = lab.start_runner();
        let run = lab.wait_for(&run, |run| run["state"] == "succeeded").await;
        runner.abort();
        assert_eq!(run["attempt"], 2);
        let events = lab.events(&run).await;
        places(&events);
        let total = run["total_steps"].as_i64().unwrap();
        assert_eq!(steps(&events), (1..=total).collect::<Vec<_>>());
        let whole = lab.train(&request).await;
        assert_eq!(whole["attempt"], 1);
        assert_eq!(lab.weights(&run), lab.weights(&whole));
    }
}

#[tokio::test]
async fn an_adapter_can_be_downloaded_for_other_programs() {
    let mut lab = Lab::new(TestDatabase::sqlite().await).await;
    let run = lab.train(&lab.request()).await;
    let path = |id: &Value| format!("/api/projects/p/models/{}/adapter", text(id));
    let reply = lab.client.get(&path(&run["model_version_id"])).await;
    assert_eq!(
        (reply.status, &reply.headers["content-type"]),
        (
            axum::http::StatusCode::OK,
            &"application/zip".parse().unwrap()
        )
    );
    assert_eq!(
        reply.headers["content-disposition"],
        "attachment; filename=\"desk-v1.zip\""
    );
    let mut archive = zip::ZipArchive::new(std::io::Cursor::new(reply.bytes)).unwrap();
    let mut read = |name: &str| {
        let mut bytes = Vec::new();
        std::io::Read::read_to_end(&mut archive.by_name(name).unwrap(), &mut bytes).unwrap();
        bytes
    };
    assert_eq!(read("adapter_model.safetensors"), lab.weights(&run));
    let config: Value = serde_json::from_slice(&read("adapter_config.json")).unwrap();
    assert_eq!(
        (&config["r"], &config["peft_type"]),
        (&json!(4), &json!("LORA"))
    );
    assert_eq!(
        config["base_model_name_or_path"], "tiny",
        "no path of the server"
    );
    let base = lab.base.clone();
    lab.client.get(&path(&json!(base))).await.expect(409);
}

#[tokio::test]
async fn preferences_are_learned_on_top_of_an_adapter() {
    let mut lab = Lab::new(TestDatabase::sqlite().await).await;
    let first = lab.train(&lab.request()).await;
    let mut request = lab.request();
    request["dataset_version_id"] = json!(lab.dataset("Pairs", &pairs(6), 0.0).await);
    request["initial_adapter_id"] = first["model_version_id"].clone();
    request["config"]["method"] = json!("dpo");
    let run = lab.train(&request).await;
    let events = lab.events(&run).await;
    let step = events.iter().find(|event| event["event"]["type"] == "step");
    assert!(step.unwrap()["event"]["rewards/margins"].is_number());
    assert_ne!(lab.weights(&run), lab.weights(&first));
    for (setting, other) in [("rank", json!(2)), ("weight_decomposed", json!(true))] {
        let mut request = request.clone();
        request["config"]["adapter"][setting] = other;
        let refused = lab.client.post(RUNS, &request).await.expect(422);
        assert_eq!(refused["fields"][0]["field"], "config.adapter", "{setting}");
    }
}

#[tokio::test]
async fn answers_are_generated_and_checked_while_training() {
    let mut lab = Lab::new(TestDatabase::sqlite().await).await;
    let spec = json!({ "clauses": [{
        "key": "is-json", "text": "Every answer is JSON.", "kind": "format", "priority": "must",
        "good_examples": [], "bad_examples": [],
        "checks": [{ "name": "json", "type": "valid_json" }],
    }]});
    let path = "/api/projects/p/spec/versions";
    let spec = lab.client.post(path, &spec).await.expect(201);
    let mut request = lab.request();
    request["spec_version_id"] = spec["id"].clone();
    request["config"]["evaluation"] = json!({ "generate_rows": 2, "max_new_tokens": 4 });
    let run = lab.train(&request).await;
    let events = lab.events(&run).await;
    let is_evaluation = |event: &&Value| event["event"]["type"] == "evaluation";
    let evaluation = &events.iter().find(is_evaluation).unwrap()["event"];
    assert_eq!(
        evaluation["checks"]["json"],
        json!({ "passed": 0, "total": 2 })
    );
    let sample = &evaluation["samples"][0];
    assert!(sample["expected"].as_str().unwrap().starts_with("Answer"));
    assert_eq!(sample["checks"][0]["passed"], false);
}

#[tokio::test]
async fn a_base_whose_files_changed_is_not_trained_on() {
    let mut lab = Lab::new(TestDatabase::sqlite().await).await;
    let run = lab.create(&lab.request()).await;
    let weights = lab.app.app.data_dir.join("models/tiny/model.safetensors");
    let mut bytes = fs::read(&weights).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    fs::write(&weights, bytes).unwrap();
    let runner = lab.start_runner();
    let path = format!("{RUNS}/{}", run["number"]);
    let mut seen = Value::Null;
    while seen["state"] != "failed" {
        seen = lab.client.get(&path).await.expect(200);
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    runner.abort();
    assert!(
        seen["message"].as_str().unwrap().contains("registered"),
        "{seen}"
    );
}
