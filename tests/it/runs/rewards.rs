//! Runs that learn from rewards of the answers they draw.

use super::*;
use tests::on_both_databases;

/// A request that draws few short answers.
fn drawing(lab: &Lab) -> Value {
    let mut request = lab.request();
    request["config"]["method"] = json!("grpo");
    request["config"]["batch"] = json!({ "size": 3, "epochs": 1.0 });
    request["config"]["grpo"] = json!({ "answers": 3, "max_new_tokens": 6 });
    request["config"]["evaluation"] = json!({ "generate_rows": 2, "max_new_tokens": 6 });
    request
}

on_both_databases! {
    async fn answers_are_rewarded_by_a_reward_model_and_by_checks(database: TestDatabase) {
        let mut lab = Lab::new(database).await;
        let mut request = lab.request();
        request["dataset_version_id"] = json!(lab.dataset("Pairs", &pairs(8), 0.25).await);
        request["config"]["method"] = json!("reward");
        let reward_model = lab.train(&request).await["model_version_id"].clone();

        let mut request = drawing(&lab);
        request["reward_model_id"] = reward_model;
        request["config"]["evaluation"]["checks"] =
            json!([{ "name": "no json", "type": "valid_json", "negate": true }]);
        let run = lab.train(&request).await;
        assert_eq!(run["total_steps"], 3, "nine rows by three");
        let events = lab.events(&run).await;
        let of = |kind: &str| {
            let events = events.iter().map(|event| &event["event"]);
            events.filter(|event| event["type"] == kind).cloned().collect::<Vec<_>>()
        };
        for step in of("step") {
            for told in ["reward", "reward_std", "entropy", "kl", "completions/mean_length"] {
                assert!(step[told].is_number(), "{told} in {step}");
            }
        }
        let evaluations = of("evaluation");
        assert_eq!(evaluations.len(), 2, "before training and after the epoch");
        for evaluation in &evaluations {
            assert!(evaluation["reward"].is_number(), "{evaluation}");
            assert_eq!(evaluation["checks"]["no json"]["total"], 2);
            assert!(evaluation["samples"][0]["reward"].is_number());
        }
        let path = format!("/api/projects/p/models/{}", text(&run["model_version_id"]));
        assert_eq!(lab.client.get(&path).await.expect(200)["kind"], "adapter");
    }

    async fn a_run_that_nothing_rewards_does_not_start(database: TestDatabase) {
        let mut lab = Lab::new(database).await;
        let refused = lab.client.post(RUNS, &drawing(&lab)).await.expect(422);
        assert_eq!(refused["fields"][0]["field"], "reward_model_id");
        let adapter = lab.train(&lab.request()).await["model_version_id"].clone();
        let mut request = drawing(&lab);
        request["reward_model_id"] = adapter;
        let refused = lab.client.post(RUNS, &request).await.expect(422);
        assert_eq!(refused["fields"][0]["field"], "reward_model_id", "it answers, and scores nothing");
        request["reward_model_id"] = Value::Null;
        request["config"]["evaluation"]["checks"] = json!([{ "name": "a", "type": "refusal" }]);
        request["config"]["grpo"]["checks_weight"] = json!(0.0);
        let refused = lab.client.post(RUNS, &request).await.expect(422);
        assert_eq!(refused["fields"][0]["field"], "reward_model_id");
        request["config"]["grpo"] = json!({ "answers": 1, "max_new_tokens": 6 });
        let refused = lab.client.post(RUNS, &request).await.expect(422);
        assert_eq!(refused["fields"][0]["field"], "config.grpo.answers");
        request["config"]["grpo"] = json!({ "iterations": 65, "max_new_tokens": 6 });
        let refused = lab.client.post(RUNS, &request).await.expect(422);
        assert_eq!(refused["fields"][0]["field"], "config.grpo.iterations");
        assert!(text(&refused["fields"][0]["message"]).contains("from 1 to 64"));
    }
}
