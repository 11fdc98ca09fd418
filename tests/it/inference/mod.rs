//! Models that answer: evaluations, chats, sampled pairs, and what judgements of them become.

mod best_of;
mod chat;
mod command;
mod downloads;
mod evaluations;
mod exports;
mod preferences;
mod sampling;
mod smollm2;

use std::{fs, path::Path, time::Duration};

use serde_json::{Value, json};
use server::{
    cli::serve::handlers,
    jobs::{self, Timing},
};
use shared::{ids::ProjectId, model::ModelKind};
use tests::{Client, TestApp, TestDatabase};
use tokio::task::JoinHandle;

const TIMING: Timing = Timing {
    poll: Duration::from_millis(5),
    heartbeat: Duration::from_millis(10),
    lease: Duration::from_secs(30),
};

/// A small Llama that talks nonsense, and an adapter that makes it talk other nonsense.
const FIXTURES: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../server/trainer/tests/reference/fixtures"
);

/// A project `p` with a small base model, and somebody who may use it.
struct Bench {
    app: TestApp,
    client: Client,
    /// The base's version.
    model: Value,
}

fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
    }
}

/// Turns the signs of the last weights of a model.
fn turn_signs(folder: &Path) {
    let path = folder.join("model.safetensors");
    let mut bytes = fs::read(&path).unwrap();
    let first = bytes.len() - (1 << 16);
    // The highest byte of each number of 32 bits has its sign.
    let signs = bytes[first..].iter_mut().skip(3).step_by(4);
    signs.for_each(|byte| *byte ^= 0x80);
    fs::write(path, bytes).unwrap();
}

impl Bench {
    async fn new(database: TestDatabase) -> Self {
        Self::of(TestApp::on(database)).await
    }

    async fn of(app: TestApp) -> Self {
        let mut client = app.admin().await;
        let body = json!({ "name": "P" });
        client.post("/api/projects", &body).await.expect(201);
        let fixtures = Path::new(FIXTURES);
        let data = &app.app.data_dir;
        copy_folder(&fixtures.join("tiny-llama"), &data.join("models/tiny"));
        for (number, name) in [(1, "adapter-random"), (2, "adapter-reward")] {
            let path = format!("runs/{number}/adapter");
            copy_folder(&fixtures.join(name), &data.join(path));
        }
        let mut bench = Self {
            app,
            client,
            model: Value::Null,
        };
        bench.model = bench.register("Tiny").await;
        bench
    }

    async fn register(&mut self, name: &str) -> Value {
        let body = json!({ "name": name, "path": "tiny" });
        self.post("models", &body, 201).await
    }

    /// Registers the adapter as a run does.
    async fn adapter(&mut self) -> Value {
        let base = self.model.clone();
        self.trained("Tuned", ModelKind::Adapter, (1, &base)).await
    }

    /// Registers the reward model on a base.
    async fn reward_model(&mut self, base: &Value) -> Value {
        self.trained("Judge", ModelKind::Reward, (2, base)).await
    }

    /// Registers a model whose weights a run made of those of the base, as another base that has the
    /// same ones, and answers both.
    async fn whole(&mut self) -> [Value; 2] {
        let data = self.app.app.data_dir.clone();
        for place in ["models/other", "runs/3/adapter"] {
            let folder = data.join(place);
            copy_folder(&Path::new(FIXTURES).join("tiny-llama"), &folder);
            turn_signs(&folder);
        }
        let body = json!({ "name": "Other", "path": "other" });
        let other = self.post("models", &body, 201).await;
        let mut of_base = other.clone();
        of_base["id"] = self.model["id"].clone();
        let whole = self.trained("Whole", ModelKind::Tuned, (3, &of_base)).await;
        [whole, other]
    }

    /// Registers what a run made, by its number, on a base.
    async fn trained(&mut self, name: &str, kind: ModelKind, (run, base): (u32, &Value)) -> Value {
        let project = self.get("").await;
        let project_id: ProjectId = project["id"].as_str().unwrap().parse().unwrap();
        let app = &self.app.app;
        let mut tx = app.store.write().await.unwrap();
        let id = app.context.id();
        let next = store::models::next_version(&mut tx, project_id, id, name);
        let (model_id, number) = next.await.unwrap();
        let base: shared::model::ModelVersion = serde_json::from_value(base.clone()).unwrap();
        let version = shared::model::ModelVersion {
            id: app.context.id(),
            model_id,
            name: name.to_owned(),
            number,
            kind,
            path: format!("runs/{run}/adapter"),
            hub: None,
            base_id: Some(base.id),
            ..base
        };
        store::models::insert_version(&mut tx, &version)
            .await
            .unwrap();
        tx.commit().await.unwrap();
        serde_json::to_value(version).unwrap()
    }

    async fn get(&mut self, path: &str) -> Value {
        let path = format!("/api/projects/p/{path}");
        let path = path.trim_end_matches('/');
        self.client.get(path).await.expect(200)
    }

    async fn post(&mut self, path: &str, body: &Value, status: u16) -> Value {
        let path = format!("/api/projects/p/{path}");
        self.client.post(&path, body).await.expect(status)
    }

    /// Runs jobs until the task is aborted or the test ends.
    fn start_runner(&self) -> JoinHandle<()> {
        tokio::spawn(jobs::run(self.app.app.clone(), handlers(), TIMING))
    }

    /// Waits until what is at a path is in a state, and fails after a minute.
    async fn wait_for(&mut self, path: &str, state: &str) -> Value {
        let mut found = Value::Null;
        for _ in 0..6000 {
            found = self.get(path).await;
            if found["state"] == state {
                return found;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("never {state}: {found}");
    }

    /// Waits until a job is in a state, and fails after a minute.
    async fn wait_for_job(&mut self, id: &Value, state: &str) -> Value {
        for _ in 0..6000 {
            let page = self.get("jobs").await;
            let jobs = page["items"].as_array().unwrap();
            let job = jobs.iter().find(|job| job["id"] == *id).unwrap();
            if job["state"] == state {
                return job.clone();
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("job {id} is never {state}");
    }
}
