//! Runs that train all weights, and the models of their own that they make.

use server::services::backup;

use super::*;
use tests::on_both_databases;

/// A request that trains all weights.
fn whole(lab: &Lab) -> Value {
    let mut request = lab.request();
    request["config"]["adapter"] = json!("none");
    request
}

on_both_databases! {
    async fn a_run_of_all_weights_makes_a_model_of_its_own(database: TestDatabase) {
        let mut lab = Lab::new(database).await;
        let asked = lab.create(&whole(&lab)).await;
        let trained = &asked["preflight"]["trainable_parameters"];
        // 320 tokens of 64, two layers of 36,992 numbers, and the last norm.
        assert_eq!(trained, 320 * 64 + 2 * (2 * 64 * 64 + 2 * 64 * 32 + 3 * 64 * 128 + 128) + 64);
        let run = lab.train(&whole(&lab)).await;
        assert_eq!(run["message"], "made desk version 2");
        assert!(run["best_validation_loss"].as_f64().unwrap() > 0.0);
        let id = text(&run["model_version_id"]);
        let path = format!("/api/projects/p/models/{id}");
        let model = lab.client.get(&path).await.expect(200);
        assert_eq!((&model["kind"], &model["base_id"]), (&json!("tuned"), &json!(lab.base)));
        assert_eq!(model["run_id"], run["id"]);
        assert!(text(&model["description"]).starts_with("All weights by sft"), "{model}");

        // It answers, though the base it came from is gone.
        let data = lab.app.app.data_dir.clone();
        fs::rename(data.join("models/tiny"), data.join("models/away")).unwrap();
        let body = json!({
            "messages": turn("user", "Who are you?"),
            "decoding": { "max_new_tokens": 5 },
        });
        let reply = lab.client.post(&format!("{path}/chat"), &body).await;
        let told = String::from_utf8(reply.bytes).unwrap();
        assert!(told.contains(r#""type":"done""#), "{told}");
        fs::rename(data.join("models/away"), data.join("models/tiny")).unwrap();

        // There is no adapter to download, and it is exported as a whole.
        lab.client.get(&format!("{path}/adapter")).await.expect(409);
        let exports = format!("{path}/exports");
        lab.client.post(&exports, &json!({ "format": "gguf_adapter" })).await.expect(422);
        let export = lab.client.post(&exports, &json!({ "format": "gguf_f16" })).await.expect(201);
        let runner = lab.start_runner();
        let mut found = Value::Null;
        for _ in 0..6000 {
            found = lab.client.get(&exports).await.expect(200)[0].clone();
            if found["job"]["state"] == "succeeded" {
                break;
            }
            assert_ne!(found["job"]["state"], "failed", "{found}");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        runner.abort();
        assert_eq!(found["id"], export["id"]);
        assert!(found["file"]["check"]["mean_divergence"].as_f64().unwrap() < 1e-4, "{found}");

        // It is put into production, and runs begin with it as with any base.
        let body = json!({ "model_version_id": id, "override_reason": "a test" });
        lab.client.post("/api/projects/p/aliases/production", &body).await.expect(200);
        let mut on_top = lab.request();
        on_top["base_id"] = json!(id);
        on_top["name"] = json!("on top");
        let next = lab.train(&on_top).await;
        let path = format!("/api/projects/p/models/{}", text(&next["model_version_id"]));
        let adapter = lab.client.get(&path).await.expect(200);
        assert_eq!((&adapter["kind"], &adapter["base_id"]), (&json!("adapter"), &json!(id)));
        let reply = lab.client.post(&format!("{path}/chat"), &json!({
            "messages": turn("user", "Who are you?"),
            "decoding": { "max_new_tokens": 5 },
        })).await;
        assert!(String::from_utf8(reply.bytes).unwrap().contains(r#""type":"done""#));

        // A back-up has it, without the checkpoints it came from.
        let archive = data.join("all.tar");
        backup::create(&lab.app.app.store, &data, &archive).await.unwrap();
        let bytes = fs::read(&archive).unwrap();
        let names = |part: &str| bytes.windows(part.len()).any(|window| window == part.as_bytes());
        let folder = format!("files/runs/{}", text(&run["id"]));
        assert!(names(&format!("{folder}/model/model.safetensors")));
        assert!(!names(&format!("{folder}/checkpoints")));
    }

    async fn what_does_not_go_with_all_weights_is_refused(database: TestDatabase) {
        let mut lab = Lab::new(database).await;
        assert_eq!(lab.codes(&whole(&lab)).await, Vec::<String>::new());
        for precision in ["bf16", "quantised"] {
            let mut request = whole(&lab);
            request["config"]["precision"] = json!(precision);
            let refused = lab.client.post(RUNS, &request).await.expect(422);
            assert_eq!(refused["fields"][0]["field"], "config.precision");
        }
        let mut unusual = whole(&lab);
        unusual["config"]["optimizer"] = json!({ "learning_rate": 1e-3 });
        assert_eq!(lab.codes(&unusual).await, ["unusual_learning_rate"]);
        let adapter = lab.train(&lab.request()).await["model_version_id"].clone();
        let mut request = whole(&lab);
        request["initial_adapter_id"] = adapter;
        let refused = lab.client.post(RUNS, &request).await.expect(422);
        assert_eq!(refused["fields"][0]["field"], "initial_adapter_id");
        let mut request = whole(&lab);
        request["dataset_version_id"] = json!(lab.dataset("Pairs", &pairs(8), 0.25).await);
        request["config"]["method"] = json!("reward");
        let refused = lab.client.post(RUNS, &request).await.expect(422);
        assert_eq!(refused["fields"][0]["field"], "config.adapter");
        request["config"]["method"] = json!("dpo");
        let run = lab.train(&request).await;
        assert_eq!(run["state"], "succeeded");
    }
}
