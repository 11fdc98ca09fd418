//! Datasets: files in, versions, files out.

mod drafts;
mod exports;
mod formats;
mod imports;
mod uploads;
mod versions;

use std::time::Duration;

use serde_json::{Value, json};
use server::{
    cli::serve::handlers,
    jobs::{self, Timing},
};
use tests::{Client, TestApp, TestDatabase};
use tokio::task::JoinHandle;

const TIMING: Timing = Timing {
    poll: Duration::from_millis(5),
    heartbeat: Duration::from_millis(10),
    lease: Duration::from_secs(30),
};

/// A project `p` with a dataset, and somebody who may change it.
struct Desk {
    app: TestApp,
    client: Client,
    /// The path of the dataset.
    dataset: String,
}

impl Desk {
    async fn new(database: TestDatabase) -> Self {
        let app = TestApp::on(database);
        let mut client = app.admin().await;
        client
            .post("/api/projects", &json!({ "name": "P" }))
            .await
            .expect(201);
        let dataset = Self::make_dataset(&mut client, "Rows").await;
        Self {
            app,
            client,
            dataset,
        }
    }

    async fn make_dataset(client: &mut Client, name: &str) -> String {
        let body = json!({ "name": name });
        let made = client
            .post("/api/projects/p/datasets", &body)
            .await
            .expect(201);
        format!("/api/projects/p/datasets/{}", made["id"].as_str().unwrap())
    }

    /// Runs jobs until the task is aborted or the test ends.
    fn start_runner(&self) -> JoinHandle<()> {
        tokio::spawn(jobs::run(self.app.app.clone(), handlers(), TIMING))
    }

    async fn upload(&mut self, name: &str, content: impl Into<Vec<u8>>) -> String {
        let path = format!("/api/projects/p/uploads?filename={name}");
        let upload = self
            .client
            .post_file(&path, content.into())
            .await
            .expect(201);
        upload["id"].as_str().unwrap().to_owned()
    }

    async fn preview(&mut self, name: &str, content: &str) -> Value {
        let upload = self.upload(name, content).await;
        let path = format!("/api/projects/p/uploads/{upload}/preview");
        self.client.post(&path, &json!({})).await.expect(200)
    }

    /// Asks for an import and answers its path.
    async fn begin_import(&mut self, name: &str, content: &str, mut request: Value) -> String {
        request["upload_id"] = json!(self.upload(name, content).await);
        let path = format!("{}/imports", self.dataset);
        let import = self.client.post(&path, &request).await.expect(201);
        format!("{path}/{}", import["id"].as_str().unwrap())
    }

    /// Imports a file and answers the ended import.
    async fn import(&mut self, name: &str, content: &str) -> Value {
        self.import_with(name, content, json!({})).await
    }

    async fn import_with(&mut self, name: &str, content: &str, request: Value) -> Value {
        let path = self.begin_import(name, content, request).await;
        let runner = self.start_runner();
        let import = self.wait_for(&path, "succeeded").await;
        runner.abort();
        import
    }

    /// Waits until an import is in a state, and fails after a minute.
    async fn wait_for(&mut self, path: &str, state: &str) -> Value {
        let mut import = Value::Null;
        for _ in 0..6000 {
            import = self.client.get(path).await.expect(200);
            if import["state"] == state {
                return import;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("never {state}: {import}");
    }

    async fn rejections(&mut self, import: &Value) -> Vec<Value> {
        let path = format!(
            "{}/imports/{}/rejections",
            self.dataset,
            import["id"].as_str().unwrap()
        );
        self.list(&path).await
    }

    /// Every item of a list, page by page.
    async fn list(&mut self, path: &str) -> Vec<Value> {
        let mut items = Vec::new();
        let mut after = String::new();
        loop {
            let separator = if path.contains('?') { '&' } else { '?' };
            let page = format!("{path}{separator}limit=200{after}");
            let page = self.client.get(&page).await.expect(200);
            items.extend(page["items"].as_array().unwrap().clone());
            match page["next"].as_str() {
                Some(next) => after = format!("&after={next}"),
                None => return items,
            }
        }
    }

    /// The rows of the draft.
    async fn draft(&mut self) -> Vec<Value> {
        let path = format!("{}/draft/rows", self.dataset);
        self.list(&path)
            .await
            .into_iter()
            .map(|row| row["row"].clone())
            .collect()
    }

    async fn add_row(&mut self, row: &Value) -> Value {
        let path = format!("{}/draft/rows", self.dataset);
        self.client
            .post(&path, &json!({ "row": row }))
            .await
            .expect(201)
    }

    async fn cut(&mut self, request: Value) -> Value {
        let path = format!("{}/versions", self.dataset);
        self.client.post(&path, &request).await.expect(201)
    }
}

/// A row that is nothing but a prompt and an answer.
fn row(prompt: &str, answer: &str) -> Value {
    json!({
        "content": {
            "kind": "completion",
            "prompt": [{ "role": "user", "content": prompt }],
            "completion": [{ "role": "assistant", "content": answer }],
        },
        "coverage": "typical",
    })
}

/// JSONL of the values.
fn jsonl(values: &[Value]) -> String {
    values.iter().fold(String::new(), |lines, value| {
        lines + &value.to_string() + "\n"
    })
}
