//! The best of several answers: what is refused, how one is chosen, and what is kept of it.

use serde_json::{Value, json};
use server::cli::Cli;
use shared::model::ModelKind;
use tests::on_both_databases;

use super::{
    Bench,
    chat::{events, said},
    evaluations::suite,
};
use clap::Parser;

impl Bench {
    async fn chat(&mut self, model: &Value, decoding: Value, best_of: Option<Value>) -> Vec<Value> {
        let path = format!(
            "/api/projects/p/models/{}/chat",
            model["id"].as_str().unwrap()
        );
        let mut body = json!({
            "messages": [{ "role": "user", "content": "Who are you?" }], "decoding": decoding,
        });
        if let Some(best_of) = best_of {
            body["best_of"] = best_of;
        }
        events(&self.client.post(&path, &body).await.bytes)
    }
}

fn scores(chosen: &Value) -> Vec<f64> {
    let others = chosen["others"].as_array().unwrap().iter();
    let all = std::iter::once(&chosen["score"]).chain(others.map(|other| &other["score"]));
    all.map(|score| score.as_f64().unwrap()).collect()
}

on_both_databases! {
    async fn a_chat_gives_the_best_and_the_others_with_their_scores(database: TestDatabase) {
        let mut bench = Bench::new(database).await;
        let (base, model) = (bench.model.clone(), bench.adapter().await);
        let judge = bench.reward_model(&base).await;
        let decoding = json!({ "max_new_tokens": 12, "temperature": 1.0, "seed": 3 });
        let best_of = json!({ "answers": 4, "reward_model_id": judge["id"] });
        let told = bench.chat(&model, decoding.clone(), Some(best_of.clone())).await;
        let kinds: Vec<&str> = told.iter().map(|event| event["type"].as_str().unwrap()).collect();
        assert_eq!(&kinds[kinds.len() - 3..], ["text", "chosen", "done"], "{told:?}");
        let (drawing, chosen) = (&told[..told.len() - 3], &told[told.len() - 2]);
        assert!(drawing.len() > 2 && drawing.iter().all(|event| event["type"] == "drawing"));
        let ended: Vec<u64> = drawing.iter().map(|event| event["ended"].as_u64().unwrap()).collect();
        assert!(ended.is_sorted() && ended[0] == 0 && ended[ended.len() - 1] == 4, "{ended:?}");
        let scores = scores(chosen);
        assert_eq!(scores.len(), 4);
        assert!(scores.is_sorted_by(|one, other| one >= other), "{scores:?}");
        // The first draw is what the seed gives when one answer is asked for.
        let alone = said(&bench.chat(&model, decoding.clone(), None).await);
        let others = chosen["others"].as_array().unwrap().iter();
        let texts: Vec<String> = std::iter::once(said(&told))
            .chain(others.map(|other| other["text"].as_str().unwrap().to_owned()))
            .collect();
        assert!(texts.contains(&alone), "{alone} is not among {texts:?}");
        // The same again is the same, scores and all.
        let again = bench.chat(&model, decoding, Some(best_of)).await;
        assert_eq!((said(&again), &again[again.len() - 2]), (said(&told), chosen));
    }

    async fn an_evaluation_judges_the_best_and_keeps_its_score(database: TestDatabase) {
        let mut bench = Bench::new(database).await;
        let (base, model) = (bench.model.clone(), bench.adapter().await);
        let judge = bench.reward_model(&base).await;
        let made = bench.post("suites", &suite(5), 201).await;
        let path = format!("suites/{}/lock", made["id"].as_str().unwrap());
        bench.post(&path, &json!({}), 200).await;
        let plain = json!({
            "model_version_id": model["id"], "suite_id": made["id"],
            "decoding": { "max_new_tokens": 8 },
        });
        bench.post("evaluations", &plain, 201).await;
        let mut several = plain.clone();
        several["decoding"] = json!({ "max_new_tokens": 8, "temperature": 1.0 });
        several["best_of"] = json!({ "answers": 8, "reward_model_id": judge["id"] });
        let made = bench.post("evaluations", &several, 201).await;
        assert_eq!((&made["request"]["best_of"], &made["reward_model_name"]),
            (&several["best_of"], &json!("Judge 1")));
        bench.post("evaluations", &several, 201).await;
        bench.start_runner();
        let done = bench.wait_for("evaluations/3", "succeeded").await;
        assert_eq!(done["request"]["best_of"], several["best_of"]);
        let [alone, first, again] =
            [bench.results(1).await, bench.results(2).await, bench.results(3).await];
        assert!(alone.iter().all(|result| result.reward_score.is_none()));
        assert!(first.iter().all(|result| result.reward_score.is_some()));
        for (one, other) in first.iter().zip(&again) {
            assert_eq!((&one.output, one.reward_score), (&other.output, other.reward_score));
        }
        // One model with and without the choice can be compared, with what each was asked for.
        let evaluations = bench.get("evaluations").await;
        let id = |number: usize| evaluations["items"][3 - number]["id"].clone();
        let body = json!({ "name": "Best of 8", "pairs": [{ "baseline": id(1), "candidate": id(2) }] });
        let report = bench.post("reports", &body, 201).await;
        assert_eq!(report["candidate_name"], "Tuned 1 without a prompt, best of 8 by Judge 1");
        assert_eq!(report["baseline_name"], "Tuned 1 without a prompt");
        assert_eq!(report["candidate_best_of"], 8);
        let snapshot = &report["snapshot"];
        assert_eq!(snapshot["candidate"]["choice"]["answers"], 8);
        assert_eq!((&snapshot["decoding"]["temperature"], &snapshot["baseline_decoding"]["temperature"]),
            (&json!(1.0), &json!(0.0)));
        let page = bench.client.get("/api/projects/p/reports/1/page").await;
        let html = String::from_utf8(page.bytes).unwrap();
        assert!(html.contains("best of 8 by Judge 1") && html.contains("one to each input"), "{html}");
        // Neither lets the model alone into production without a reason.
        let body = json!({ "model_version_id": model["id"], "report": 1 });
        bench.post("aliases/production", &body, 422).await;
    }

    async fn what_chooses_nothing_is_refused_by_name(database: TestDatabase) {
        let mut bench = Bench::new(database).await;
        let (base, model) = (bench.model.clone(), bench.adapter().await);
        let judge = bench.reward_model(&base).await;
        let twin = bench.register("Twin").await;
        let stranger = bench.reward_model(&twin).await;
        let warm = json!({ "temperature": 1.0 });
        let by = |answers: u32, judge: &Value| json!({ "answers": answers, "reward_model_id": judge["id"] });
        for (decoding, best_of, field, word) in [
            (&warm, by(1, &judge), "best_of.answers", "2 to 16"),
            (&warm, by(17, &judge), "best_of.answers", "2 to 16"),
            (&json!({}), by(4, &judge), "decoding.temperature", "above 0"),
            (&warm, by(4, &model), "best_of.reward_model_id", "Tuned 1 is no reward model"),
            (&warm, by(4, &stranger), "best_of.reward_model_id", "Judge 2 belongs to the base Twin 1"),
        ] {
            let body = json!({
                "messages": [{ "role": "user", "content": "Hello" }], "decoding": decoding,
                "best_of": best_of,
            });
            let path = format!("models/{}/chat", model["id"].as_str().unwrap());
            let refused = bench.post(&path, &body, 422).await;
            assert_eq!(refused["fields"][0]["field"], field, "{refused}");
            assert!(refused.to_string().contains(word), "{refused}");
        }
        // Weights of its own are a base of its own, whatever they were made from.
        let whole = bench.trained("Whole", ModelKind::Tuned, (3, &base)).await;
        let body = json!({
            "messages": [{ "role": "user", "content": "Hello" }], "decoding": warm,
            "best_of": by(4, &judge),
        });
        let path = format!("models/{}/chat", whole["id"].as_str().unwrap());
        let refused = bench.post(&path, &body, 422).await;
        assert!(refused.to_string().contains("but Whole 1 to Whole 1"), "{refused}");
        // Several answers without anybody who chooses cannot be asked for.
        let body = json!({
            "messages": [{ "role": "user", "content": "Hello" }], "best_of": { "answers": 4 },
        });
        let path = format!("models/{}/chat", model["id"].as_str().unwrap());
        let refused = bench.post(&path, &body, 422).await;
        assert!(refused.to_string().contains("reward_model_id"), "{refused}");
        // A reward model is not asked itself.
        let path = format!("models/{}/chat", judge["id"].as_str().unwrap());
        let body = json!({
            "messages": [{ "role": "user", "content": "Hello" }], "decoding": warm,
            "best_of": by(4, &judge),
        });
        let refused = bench.post(&path, &body, 409).await;
        assert!(refused.to_string().contains("writes none"), "{refused}");
    }
}

#[test]
fn the_command_wants_both_a_number_and_a_reward_model() {
    let parse = |more: &[&str]| {
        let command = [
            "temper", "evaluate", "--model", "m", "--suite", "s", "--output", "o",
        ];
        let refused = Cli::try_parse_from(command.iter().chain(more)).err();
        refused.map(|error| error.to_string()).unwrap_or_default()
    };
    assert!(parse(&["--best-of", "4"]).contains("--reward"));
    assert!(parse(&["--reward", "r"]).contains("--best-of"));
    assert!(parse(&["--best-of", "4", "--reward", "r", "--temperature", "1"]).is_empty());
}
