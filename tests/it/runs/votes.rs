//! Runs that learn from votes of annotators and from margins.

use super::*;
use tests::on_both_databases;

/// Pairs, the first of which has these votes and this margin.
fn judged(votes: &Value, margin: &Value) -> Vec<Value> {
    let mut rows = pairs(8);
    for row in &mut rows[..4] {
        row["votes"] = votes.clone();
        row["margin"] = margin.clone();
    }
    rows
}

on_both_databases! {
    async fn shares_of_votes_are_learned_where_they_are_asked_for(database: TestDatabase) {
        let mut lab = Lab::new(database).await;
        let split = json!({ "chosen": 2, "rejected": 1 });
        let disputed = lab.dataset("Disputed", &judged(&split, &Value::Null), 0.0).await;
        let agreed = lab.dataset("Agreed", &pairs(8), 0.0).await;
        let mut request = lab.request();
        request["dataset_version_id"] = json!(disputed);
        for method in ["dpo", "reward"] {
            request["config"]["method"] = json!(method);
            request["config"]["preference"] = json!({});
            assert!(lab.codes(&request).await.contains(&"split_votes_unused".to_owned()));
            let certain = lab.train(&request).await;
            request["config"]["preference"]["soft_labels"] = json!(true);
            assert!(lab.codes(&request).await.iter().all(|code| !code.contains("votes")));
            let soft = lab.train(&request).await;
            assert_ne!(lab.weights(&soft), lab.weights(&certain), "{method}");
            let mut unanimous = request.clone();
            unanimous["dataset_version_id"] = json!(agreed);
            assert!(lab.codes(&unanimous).await.contains(&"no_split_votes".to_owned()));
        }
        request["config"]["method"] = json!("dpo");
        request["config"]["preference"]["loss"] = json!("robust");
        let refused = lab.client.post(RUNS, &request).await.expect(422);
        assert_eq!(refused["fields"][0]["field"], "config.preference.soft_labels");
    }

    async fn margins_are_asked_of_a_reward_model(database: TestDatabase) {
        let mut lab = Lab::new(database).await;
        let wide = lab.dataset("Wide", &judged(&Value::Null, &json!(0.5)), 0.0).await;
        let plain = lab.dataset("Plain", &pairs(8), 0.0).await;
        let mut request = lab.request();
        for (method, matters) in [("reward", true), ("dpo", false)] {
            request["config"]["method"] = json!(method);
            let mut weights = Vec::new();
            for version in [&wide, &plain] {
                request["dataset_version_id"] = json!(version);
                let run = lab.train(&request).await;
                weights.push(lab.weights(&run));
            }
            assert_eq!(weights[0] != weights[1], matters, "{method}");
        }
    }
}
