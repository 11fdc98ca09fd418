//! Training runs, with a model that is small enough to train in a moment.

mod ends;
mod live;
mod preflight;
mod pretrain;
mod rewards;
mod scratch;
mod tools;
mod votes;
mod whole;

use std::{fs, time::Duration};

use serde_json::{Value, json};
use server::{
    cli::serve::handlers,
    jobs::{self, Timing},
};
use tests::{Client, TestApp, TestDatabase};
use tokio::task::JoinHandle;

const RUNS: &str = "/api/projects/p/runs";

const TIMING: Timing = Timing {
    poll: Duration::from_millis(5),
    heartbeat: Duration::from_millis(10),
    lease: Duration::from_secs(30),
};

/// A small Llama in the form of a Hugging Face folder.
const TINY: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../server/trainer/tests/reference/fixtures/tiny-llama"
);

/// A project `p` with a base, rows to learn from and somebody who may train.
struct Lab {
    app: TestApp,
    client: Client,
    base: String,
    version: String,
}

impl Lab {
    /// With completions and a locked suite.
    async fn new(database: TestDatabase) -> Self {
        let mut lab = Self::without_suite(database).await;
        lab.lock_suite().await;
        lab
    }

    async fn without_suite(database: TestDatabase) -> Self {
        let app = TestApp::on(database);
        let mut client = app.admin().await;
        let project = json!({ "name": "P" });
        client.post("/api/projects", &project).await.expect(201);
        let folder = app.app.data_dir.join("models/tiny");
        fs::create_dir_all(&folder).unwrap();
        for entry in fs::read_dir(TINY).unwrap() {
            let entry = entry.unwrap();
            fs::copy(entry.path(), folder.join(entry.file_name())).unwrap();
        }
        let body = json!({ "name": "Tiny", "path": "tiny" });
        let base = client
            .post("/api/projects/p/models", &body)
            .await
            .expect(201);
        let mut lab = Self {
            app,
            client,
            base: text(&base["id"]),
            version: String::new(),
        };
        lab.version = lab.dataset("Rows", &completions(12), 0.25).await;
        lab
    }

    /// Makes a dataset with rows and answers its version.
    async fn dataset(&mut self, name: &str, rows: &[Value], validation_share: f64) -> String {
        let body = json!({ "name": name });
        let made = self.client.post("/api/projects/p/datasets", &body).await;
        let path = format!("/api/projects/p/datasets/{}", text(&made.expect(201)["id"]));
        for content in rows {
            let row = json!({ "row": { "content": content, "coverage": "typical" } });
            let rows = format!("{path}/draft/rows");
            self.client.post(&rows, &row).await.expect(201);
        }
        let body = json!({ "validation_share": validation_share });
        let versions = format!("{path}/versions");
        let version = self.client.post(&versions, &body).await.expect(201);
        text(&version["id"])
    }

    async fn lock_suite(&mut self) {
        let suite = json!({
            "key": "domain", "name": "Domain", "kind": "domain",
            "pass_rule": { "rule": "all_checks" },
            "checks": [{ "name": "json", "type": "valid_json" }],
            "items": [{ "key": "d1", "input": "Hello?", "coverage": "typical" }],
        });
        let path = "/api/projects/p/suites";
        let suite = self.client.post(path, &suite).await.expect(201);
        let path = format!("{path}/{}/lock", text(&suite["id"]));
        self.client.post(&path, &json!({})).await.expect(200);
    }

    /// A run of a few steps.
    fn request(&self) -> Value {
        json!({
            "name": "desk",
            "base_id": self.base,
            "dataset_version_id": self.version,
            "config": {
                "adapter": { "rank": 4, "alpha": 8.0 },
                "batch": { "size": 3, "epochs": 2.0 },
                "device": "cpu",
                "threads": 1,
            },
        })
    }

    /// A run that is long enough to be stopped, and saves its state often.
    fn long_request(&self) -> Value {
        let mut request = self.request();
        request["config"]["batch"] = json!({ "size": 1, "epochs": 60.0 });
        request["config"]["checkpoint"] = json!({ "every_steps": 5 });
        request["config"]["evaluation"] = json!({ "every_steps": 50 });
        request
    }

    /// Runs jobs until the task is aborted or the test ends.
    fn start_runner(&self) -> JoinHandle<()> {
        tokio::spawn(jobs::run(self.app.app.clone(), handlers(), TIMING))
    }

    async fn create(&mut self, request: &Value) -> Value {
        self.client.post(RUNS, request).await.expect(201)
    }

    /// Trains to the end and answers the run.
    async fn train(&mut self, request: &Value) -> Value {
        let run = self.create(request).await;
        let runner = self.start_runner();
        let run = self.wait_for(&run, |run| run["state"] == "succeeded").await;
        runner.abort();
        run
    }

    /// Waits until a run is as wanted, and fails after a minute.
    async fn wait_for(&mut self, run: &Value, wanted: impl Fn(&Value) -> bool) -> Value {
        let path = format!("{RUNS}/{}", run["number"]);
        let mut seen = Value::Null;
        for _ in 0..6000 {
            seen = self.client.get(&path).await.expect(200);
            if wanted(&seen) {
                return seen;
            }
            assert_ne!(seen["state"], "failed", "{seen}");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("never as wanted: {seen}");
    }

    /// Waits for a checkpoint of a run.
    async fn wait_for_checkpoint(&mut self, run: &Value) {
        let path = format!("/api/projects/p/live?run={}", run["number"]);
        let mut stream = self.client.watch(&path, None).await;
        loop {
            let event = stream.next().await.expect("the stream goes on");
            if event.data["event"]["type"] == "checkpoint" {
                return;
            }
        }
    }

    /// All events of a run.
    async fn events(&mut self, run: &Value) -> Vec<Value> {
        let mut events: Vec<Value> = Vec::new();
        loop {
            let after = events
                .last()
                .map_or(0, |event| event["seq"].as_i64().unwrap());
            let path = format!("{RUNS}/{}/events?limit=7&after={after}", run["number"]);
            let page = self.client.get(&path).await.expect(200);
            events.extend(page["items"].as_array().unwrap().clone());
            if page.get("next").is_none() {
                return events;
            }
        }
    }

    /// The weights of the adapter that a run made.
    fn weights(&self, run: &Value) -> Vec<u8> {
        let folder = self.app.app.data_dir.join("runs").join(text(&run["id"]));
        fs::read(folder.join("adapter/adapter_model.safetensors")).unwrap()
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

fn turn(role: &str, content: &str) -> Value {
    json!([{ "role": role, "content": content }])
}

fn completions(count: usize) -> Vec<Value> {
    let row = |index| {
        json!({
            "kind": "completion",
            "prompt": turn("user", &format!("Question {index}?")),
            "completion": turn("assistant", &format!("Answer {index}.")),
        })
    };
    (0..count).map(row).collect()
}

fn pairs(count: usize) -> Vec<Value> {
    let row = |index| {
        json!({
            "kind": "preference",
            "prompt": turn("user", &format!("Question {index}?")),
            "chosen": turn("assistant", "Yes."),
            "rejected": turn("assistant", &format!("No, {index}.")),
        })
    };
    (0..count).map(row).collect()
}

/// Answers, every other one wanted.
fn labelled(count: usize) -> Vec<Value> {
    let row = |index| {
        json!({
            "kind": "unpaired",
            "prompt": turn("user", &format!("Wish {index}?")),
            "completion": turn("assistant", &format!("Reply {index}.")),
            "desirable": index % 2 == 0,
        })
    };
    (0..count).map(row).collect()
}

/// Plain texts, each longer than the one before.
fn texts(count: usize) -> Vec<Value> {
    let row =
        |index: usize| json!({ "kind": "text", "text": "red green blue 17 ".repeat(index + 1) });
    (0..count).map(row).collect()
}

/// The places of events; they must rise.
fn places(events: &[Value]) -> Vec<i64> {
    let places: Vec<i64> = events
        .iter()
        .map(|event| event["seq"].as_i64().unwrap())
        .collect();
    assert!(places.is_sorted_by(|one, other| one < other), "{places:?}");
    places
}

/// The steps that events tell of.
fn steps(events: &[Value]) -> Vec<i64> {
    events
        .iter()
        .filter(|event| event["event"]["type"] == "step")
        .map(|event| event["event"]["step"].as_i64().unwrap())
        .collect()
}
