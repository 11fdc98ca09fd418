//! Evaluations: what is refused, what they find, and how they end before their time.

use serde_json::{Value, json};
use shared::{evaluation::EvaluationResult, ids::EvaluationId};
use store::{evaluation_results, evaluations};
use tests::on_both_databases;

use super::Bench;

/// A suite of so many items. Nothing that the model says is JSON; everything is short enough.
pub(super) fn suite(items: usize) -> Value {
    let item = |number: usize| {
        let coverage = ["typical", "edge"][number % 2];
        let mut item = json!({
            "key": format!("i{number}"), "input": format!("Question number {number}?"),
            "coverage": coverage, "tags": ["question"], "checks": [],
        });
        if number == 3 {
            let own = json!({ "name": "own", "type": "valid_json", "clause": "json-only" });
            item["checks"] = json!([own]);
        }
        item
    };
    json!({
        "key": "domain", "name": "Held out", "kind": "domain",
        "pass_rule": { "rule": "all_checks" },
        "checks": [
            { "name": "short", "type": "length", "unit": "tokens", "max": 200, "clause": "brief" },
        ],
        "items": (0..items).map(item).collect::<Vec<_>>(),
    })
}

impl Bench {
    /// A locked suite.
    async fn suite(&mut self, items: usize) -> Value {
        let made = self.post("suites", &suite(items), 201).await;
        let path = format!("suites/{}/lock", made["id"].as_str().unwrap());
        self.post(&path, &json!({}), 200).await
    }

    async fn evaluate(&mut self, suite: &Value, model: &Value, tokens: u32) -> Value {
        let body = json!({
            "model_version_id": model["id"], "suite_id": suite["id"],
            "decoding": { "max_new_tokens": tokens },
        });
        self.post("evaluations", &body, 201).await
    }

    pub(super) async fn results(&mut self, number: i64) -> Vec<EvaluationResult> {
        let page = self
            .get(&format!("evaluations/{number}/results?limit=200"))
            .await;
        serde_json::from_value(page["items"].clone()).unwrap()
    }
}

fn positions(page: &Value) -> Vec<i64> {
    let items = page["items"].as_array().unwrap().iter();
    items
        .map(|item| item["position"].as_i64().unwrap())
        .collect()
}

fn outputs(results: &[EvaluationResult]) -> Vec<&str> {
    results
        .iter()
        .map(|result| result.output.as_str())
        .collect()
}

on_both_databases! {
    async fn a_model_with_weights_of_its_own_answers_by_them(database: TestDatabase) {
        let mut bench = Bench::new(database).await;
        let [whole, other] = bench.whole().await;
        let suite = bench.suite(6).await;
        bench.start_runner();
        let mut answers = Vec::new();
        for (number, model) in [(1, &whole), (2, &other), (3, &bench.model.clone())] {
            bench.evaluate(&suite, model, 8).await;
            bench.wait_for(&format!("evaluations/{number}"), "succeeded").await;
            let results = bench.results(number).await;
            answers.push(outputs(&results).into_iter().map(str::to_owned).collect::<Vec<_>>());
        }
        assert_eq!(answers[0], answers[1]);
        assert_ne!(answers[0], answers[2], "not those of the base it was made of");
    }

    async fn a_locked_suite_is_asked_judged_and_summed_up(database: TestDatabase) {
        let mut bench = Bench::new(database).await;
        let clauses = json!([
            { "key": "json-only", "text": "JSON only", "kind": "safety", "priority": "must" },
        ]);
        bench.post("spec/versions", &json!({ "clauses": clauses }), 201).await;
        let suite = bench.suite(10).await;
        let made = bench.evaluate(&suite, &bench.model.clone(), 12).await;
        assert_eq!((&made["number"], &made["state"]), (&json!(1), &json!("queued")));
        assert_eq!((&made["model_name"], &made["suite_name"]), (&json!("Tiny 1"), &json!("Held out 1")));
        bench.start_runner();
        let done = bench.wait_for("evaluations/1", "succeeded").await;
        assert_eq!(done["message"], "9 of 10 items passed");
        let summary = &done["summary"];
        assert_eq!((&summary["passed"]["passed"], &summary["passed"]["total"]), (&json!(9), &json!(10)));
        // The clause of the failed check is about safety, whatever JSON is about.
        assert_eq!(summary["failures"], json!([{ "category": "safety", "items": 1 }]));
        let names = |list: &Value| -> Vec<(String, i64, i64)> {
            let rates = list.as_array().unwrap().iter();
            rates.map(|rate| (
                rate["name"].as_str().unwrap().to_owned(),
                rate["passed"].as_i64().unwrap(), rate["total"].as_i64().unwrap(),
            )).collect()
        };
        assert_eq!(names(&summary["checks"]), [("short".to_owned(), 10, 10), ("own".to_owned(), 0, 1)]);
        assert_eq!(names(&summary["clauses"]), [("brief".to_owned(), 10, 10), ("json-only".to_owned(), 0, 1)]);
        assert_eq!(names(&summary["coverage"]), [("typical".to_owned(), 5, 5), ("edge".to_owned(), 4, 5)]);
        assert!(summary["seconds"].as_f64().unwrap() > 0.0);
        assert!(summary["mean_prompt_tokens"].as_f64().unwrap() > 10.0);

        let results = bench.results(1).await;
        assert_eq!(results.len(), 10);
        assert!(results.iter().all(|result| (1..=12).contains(&result.output_tokens)));
        let failed = bench.get("evaluations/1/results?passed=false").await;
        assert_eq!(positions(&failed), [3]);
        for query in ["category=safety", "clause=json-only", "check=own", "passed=false&coverage=edge"] {
            let page = bench.get(&format!("evaluations/1/results?{query}")).await;
            assert_eq!(positions(&page), [3], "{query}");
        }
        let none = bench.get("evaluations/1/results?category=format").await;
        assert_eq!(positions(&none), [] as [i64; 0]);
        let first = bench.get("evaluations/1/results?coverage=edge&limit=2").await;
        assert_eq!((positions(&first), &first["next"]), (vec![1, 3], &json!("3")));
        let second = bench.get("evaluations/1/results?coverage=edge&limit=3&after=3").await;
        assert_eq!((positions(&second), &second["next"]), (vec![5, 7, 9], &Value::Null));
        let one = bench.get("evaluations/1/results/3").await;
        assert_eq!(one, failed["items"][0]);
        bench.client.get("/api/projects/p/evaluations/1/results/10").await.expect(404);
        bench.client.get("/api/projects/p/evaluations/2").await.expect(404);
        let file = bench.client.get("/api/projects/p/evaluations/1/results.jsonl").await;
        let lines: Vec<Value> = String::from_utf8(file.bytes).unwrap().lines()
            .map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!((lines.len(), &lines[3]), (10, &one));
        let listed = bench.get("evaluations").await;
        assert_eq!(listed["items"], json!([done]));
    }

    async fn an_adapter_answers_differently_and_so_does_another_prompt(database: TestDatabase) {
        let mut bench = Bench::new(database).await;
        let suite = bench.suite(3).await;
        let (base, adapter) = (bench.model.clone(), bench.adapter().await);
        bench.evaluate(&suite, &base, 8).await;
        bench.evaluate(&suite, &adapter, 8).await;
        let prompt = json!({ "name": "Short", "system": "Say little." });
        let prompt = bench.post("prompts", &prompt, 201).await;
        let body = json!({
            "model_version_id": base["id"], "suite_id": suite["id"],
            "prompt_version_id": prompt["versions"][0]["id"], "decoding": { "max_new_tokens": 8 },
        });
        let made = bench.post("evaluations", &body, 201).await;
        assert_eq!((&made["number"], &made["prompt_name"]), (&json!(3), &json!("Short 1")));
        bench.start_runner();
        bench.wait_for("evaluations/3", "succeeded").await;
        let [base, tuned, prompted] =
            [bench.results(1).await, bench.results(2).await, bench.results(3).await];
        assert_ne!(outputs(&base), outputs(&tuned));
        assert_ne!(base[0].prompt_tokens, prompted[0].prompt_tokens);
        assert_eq!(base[0].prompt_tokens, tuned[0].prompt_tokens);
    }

    async fn an_evaluation_goes_on_with_the_items_that_have_no_result(database: TestDatabase) {
        let mut bench = Bench::new(database).await;
        let suite = bench.suite(12).await;
        let model = bench.model.clone();
        bench.evaluate(&suite, &model, 6).await;
        let runner = bench.start_runner();
        bench.wait_for("evaluations/1", "succeeded").await;
        runner.abort();
        let whole = bench.results(1).await;
        // A second one that has some results already, as after a crash.
        let made = bench.evaluate(&suite, &model, 6).await;
        let id: EvaluationId = made["id"].as_str().unwrap().parse().unwrap();
        let mut tx = bench.app.app.store.write().await.unwrap();
        for position in [0, 1, 9] {
            let kept = EvaluationResult {
                output: format!("kept {position}"), ..whole[position].clone()
            };
            evaluation_results::insert(&mut tx, id, &kept).await.unwrap();
        }
        evaluations::add_seconds(&mut tx, id, 1000.0).await.unwrap();
        tx.commit().await.unwrap();
        bench.start_runner();
        let done = bench.wait_for("evaluations/2", "succeeded").await;
        assert_eq!(done["summary"]["passed"]["total"], 12);
        assert!(done["summary"]["seconds"].as_f64().unwrap() > 1000.0);
        let resumed = bench.results(2).await;
        for (position, (before, after)) in whole.iter().zip(&resumed).enumerate() {
            if [0, 1, 9].contains(&position) {
                assert_eq!(after.output, format!("kept {position}"));
            } else {
                assert_eq!(after.output, before.output);
            }
        }
    }

    async fn a_running_evaluation_stops_when_it_is_cancelled(database: TestDatabase) {
        let mut bench = Bench::new(database).await;
        let suite = bench.suite(600).await;
        let made = bench.evaluate(&suite, &bench.model.clone(), 150).await;
        bench.start_runner();
        bench.wait_for("evaluations/1", "running").await;
        let path = format!("jobs/{}/cancel", made["job_id"].as_str().unwrap());
        bench.post(&path, &json!({}), 200).await;
        let ended = bench.wait_for("evaluations/1", "cancelled").await;
        assert_eq!(ended["summary"], Value::Null);
        assert!(bench.results(1).await.len() < 600);
    }

    async fn what_cannot_be_evaluated_is_refused_with_its_reason(database: TestDatabase) {
        let mut bench = Bench::new(database).await;
        let open = bench.post("suites", &suite(1), 201).await;
        let nothing = "00000000-0000-7000-8000-000000000000";
        let model = bench.model["id"].clone();
        let body = json!({ "model_version_id": model, "suite_id": open["id"] });
        let refused = bench.post("evaluations", &body, 422).await;
        assert_eq!(refused["fields"][0]["field"], "suite_id");
        assert!(refused["message"].as_str().unwrap().contains("lock it first"));
        for (field, value) in [
            ("model_version_id", json!(nothing)),
            ("suite_id", json!(nothing)),
            ("prompt_version_id", json!(nothing)),
        ] {
            let path = format!("suites/{}/lock", open["id"].as_str().unwrap());
            bench.client.post(&format!("/api/projects/p/{path}"), &json!({})).await;
            let mut body = body.clone();
            body[field] = value;
            let refused = bench.post("evaluations", &body, 422).await;
            assert_eq!(refused["fields"][0]["field"], field);
        }
        for (field, value) in [
            ("temperature", json!(-1.0)), ("top_p", json!(0.0)), ("max_new_tokens", json!(0)),
        ] {
            let mut body = body.clone();
            body["decoding"] = json!({ field: value });
            let refused = bench.post("evaluations", &body, 422).await;
            assert_eq!(refused["fields"][0]["field"], format!("decoding.{field}"));
        }
        // A model whose files went away fails with a reason, and the server lives on.
        std::fs::remove_dir_all(bench.app.app.data_dir.join("models/tiny")).unwrap();
        bench.post("evaluations", &body, 201).await;
        bench.start_runner();
        let failed = bench.wait_for("evaluations/1", "failed").await;
        assert!(failed["message"].as_str().unwrap().contains("no such file"), "{failed}");
    }
}
