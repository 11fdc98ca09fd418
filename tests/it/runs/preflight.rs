//! What is said of a run before it starts.

use super::*;
use shared::training::Method;
use tests::on_both_databases;

impl Lab {
    async fn preflight(&mut self, request: &Value) -> Value {
        let path = format!("{RUNS}/preflight");
        self.client.post(&path, request).await.expect(200)
    }

    /// What is found about a request, as `severity code`.
    async fn findings(&mut self, request: &Value) -> Vec<String> {
        let preflight = self.preflight(request).await;
        let findings = preflight["findings"].as_array().unwrap();
        findings
            .iter()
            .map(|one| format!("{} {}", text(&one["severity"]), text(&one["code"])))
            .collect()
    }

    /// The codes of what is found about a request.
    pub(super) async fn codes(&mut self, request: &Value) -> Vec<String> {
        let findings = self.findings(request).await.into_iter();
        findings
            .filter_map(|finding| Some(finding.split_once(' ')?.1.to_owned()))
            .collect()
    }

    /// A request with one setting changed.
    fn with(&self, pointer: &str, value: Value) -> Value {
        let mut request = self.request();
        let (parent, key) = pointer.rsplit_once('/').unwrap();
        request.pointer_mut(parent).unwrap()[key] = value;
        request
    }
}

on_both_databases! {
    async fn a_run_needs_a_locked_suite_or_a_reason(database: TestDatabase) {
        let mut lab = Lab::without_suite(database).await;
        let mut request = lab.request();
        assert_eq!(lab.findings(&request).await, ["error no_locked_suite"]);
        let refused = lab.client.post(RUNS, &request).await.expect(422);
        assert_eq!(refused["fields"][0]["field"], "suite_override");
        request["suite_override"] = json!("  ");
        lab.client.post(RUNS, &request).await.expect(422);
        request["suite_override"] = json!("only a trial");
        assert_eq!(lab.findings(&request).await, ["warning no_locked_suite"]);
        let run = lab.create(&request).await;
        assert_eq!(run["request"]["suite_override"], "only a trial");
        let audit = lab.client.get("/api/projects/p/audit").await.expect(200);
        let entry = &audit["items"][0];
        assert_eq!(entry["action"], "create_run");
        assert!(entry["detail"].as_str().unwrap().contains("only a trial"), "{entry}");
        lab.lock_suite().await;
        assert_eq!(lab.findings(&lab.request()).await, Vec::<String>::new());
    }

    async fn a_base_without_a_chat_template_is_refused_once_and_by_its_field(database: TestDatabase) {
        let mut lab = Lab::new(database).await;
        fs::remove_file(lab.app.app.data_dir.join("models/tiny/chat_template.jinja")).unwrap();
        assert_eq!(lab.findings(&lab.request()).await, ["error no_template"]);
        let refused = lab.client.post(RUNS, &lab.request()).await.expect(422);
        assert_eq!(refused["fields"][0]["field"], "base_id");
        assert!(text(&refused["fields"][0]["message"]).contains("chat_template.jinja"));
        let mut request = lab.with("/config/method", json!("pretrain"));
        request["dataset_version_id"] = json!(lab.dataset("Texts", &texts(4), 0.0).await);
        assert_eq!(lab.findings(&request).await, ["warning no_validation_rows"]);
    }

    async fn a_longest_length_that_leaves_nothing_is_blamed(database: TestDatabase) {
        let mut lab = Lab::new(database).await;
        let request = lab.with("/config/data", json!({ "max_length": 3 }));
        let preflight = lab.preflight(&request).await;
        let finding = &preflight["findings"][0];
        assert_eq!(finding["code"], "nothing_to_learn");
        assert_eq!(finding["field"], "config.data.max_length");
        assert!(text(&finding["message"]).contains("raise the longest length"), "{finding}");
    }

    async fn rows_and_tokens_are_counted_as_the_run_counts_them(database: TestDatabase) {
        let mut lab = Lab::new(database).await;
        let preflight = lab.preflight(&lab.request()).await;
        assert_eq!(preflight["train_rows"], 9);
        assert_eq!(preflight["validation_rows"], 3);
        assert!(preflight["loss_tokens"].as_i64() < preflight["train_tokens"].as_i64());
        assert!(preflight["memory_bytes"].as_i64().unwrap() > 1 << 20);
        assert_eq!(preflight["seconds"], Value::Null, "nothing was measured yet");
        let run = lab.train(&lab.request()).await;
        let events = lab.events(&run).await;
        let started = &events[0]["event"];
        assert_eq!(started["total_steps"], preflight["steps"]);
        assert_eq!(started["trainable_parameters"], preflight["trainable_parameters"]);
        assert_eq!(started["train_rows"], preflight["train_rows"]);
        let tokens = |event: &Value| event["event"]["tokens"].as_i64().unwrap_or(0);
        let told: i64 = events.iter().map(tokens).sum();
        assert_eq!(json!(told), json!(2 * preflight["train_tokens"].as_i64().unwrap()));
        let again = lab.preflight(&lab.request()).await;
        assert!(again["seconds"].as_f64().unwrap() > 0.0);
    }

    async fn a_run_learns_what_its_version_holds_whatever_became_of_the_file(database: TestDatabase) {
        let mut lab = Lab::new(database).await;
        lab.preflight(&lab.request()).await;
        let folder = lab.app.app.data_dir.join("version_rows");
        let file = folder.join(format!("{}-train.jsonl", lab.version));
        let rows = fs::read_to_string(&file).unwrap();
        fs::write(&file, rows.lines().next().unwrap()).unwrap();
        let run = lab.train(&lab.request()).await;
        assert_eq!(lab.events(&run).await[0]["event"]["train_rows"], 9);
        assert_eq!(fs::read_to_string(&file).unwrap(), rows);
    }

    async fn a_run_of_every_method_can_be_started(database: TestDatabase) {
        let mut lab = Lab::new(database).await;
        let of_pairs = lab.dataset("Pairs", &pairs(4), 0.0).await;
        let of_texts = lab.dataset("Texts", &texts(4), 0.0).await;
        for method in Method::ALL {
            let mut request = lab.with("/config/method", json!(method));
            request["dataset_version_id"] = json!(match method {
                Method::Sft => &lab.version,
                Method::Pretrain => &of_texts,
                _ => &of_pairs,
            });
            if *method == Method::Grpo {
                let check = json!({ "name": "declines", "type": "refusal" });
                request["config"]["evaluation"] = json!({ "checks": [check] });
            }
            let run = lab.create(&request).await;
            assert_eq!(run["method"], json!(method));
        }
    }
}

#[tokio::test]
async fn what_cannot_work_is_an_error_with_its_field() {
    let mut lab = Lab::new(TestDatabase::sqlite().await).await;
    let pairs = lab.dataset("Pairs", &pairs(4), 0.0).await;
    for (pointer, value, expected) in [
        ("/config/batch/size", json!(0), "error bad_setting"),
        ("/config/batch/epochs", json!(-1.0), "error bad_setting"),
        ("/config/adapter/targets", json!([]), "error bad_setting"),
        ("/config/device", json!("cuda:77"), "error no_device"),
        (
            "/config/precision",
            json!("quantised"),
            "error not_quantised",
        ),
        (
            "/config/data",
            json!({ "general_share": 0.5 }),
            "error no_general_rows",
        ),
        (
            "/config/data",
            json!({ "max_length": 8 }),
            "error nothing_to_learn",
        ),
        (
            "/config/evaluation",
            json!({ "by_task_metric": true }),
            "error no_task_metric",
        ),
        ("/dataset_version_id", json!(pairs), "error wrong_rows"),
        (
            "/config/batch/size",
            json!(100_000_000),
            "error not_enough_memory",
        ),
        (
            "/config/optimizer",
            json!({ "learning_rate": 0.5 }),
            "warning unusual_learning_rate",
        ),
    ] {
        let request = lab.with(pointer, value);
        let found = lab.findings(&request).await;
        assert!(
            found.iter().any(|one| one == expected),
            "{pointer}: {found:?}"
        );
        let errors = found.iter().any(|one| one.starts_with("error"));
        let status = if errors { 422 } else { 201 };
        lab.client.post(RUNS, &request).await.expect(status);
    }
}

#[tokio::test]
async fn what_a_person_should_know_is_a_warning() {
    let mut lab = Lab::new(TestDatabase::sqlite().await).await;
    let whole = lab.preflight(&lab.request()).await;
    let longest = whole["longest_row"].as_i64().unwrap();
    let cut = lab.with("/config/data", json!({ "max_length": longest - 1 }));
    assert_eq!(lab.findings(&cut).await, ["warning truncated_rows"]);
    let mixed = [completions(4), pairs(2)].concat();
    let version = lab.dataset("Mixed", &mixed, 0.0).await;
    let request = lab.with("/dataset_version_id", json!(version));
    let found = lab.findings(&request).await;
    assert_eq!(
        found,
        [
            "warning other_rows",
            "warning no_validation_rows",
            "warning dropped_rows"
        ]
    );
    let preflight = lab.preflight(&request).await;
    assert_eq!(
        (&preflight["train_rows"], &preflight["dropped_rows"]),
        (&json!(4), &json!(2))
    );
}

#[tokio::test]
async fn kto_learns_from_answers_with_a_label_and_from_both_sides_of_pairs() {
    let mut lab = Lab::new(TestDatabase::sqlite().await).await;
    let rows = [labelled(8), pairs(4), completions(2)].concat();
    let version = lab.dataset("Thumbs", &rows, 0.25).await;
    let mut request = lab.with("/config/method", json!("kto"));
    request["dataset_version_id"] = json!(version);
    let preflight = lab.preflight(&request).await;
    let findings = preflight["findings"].as_array().unwrap();
    let codes: Vec<_> = findings.iter().map(|one| text(&one["code"])).collect();
    assert_eq!(codes, ["other_rows", "dropped_rows"], "the completions");

    let run = lab.train(&request).await;
    let events = lab.events(&run).await;
    let of_kind = |kind: &'static str| {
        let events = events.iter().map(|event| &event["event"]);
        events.filter(move |event| event["type"] == kind)
    };
    let started = of_kind("started").next().unwrap();
    assert_eq!(started["train_rows"], preflight["train_rows"]);
    assert_eq!(started["total_steps"], preflight["steps"]);
    assert_eq!(started["dropped_rows"], preflight["dropped_rows"]);
    for step in of_kind("step") {
        assert!(step["kl"].as_f64() >= Some(0.0), "{step}");
        assert!(step.get("rewards/accuracies").is_none(), "{step}");
        let rewards = ["rewards/chosen", "rewards/rejected"];
        assert!(rewards.iter().any(|name| step[name].is_f64()), "{step}");
    }
    let tokens: i64 = of_kind("step")
        .map(|step| step["tokens"].as_i64().unwrap())
        .sum();
    assert_eq!(
        json!(tokens),
        json!(2 * preflight["train_tokens"].as_i64().unwrap())
    );
    for evaluation in of_kind("evaluation") {
        assert!(evaluation["validation_loss"].as_f64() > Some(0.0));
        assert!(evaluation["preference"]["kl"].is_f64());
    }

    let ask = json!({ "run": request, "count": 20 });
    let shown = lab
        .client
        .post(&format!("{RUNS}/render"), &ask)
        .await
        .expect(200);
    let mut texts: Vec<_> = shown
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["texts"].as_array().unwrap().len())
        .collect();
    texts.dedup();
    assert!(texts.contains(&1) && texts.contains(&2), "{texts:?}");

    for (topic, value, field) in [
        ("batch", json!({ "size": 1 }), "config.batch.size"),
        (
            "preference",
            json!({ "undesirable_weight": -1.0 }),
            "config.preference.undesirable_weight",
        ),
    ] {
        let mut request = request.clone();
        request["config"][topic] = value;
        let refused = lab.client.post(RUNS, &request).await.expect(422);
        assert_eq!(refused["fields"][0]["field"], field);
    }
}

#[tokio::test]
async fn a_run_is_measured_on_all_rows_of_another_version() {
    let mut lab = Lab::new(TestDatabase::sqlite().await).await;
    let held_out = lab.dataset("Held out", &completions(5), 0.0).await;
    let measured = lab.with("/validation_version_id", json!(held_out));
    let preflight = lab.preflight(&measured).await;
    assert_eq!(
        (&preflight["train_rows"], &preflight["validation_rows"]),
        (&json!(9), &json!(5))
    );
    assert_eq!(preflight["findings"], json!([]));
    let run = lab.train(&measured).await;
    assert!(run["best_validation_loss"].as_f64().unwrap() > 0.0);

    let of_pairs = lab.dataset("Pairs", &pairs(2), 0.0).await;
    let request = lab.with("/validation_version_id", json!(of_pairs));
    assert_eq!(lab.findings(&request).await, ["error no_validation_rows"]);
    let mut twice = measured.clone();
    twice["general_version_id"] = json!(held_out);
    twice["config"]["data"] = json!({ "general_share": 0.1 });
    assert_eq!(
        lab.findings(&twice).await,
        ["warning measured_on_learned_rows"]
    );
    for id in [
        json!(lab.version),
        json!("0193b3c2-7d1e-7a52-9c63-5a1f6b0c9d11"),
    ] {
        let request = lab.with("/validation_version_id", id);
        let path = format!("{RUNS}/preflight");
        let refused = lab.client.post(&path, &request).await.expect(422);
        assert_eq!(refused["fields"][0]["field"], "validation_version_id");
    }
}

#[tokio::test]
async fn nobody_names_files_of_the_server_or_things_of_other_projects() {
    let mut lab = Lab::new(TestDatabase::sqlite().await).await;
    let mut request = lab.with("/config/model", json!("/etc/passwd"));
    request["config"]["adapter"]["initial"] = json!("/tmp");
    let refused = lab.client.post(RUNS, &request).await.expect(422);
    let fields: Vec<_> = refused["fields"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| text(&one["field"]))
        .collect();
    assert_eq!(fields, ["config.model", "config.adapter.initial"]);
    let other = json!({ "name": "Other" });
    lab.client.post("/api/projects", &other).await.expect(201);
    let path = "/api/projects/other/runs/preflight";
    let refused = lab.client.post(path, &lab.request()).await.expect(422);
    assert_eq!(refused["fields"].as_array().unwrap().len(), 2);
    let mut nameless = lab.request();
    nameless["name"] = json!(" ");
    let refused = lab.client.post(RUNS, &nameless).await.expect(422);
    assert_eq!(refused["fields"][0]["field"], "name");
}

#[tokio::test]
async fn rows_are_shown_as_the_model_will_see_them() {
    let mut lab = Lab::new(TestDatabase::sqlite().await).await;
    let path = format!("{RUNS}/render");
    let ask = json!({ "run": lab.request(), "skip": 1, "count": 2 });
    let rows = lab.client.post(&path, &ask).await.expect(200);
    assert_eq!(rows.as_array().unwrap().len(), 2);
    let tokens = rows[0]["texts"][0]["tokens"].as_array().unwrap();
    let said = |learned: bool| -> String {
        let mut said = String::new();
        for token in tokens.iter().filter(|token| token["learned"] == learned) {
            said += token["text"].as_str().unwrap();
        }
        said
    };
    assert!(
        said(false).contains("<|im_start|>user\nQuestion"),
        "{}",
        said(false)
    );
    assert!(said(true).starts_with("Answer"), "{}", said(true));
    assert_eq!(rows[0]["texts"][0]["truncated"], 0);
    let ask = json!({ "run": lab.with("/config/data", json!({ "max_length": 10 })), "count": 1 });
    let rows = lab.client.post(&path, &ask).await.expect(200);
    assert_eq!(rows[0]["texts"][0]["tokens"].as_array().unwrap().len(), 10);
    assert!(rows[0]["texts"][0]["truncated"].as_i64().unwrap() > 0);
    let ask = json!({ "run": lab.request(), "count": 21 });
    lab.client.post(&path, &ask).await.expect(422);
}
