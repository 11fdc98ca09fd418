//! Blank models, and what pretraining from scratch makes of them.

use super::*;
use chrono::TimeDelta;
use tests::on_both_databases;

const BLANK: &str = "/api/projects/p/blank-models";

impl Lab {
    /// A blank model that is small enough to learn in a moment, with a tokenizer trained on a corpus.
    fn blank(corpus: &str) -> Value {
        json!({
            "name": "Fresh",
            "shape": {
                "layers": 2, "hidden_size": 64, "intermediate_size": 128, "heads": 4, "kv_heads": 2,
                "context": 128,
            },
            "tokenizer": { "from": "trained", "dataset_version_id": corpus, "vocabulary": 300 },
            "seed": 5,
        })
    }

    /// Makes a blank model and answers its version.
    async fn make(&mut self, request: &Value) -> Value {
        let asked = self.client.post(BLANK, request).await.expect(201);
        let runner = self.start_runner();
        let told = self.wait_for_blank(&asked["job"]["id"], "succeeded").await;
        runner.abort();
        assert_eq!(told["message"], "registered Fresh version 1");
        let models = self.client.get("/api/projects/p/models").await.expect(200);
        models[0].clone()
    }

    /// Waits until the job of a blank model is in a state, and fails after a minute.
    async fn wait_for_blank(&mut self, id: &Value, state: &str) -> Value {
        let mut listed = Value::Null;
        for _ in 0..6000 {
            listed = self.client.get(BLANK).await.expect(200);
            let mut jobs = listed.as_array().unwrap().iter().map(|one| &one["job"]);
            if let Some(job) = jobs.find(|job| job["id"] == *id && job["state"] == state) {
                return job.clone();
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("never {state}: {listed}");
    }

    /// A run that pretrains it.
    fn pretraining(&self, base: &Value, corpus: &str) -> Value {
        let mut request = self.request();
        request["name"] = json!("reader");
        request["base_id"] = base["id"].clone();
        request["dataset_version_id"] = json!(corpus);
        request["config"]["method"] = json!("pretrain");
        request["config"]["adapter"] = json!("none");
        request["config"]["optimizer"] = json!({ "learning_rate": 1e-3 });
        request["config"]["data"] = json!({ "max_length": 64 });
        request["config"]["batch"] = json!({ "size": 2, "epochs": 20.0 });
        request
    }
}

on_both_databases! {
    async fn a_blank_model_is_made_and_learns_to_read(database: TestDatabase) {
        let mut lab = Lab::new(database).await;
        let corpus = lab.dataset("Corpus", &texts(12), 0.25).await;
        let request = Lab::blank(&corpus);
        let blank = lab.make(&request).await;
        assert_eq!((&blank["kind"], &blank["base_id"]), (&json!("blank"), &Value::Null));
        assert!(text(&blank["description"]).starts_with("Llama, 0.1 M parameters"), "{blank}");
        let folder = lab.app.app.data_dir.join("models").join(text(&blank["path"]));
        assert!(folder.join("model.safetensors").is_file());
        // It is not offered as a folder of the operator's, and listed for a day.
        let files = lab.client.get("/api/projects/p/model-files").await.expect(200);
        assert_eq!(files.as_array().unwrap().len(), 1, "{files}");
        let listed = lab.client.get(BLANK).await.expect(200);
        assert_eq!(listed[0]["request"]["tokenizer"], request["tokenizer"]);
        lab.app.advance(TimeDelta::days(2));
        assert_eq!(lab.client.get(BLANK).await.expect(200), json!([]));

        let request = lab.pretraining(&blank, &corpus);
        assert_eq!(lab.codes(&request).await, Vec::<String>::new());
        let run = lab.train(&request).await;
        let events = lab.events(&run).await;
        let of_evaluation = events.iter().map(|event| &event["event"]);
        let losses = of_evaluation.filter(|event| event["type"] == "evaluation");
        let losses: Vec<f64> = losses.map(|one| one["validation_loss"].as_f64().unwrap()).collect();
        // At first every token of 290 or so is as likely as any other.
        assert!((losses[0] - 290f64.ln()).abs() < 0.1, "{losses:?}");
        assert!(losses[losses.len() - 1] < 2.5, "{losses:?}");
        let path = format!("/api/projects/p/models/{}", text(&run["model_version_id"]));
        let model = lab.client.get(&path).await.expect(200);
        assert_eq!((&model["kind"], &model["base_id"]), (&json!("tuned"), &blank["id"]));
        let chat = json!({ "messages": turn("user", "red"), "decoding": { "max_new_tokens": 4 } });
        let reply = lab.client.post(&format!("{path}/chat"), &chat).await;
        let told = String::from_utf8(reply.bytes).unwrap();
        assert!(told.contains(r#""type":"done""#), "{told}");
        // An adapter goes on from there as from any base.
        let mut on_top = lab.request();
        on_top["base_id"] = model["id"].clone();
        lab.train(&on_top).await;
    }

    async fn a_tokenizer_is_taken_over_from_a_model(database: TestDatabase) {
        let mut lab = Lab::new(database).await;
        let mut request = Lab::blank("");
        request["tokenizer"] = json!({ "from": "model", "model_version_id": lab.base });
        let blank = lab.make(&request).await;
        let models = lab.app.app.data_dir.join("models");
        let read = |path: &std::path::Path| -> Value {
            serde_json::from_slice(&fs::read(path.join("tokenizer.json")).unwrap()).unwrap()
        };
        let (own, given) = (read(&models.join(text(&blank["path"]))), read(&models.join("tiny")));
        assert_eq!(own["model"]["vocab"], given["model"]["vocab"]);
        // The same seed gives the same weights, another one others.
        request["name"] = json!("Again");
        let mut hashes = vec![blank["content_hash"].clone()];
        for seed in [5, 6] {
            request["seed"] = json!(seed);
            let asked = lab.client.post(BLANK, &request).await.expect(201);
            let runner = lab.start_runner();
            lab.wait_for_blank(&asked["job"]["id"], "succeeded").await;
            runner.abort();
            let models = lab.client.get("/api/projects/p/models").await.expect(200);
            hashes.push(models[0]["content_hash"].clone());
        }
        assert_eq!(hashes[0], hashes[1]);
        assert_ne!(hashes[0], hashes[2]);
    }
}

#[tokio::test]
async fn what_cannot_be_made_is_refused_by_its_field() {
    let mut lab = Lab::new(TestDatabase::sqlite().await).await;
    let corpus = lab.dataset("Corpus", &texts(4), 0.0).await;
    let good = Lab::blank(&corpus);
    let nobody = "00000000-0000-0000-0000-000000000000";
    let change = |pointer: &str, value: Value| {
        let mut changed = good.clone();
        *changed.pointer_mut(pointer).unwrap() = value;
        changed
    };
    let given = json!({ "from": "model", "model_version_id": nobody });
    let wide = json!({ "hidden_size": 16_384, "heads": 64, "kv_heads": 64, "layers": 40 });
    for (request, field, word) in [
        (change("/name", json!(" ")), "name", "1 to 100"),
        (
            change("/shape/heads", json!(5)),
            "shape.heads",
            "hidden size",
        ),
        (
            change("/shape/layers", json!(0)),
            "shape.layers",
            "from 1 to 200",
        ),
        (change("/shape", wide), "shape.hidden_size", "fewer layers"),
        (
            change("/tokenizer/vocabulary", json!(10)),
            "tokenizer.vocabulary",
            "from 300",
        ),
        (
            change("/tokenizer/dataset_version_id", json!(nobody)),
            "tokenizer.dataset_version_id",
            "names no version",
        ),
        (
            change("/tokenizer", given),
            "tokenizer.model_version_id",
            "names no model",
        ),
    ] {
        let refused = lab.client.post(BLANK, &request).await.expect(422);
        assert_eq!(refused["fields"][0]["field"], field);
        let message = text(&refused["fields"][0]["message"]);
        assert!(message.contains(word), "{message}");
    }
    // All that is wrong is told at once.
    let mut wrong = change("/name", json!(""));
    wrong["shape"]["heads"] = json!(5);
    wrong["tokenizer"]["vocabulary"] = json!(1);
    let refused = lab.client.post(BLANK, &wrong).await.expect(422);
    let fields = refused["fields"].as_array().unwrap().iter();
    let fields: Vec<_> = fields.map(|field| text(&field["field"])).collect();
    let expected = [
        "name",
        "shape.heads",
        "shape.kv_heads",
        "tokenizer.vocabulary",
    ];
    assert_eq!(fields, expected);
}

#[tokio::test]
async fn a_blank_model_is_neither_adapted_nor_asked() {
    let mut lab = Lab::new(TestDatabase::sqlite().await).await;
    let corpus = lab.dataset("Corpus", &texts(8), 0.25).await;
    let blank = lab.make(&Lab::blank(&corpus)).await;
    let mut adapted = lab.pretraining(&blank, &corpus);
    adapted["config"]["adapter"] = json!({ "rank": 4 });
    let refused = lab.client.post(RUNS, &adapted).await.expect(422);
    assert_eq!(refused["fields"][0]["field"], "config.adapter");
    let message = text(&refused["fields"][0]["message"]);
    assert!(
        message.ends_with("as they are, so train all weights"),
        "{message}"
    );
    let mut slow = lab.pretraining(&blank, &corpus);
    slow["config"]["optimizer"] = json!({});
    assert_eq!(lab.codes(&slow).await, ["unusual_learning_rate"]);
    let mut early = lab.pretraining(&blank, &corpus);
    early["config"]["method"] = json!("sft");
    early["dataset_version_id"] = json!(lab.version);
    assert_eq!(lab.codes(&early).await, ["blank_base"]);
    let path = format!("/api/projects/p/models/{}/chat", text(&blank["id"]));
    let chat = json!({ "messages": turn("user", "red") });
    let refused = lab.client.post(&path, &chat).await.expect(409);
    assert!(refused.to_string().contains("blank"), "{refused}");
    let exports = format!("/api/projects/p/models/{}/exports", text(&blank["id"]));
    let format = json!({ "format": "gguf_f16" });
    let refused = lab.client.post(&exports, &format).await.expect(422);
    assert!(
        refused.to_string().contains("pretrain it first"),
        "{refused}"
    );
}
