//! Base models from a hub on this machine: downloaded by a job, registered, refused, cancelled.

use std::{path::Path, time::Duration};

use chrono::TimeDelta;
use hub::testing::{FakeHub, FakeRepository};
use serde_json::{Value, json};
use shared::account::Role;
use tests::{TestApp, TestDatabase, on_both_databases};

use super::{Bench, FIXTURES, exports::unpacked};

const DOWNLOADS: &str = "model-downloads";

/// A hub that has the small Llama as `o/tiny`, with its commit.
pub(super) async fn hub() -> (FakeHub, String) {
    let hub = FakeHub::start().await;
    let folder = Path::new(FIXTURES).join("tiny-llama");
    let commit = hub.put("o/tiny", FakeRepository::of_folder(&folder));
    (hub, commit)
}

impl Bench {
    /// A bench whose server downloads from a hub.
    async fn beside(database: TestDatabase, hub: &FakeHub) -> Self {
        let endpoint = hub.endpoint();
        let app = TestApp::configured(database, |config| config.hub.hf_endpoint = endpoint);
        Self::of(app).await
    }

    async fn download(&mut self, hub: &str) -> Value {
        let body = json!({ "name": "Small", "hub": hub });
        self.post(DOWNLOADS, &body, 201).await
    }

    /// What the job of a download that must fail says.
    async fn failure(&mut self, hub: &str) -> String {
        let asked = self.download(hub).await;
        let job = self.wait_for_job(&asked["job"]["id"], "failed").await;
        job["message"].as_str().unwrap().to_owned()
    }
}

on_both_databases! {
    async fn a_model_of_the_hub_is_downloaded_and_registered_at_its_commit(database: TestDatabase) {
        let (hub, commit) = hub().await;
        let mut bench = Bench::beside(database, &hub).await;
        let source = bench.get("hub").await;
        assert_eq!(source["endpoint"], hub.endpoint());
        assert_eq!(source["has_token"], false);
        let asked = bench.download("o/tiny").await;
        assert_eq!(asked["job"]["state"], "queued");
        // The same again is on its way already.
        let body = json!({ "name": "Small", "hub": "o/tiny" });
        let refused = bench.post(DOWNLOADS, &body, 409).await;
        assert!(refused["message"].as_str().unwrap().contains("on its way"));
        bench.start_runner();
        let job = bench.wait_for_job(&asked["job"]["id"], "succeeded").await;
        assert_eq!(job["message"], "registered Small version 1");
        let versions = bench.get("models").await;
        let version = &versions[0];
        assert_eq!(version["hub"], format!("o/tiny@{commit}"));
        assert_eq!((&version["name"], &version["kind"]), (&json!("Small"), &json!("base")));
        // The files are those of the model that was registered from the folder.
        assert_eq!(version["content_hash"], bench.model["content_hash"]);
        let path = version["path"].as_str().unwrap();
        assert!(bench.app.app.data_dir.join("models").join(path).join("config.json").is_file());
        // What came from the hub is not offered as a folder of the operator's.
        let files = bench.get("model-files").await;
        assert_eq!(files.as_array().unwrap().len(), 1, "{files}");
        let listed = bench.get(DOWNLOADS).await;
        assert_eq!((&listed[0]["job"]["id"], &listed[0]["hub"]), (&asked["job"]["id"], &json!("o/tiny")));
        bench.app.advance(TimeDelta::days(2));
        assert_eq!(bench.get(DOWNLOADS).await, json!([]));
        // An adapter on it names it as PEFT finds it.
        bench.model = version.clone();
        let adapter = bench.adapter().await;
        let path = format!("models/{}/adapter", adapter["id"].as_str().unwrap());
        let config = unpacked(&bench.bytes(&path).await, "adapter_config.json");
        let config: Value = serde_json::from_slice(&config).unwrap();
        assert_eq!(config["base_model_name_or_path"], "o/tiny");
        assert_eq!(config["revision"], commit);
        let audit = bench.get("audit").await.to_string();
        assert!(audit.contains("download_model") && audit.contains(&commit), "{audit}");
    }
}

#[tokio::test]
async fn what_cannot_be_had_says_why_and_registers_nothing() {
    let (hub, _) = hub().await;
    let mut gated = FakeRepository::of_folder(&Path::new(FIXTURES).join("tiny-llama"));
    let mut other = gated.clone();
    let mut pickled = gated.clone();
    gated.gated = true;
    let _ = hub.put("o/gated", gated);
    let config = json!({ "architectures": ["MambaForCausalLM"], "model_type": "mamba" });
    let config = config.to_string().into_bytes();
    other.files.insert("config.json".to_owned(), config);
    let _ = hub.put("o/other", other);
    pickled.files.remove("model.safetensors");
    pickled.files.insert("pytorch_model.bin".to_owned(), vec![]);
    let _ = hub.put("o/pickled", pickled);
    let mut bench = Bench::beside(TestDatabase::sqlite().await, &hub).await;
    bench.start_runner();
    for (model, words) in [
        ("o/none", "no repository o/none"),
        ("o/gated", "HF_TOKEN"),
        ("o/other", "o/other cannot be used"),
        ("o/pickled", "pytorch_model.bin"),
        ("o/tiny@v9", "revision v9"),
    ] {
        let message = bench.failure(model).await;
        assert!(message.contains(words), "{model}: {message}");
    }
    let message = bench.failure("o/other").await;
    assert!(message.to_lowercase().contains("mamba"), "{message}");
    assert!(
        hub.take_requests()
            .iter()
            .all(|asked| !asked.contains("/kept/o/other"))
    );
    hub.script().damages = true;
    let message = bench.failure("o/tiny").await;
    assert!(message.contains("SHA-256"), "{message}");
    for (body, field) in [
        (json!({ "name": "X", "hub": "no id" }), "hub"),
        (json!({ "name": " ", "hub": "o/tiny" }), "name"),
    ] {
        let refused = bench.post(DOWNLOADS, &body, 422).await;
        assert_eq!(refused["fields"][0]["field"], field);
    }
    assert_eq!(bench.get("models").await.as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_download_shows_how_far_it_is_and_can_be_cancelled_and_taken_up_again() {
    let (hub, _) = hub().await;
    hub.script().pace = Duration::from_millis(100);
    let mut bench = Bench::beside(TestDatabase::sqlite().await, &hub).await;
    bench.start_runner();
    let asked = bench.download("o/tiny").await;
    let id = asked["job"]["id"].as_str().unwrap().to_owned();
    let mut seen = 0.0;
    for _ in 0..500 {
        let listed = bench.get(DOWNLOADS).await;
        let job = &listed[0]["job"];
        let message = job["message"].as_str().unwrap();
        if message.starts_with("model.safetensors:") {
            seen = job["progress"].as_f64().unwrap();
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert!(seen > 0.0 && seen < 1.0, "{seen}");
    bench
        .post(&format!("jobs/{id}/cancel"), &json!({}), 200)
        .await;
    bench.wait_for_job(&asked["job"]["id"], "cancelled").await;
    hub.script().pace = Duration::ZERO;
    let _ = hub.take_requests();
    let again = bench.download("o/tiny").await;
    bench.wait_for_job(&again["job"]["id"], "succeeded").await;
    let requests = hub.take_requests().join("\n");
    assert!(requests.contains("bytes="), "it began anew: {requests}");
}

#[tokio::test]
async fn a_server_that_may_download_nothing_says_so() {
    let (hub, _) = hub().await;
    let endpoint = hub.endpoint();
    let database = TestDatabase::sqlite().await;
    let app = TestApp::configured(database, |config| {
        config.hub.hf_endpoint = endpoint;
        config.forbid_downloads = true;
    });
    let mut bench = Bench::of(app).await;
    let source = bench.get("hub").await;
    assert_eq!(source["endpoint"], Value::Null);
    let refusal = source["refusal"].as_str().unwrap();
    assert!(refusal.contains("TEMPER_FORBID_DOWNLOADS"), "{refusal}");
    let body = json!({ "name": "Small", "hub": "o/tiny" });
    let refused = bench.post(DOWNLOADS, &body, 403).await;
    assert_eq!(refused["message"], refusal);
    assert!(hub.take_requests().is_empty());
}

#[tokio::test]
async fn only_who_may_register_models_may_download_them() {
    let (hub, _) = hub().await;
    let mut bench = Bench::beside(TestDatabase::sqlite().await, &hub).await;
    let mut annotator = bench
        .app
        .member(&mut bench.client, "p", Role::Annotator)
        .await;
    let path = format!("/api/projects/p/{DOWNLOADS}");
    let body = json!({ "name": "Small", "hub": "o/tiny" });
    annotator.post(&path, &body).await.expect(403);
    annotator.get(&path).await.expect(200);
}
