//! Pairs that are sampled from models into a queue.

use serde_json::{Value, json};
use shared::ids::JobId;
use store::jobs::Lease;
use tests::on_both_databases;
use uuid::Uuid;

use super::Bench;

impl Bench {
    /// A version of ten rows, of which the last is plain text and asks nothing.
    async fn dataset_version(&mut self) -> Value {
        let dataset = self
            .post("datasets", &json!({ "name": "Asked" }), 201)
            .await;
        let path = format!("datasets/{}", dataset["id"].as_str().unwrap());
        for number in 0..10 {
            let content = if number == 9 {
                json!({ "kind": "text", "text": "Only text" })
            } else {
                json!({
                    "kind": "completion",
                    "prompt": [{ "role": "user", "content": format!("Question {number}?") }],
                    "completion": [{ "role": "assistant", "content": "Yes." }],
                })
            };
            let row = json!({ "row": { "content": content, "coverage": "typical" } });
            self.post(&format!("{path}/draft/rows"), &row, 201).await;
        }
        let body = json!({ "validation_share": 0.0 });
        self.post(&format!("{path}/versions"), &body, 201).await
    }

    async fn queue(&mut self) -> String {
        let queue = self.post("queues", &json!({ "name": "Tone" }), 201).await;
        format!("queues/{}", queue["id"].as_str().unwrap())
    }
}

fn request(version: &Value, models: [&Value; 2], temperature: f64) -> Value {
    json!({
        "dataset_version_id": version["id"], "rows": 100,
        "model_a": models[0]["id"], "model_b": models[1]["id"],
        "decoding": { "temperature": temperature, "max_new_tokens": 12 },
    })
}

on_both_databases! {
    async fn two_samples_of_a_model_become_pairs(database: TestDatabase) {
        let mut bench = Bench::new(database).await;
        let (version, queue, model) =
            (bench.dataset_version().await, bench.queue().await, bench.model.clone());
        let body = request(&version, [&model, &model], 1.0);
        let job = bench.post(&format!("{queue}/sample"), &body, 201).await;
        assert_eq!((&job["kind"], &job["state"]), (&json!("sample_pairs"), &json!("queued")));
        bench.start_runner();
        let done = bench.wait_for_job(&job["id"], "succeeded").await;
        assert_eq!(done["message"], "9 pairs added, 1 rows passed over because they ask nothing");
        assert_eq!(bench.get(&queue).await["progress"]["pairs"], 9);
        let tasks = bench.post(&format!("{queue}/tasks?count=5"), &json!({}), 200).await;
        let text = tasks.to_string();
        for secret in ["Tiny", "sample", "source"] {
            assert!(!text.contains(secret), "{secret} is in {text}");
        }
        assert_eq!(tasks["tasks"][0]["messages"][0]["content"], "Question 0?");
    }

    async fn pairs_are_sampled_from_a_model_with_weights_of_its_own(database: TestDatabase) {
        let mut bench = Bench::new(database).await;
        let (version, queue) = (bench.dataset_version().await, bench.queue().await);
        let ([whole, other], base) = (bench.whole().await, bench.model.clone());
        let path = format!("{queue}/sample");
        bench.start_runner();
        let job = bench.post(&path, &request(&version, [&whole, &other], 0.0), 201).await;
        let done = bench.wait_for_job(&job["id"], "succeeded").await;
        let message = done["message"].as_str().unwrap();
        assert!(message.starts_with("0 pairs added, 9 left out"), "{message}");
        let job = bench.post(&path, &request(&version, [&base, &whole], 0.0), 201).await;
        let done = bench.wait_for_job(&job["id"], "succeeded").await;
        let message = done["message"].as_str().unwrap();
        assert!(message.starts_with("9 pairs added"), "{message}");
    }

    async fn equal_responses_make_no_pair(database: TestDatabase) {
        let mut bench = Bench::new(database).await;
        let (version, queue) = (bench.dataset_version().await, bench.queue().await);
        let (base, twin, adapter) =
            (bench.model.clone(), bench.register("Twin").await, bench.adapter().await);
        let path = format!("{queue}/sample");
        let job = bench.post(&path, &request(&version, [&base, &twin], 0.0), 201).await;
        bench.start_runner();
        let done = bench.wait_for_job(&job["id"], "succeeded").await;
        let message = done["message"].as_str().unwrap();
        assert!(message.starts_with("0 pairs added, 9 left out"), "{message}");
        let mut some = request(&version, [&base, &adapter], 0.0);
        some["rows"] = json!(3);
        let job = bench.post(&path, &some, 201).await;
        bench.wait_for_job(&job["id"], "succeeded").await;
        assert_eq!(bench.get(&queue).await["progress"]["pairs"], 3);
        // Two samples of one version at temperature 0 could only be equal.
        let refused = bench.post(&path, &request(&version, [&base, &base], 0.0), 422).await;
        assert_eq!(refused["fields"][0]["field"], "decoding.temperature");
    }

    async fn sampling_goes_on_where_it_was(database: TestDatabase) {
        let mut bench = Bench::new(database).await;
        let (version, queue, model) =
            (bench.dataset_version().await, bench.queue().await, bench.model.clone());
        let body = request(&version, [&model, &model], 1.0);
        let job = bench.post(&format!("{queue}/sample"), &body, 201).await;
        // Another runner had asked five rows when it died.
        let app = &bench.app.app;
        let (now, owner) = (app.context.now(), Uuid::from_u128(7));
        let mut tx = app.store.write().await.unwrap();
        let claimed = store::jobs::claim(&mut tx, owner, now, now).await.unwrap().unwrap();
        let mut payload: Value = serde_json::from_str(&claimed.payload).unwrap();
        payload["place"] =
            json!({ "after": 4, "rows": 5, "added": 5, "equal": 0, "without_prompt": 0 });
        let lease = Lease { job_id: JobId(claimed.job.id.as_uuid()), owner };
        assert!(store::jobs::set_payload(&mut tx, lease, &payload.to_string()).await.unwrap());
        assert!(store::jobs::release(&mut tx, lease).await.unwrap());
        tx.commit().await.unwrap();
        bench.start_runner();
        let done = bench.wait_for_job(&job["id"], "succeeded").await;
        assert!(done["message"].as_str().unwrap().starts_with("9 pairs added"), "{done}");
        assert_eq!(bench.get(&queue).await["progress"]["pairs"], 4);
    }
}
