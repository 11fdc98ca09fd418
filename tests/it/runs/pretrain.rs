//! Continued pretraining on plain texts.

use super::*;
use tests::on_both_databases;

impl Lab {
    /// A run on texts, some of which are longer than a piece.
    async fn reading(&mut self) -> Value {
        let mut request = self.request();
        request["dataset_version_id"] = json!(self.dataset("Corpus", &texts(12), 0.25).await);
        request["config"]["method"] = json!("pretrain");
        request["config"]["data"] = json!({ "max_length": 64 });
        request["config"]["batch"] = json!({ "size": 1, "epochs": 4.0 });
        request
    }

    /// What is said of a run before it starts, and the codes of its findings.
    async fn told(&mut self, request: &Value) -> (Value, Vec<String>) {
        let path = format!("{RUNS}/preflight");
        let told = self.client.post(&path, request).await.expect(200);
        let findings = told["findings"].as_array().unwrap();
        let codes = findings.iter().map(|one| text(&one["code"])).collect();
        (told, codes)
    }
}

fn of_kind<'a>(events: &'a [Value], kind: &'static str) -> impl Iterator<Item = &'a Value> {
    let events = events.iter().map(|event| &event["event"]);
    events.filter(move |event| event["type"] == kind)
}

on_both_databases! {
    async fn a_corpus_is_read_in_packs_and_the_model_can_be_asked(database: TestDatabase) {
        let mut lab = Lab::new(database).await;
        let request = lab.reading().await;
        let (told, codes) = lab.told(&request).await;
        assert_eq!(codes, Vec::<String>::new());
        assert_eq!((&told["train_rows"], &told["truncated_rows"]), (&json!(9), &json!(0)));
        assert!(told["longest_row"].as_i64() > Some(64), "{told}");

        let run = lab.train(&request).await;
        let events = lab.events(&run).await;
        let started = of_kind(&events, "started").next().unwrap();
        assert_eq!(started["total_steps"], told["steps"]);
        let tokens = of_kind(&events, "step").map(|step| step["tokens"].as_i64().unwrap());
        let tokens: Vec<i64> = tokens.collect();
        assert!(tokens.iter().all(|tokens| *tokens <= 64), "{tokens:?}");
        assert_eq!(json!(tokens.iter().sum::<i64>()), json!(4 * told["train_tokens"].as_i64().unwrap()));
        let losses = of_kind(&events, "evaluation").map(|one| one["validation_loss"].as_f64().unwrap());
        let losses: Vec<f64> = losses.collect();
        assert!(losses[losses.len() - 1] < losses[0], "{losses:?}");

        let path = format!("/api/projects/p/models/{}", text(&run["model_version_id"]));
        let model = lab.client.get(&path).await.expect(200);
        assert_eq!(model["kind"], "adapter");
        let chat = json!({ "messages": turn("user", "Hello?"), "max_new_tokens": 4 });
        lab.client.post(&format!("{path}/chat"), &chat).await.expect(200);
    }
}

#[tokio::test]
async fn texts_and_answers_are_mixed_in_with_each_other() {
    let mut lab = Lab::new(TestDatabase::sqlite().await).await;
    let mut reading = lab.reading().await;
    reading["general_version_id"] = json!(lab.version);
    reading["config"]["data"]["general_share"] = json!(0.5);
    let mut answering = lab.request();
    answering["general_version_id"] = reading["dataset_version_id"].clone();
    answering["config"]["data"] = json!({ "general_share": 0.5 });
    for request in [&reading, &answering] {
        let (told, codes) = lab.told(request).await;
        assert_eq!(codes, Vec::<String>::new());
        // Of twelve, three are held back.
        assert_eq!(told["general_rows"], 9);
        let run = lab.train(request).await;
        let events = lab.events(&run).await;
        let started = of_kind(&events, "started").next().unwrap();
        assert_eq!(started["total_steps"], told["steps"]);
    }
    let mut wrong = reading.clone();
    wrong["dataset_version_id"] = json!(lab.version);
    wrong["general_version_id"] = Value::Null;
    wrong["config"]["data"] = json!({});
    let codes = lab.told(&wrong).await.1;
    assert_eq!(codes[0], "wrong_rows");
}

#[tokio::test]
async fn what_plain_texts_and_packs_do_not_allow_is_refused_by_its_field() {
    let mut lab = Lab::new(TestDatabase::sqlite().await).await;
    let reading = lab.reading().await;
    let pairs = lab.dataset("Pairs", &pairs(4), 0.0).await;
    let mut asking = reading.clone();
    asking["config"]["evaluation"] = json!({ "generate_rows": 2 });
    let mut packed = lab.request();
    packed["dataset_version_id"] = json!(pairs);
    packed["config"]["method"] = json!("dpo");
    packed["config"]["data"] = json!({ "packing": true });
    for (request, field, word) in [
        (asking, "config.evaluation.generate_rows", "plain texts"),
        (packed, "config.data.packing", "packed"),
    ] {
        let refused = lab.client.post(RUNS, &request).await.expect(422);
        assert_eq!(refused["fields"][0]["field"], field);
        let message = refused["fields"][0]["message"].as_str().unwrap();
        assert!(message.contains(word), "{message}");
    }
}

#[tokio::test]
async fn fewer_steps_are_made_of_packed_answers() {
    let mut lab = Lab::new(TestDatabase::sqlite().await).await;
    let mut packed = lab.request();
    packed["config"]["data"] = json!({ "packing": true, "max_length": 256 });
    packed["config"]["batch"] = json!({ "size": 1, "epochs": 1.0 });
    let (told, codes) = lab.told(&packed).await;
    assert_eq!(codes, Vec::<String>::new());
    let run = lab.train(&packed).await;
    let events = lab.events(&run).await;
    let started = of_kind(&events, "started").next().unwrap();
    assert_eq!(
        (&started["train_rows"], &started["total_steps"]),
        (&json!(9), &told["steps"])
    );
    assert!(told["steps"].as_i64() < Some(9), "{told}");
    packed["config"]["data"]["packing"] = json!(false);
    assert_eq!(lab.told(&packed).await.0["steps"], 9);
}

#[tokio::test]
async fn a_long_text_is_shown_in_pieces() {
    let mut lab = Lab::new(TestDatabase::sqlite().await).await;
    let mut run = lab.reading().await;
    run["config"]["data"] = json!({ "max_length": 10 });
    let ask = json!({ "run": run, "count": 20 });
    let rows = lab
        .client
        .post(&format!("{RUNS}/render"), &ask)
        .await
        .expect(200);
    let rows = rows.as_array().unwrap();
    let long = rows
        .iter()
        .max_by_key(|row| row["further_pieces"].as_i64())
        .unwrap();
    assert!(long["further_pieces"].as_i64() > Some(0), "{long}");
    let texts = long["texts"].as_array().unwrap();
    assert_eq!(texts.len(), 4);
    for text in texts {
        assert_eq!(text["truncated"], 0);
        let learned = text["tokens"].as_array().unwrap().iter();
        let learned: Vec<_> = learned.map(|token| token["learned"] == true).collect();
        assert_eq!(
            learned,
            [false, true, true, true, true, true, true, true, true, true]
        );
    }
    let pieces = |row: &&Value| row["texts"].as_array().unwrap().len();
    let short = rows.iter().min_by_key(pieces).unwrap();
    let last = short["texts"].as_array().unwrap().last().unwrap();
    let tokens = last["tokens"].as_array().unwrap();
    assert_eq!(tokens.last().unwrap()["text"], "<|im_end|>");
}
