//! The program itself, killed in the middle of a run: started again, it ends with the same adapter
//! as if nothing had happened.

#![expect(clippy::unwrap_used, reason = "a panic is how a test fails")]

mod program;

use std::fs;

use serde_json::{Value, json};

use program::{Program, bring_model, text};

const RUNS: &str = "/api/projects/p/runs";

/// Makes everything that a run needs, and answers the request for one.
async fn set_up(program: &mut Program) -> Value {
    program.set_up().await;
    let project = json!({ "name": "P" });
    program.post("/api/projects", &project).await;
    let body = json!({ "name": "Tiny", "path": "tiny" });
    let base = program.post("/api/projects/p/models", &body).await;
    let body = json!({ "name": "Rows" });
    let dataset = program.post("/api/projects/p/datasets", &body).await;
    let path = format!("/api/projects/p/datasets/{}", text(&dataset["id"]));
    for index in 0..12 {
        let turn = |role: &str, content: String| json!([{ "role": role, "content": content }]);
        let content = json!({
            "kind": "completion",
            "prompt": turn("user", format!("Question {index}?")),
            "completion": turn("assistant", format!("Answer {index}.")),
        });
        let row = json!({ "row": { "content": content, "coverage": "typical" } });
        program.post(&format!("{path}/draft/rows"), &row).await;
    }
    let version = json!({ "validation_share": 0.25 });
    let version = program.post(&format!("{path}/versions"), &version).await;
    json!({
        "name": "desk",
        "base_id": base["id"],
        "dataset_version_id": version["id"],
        "suite_override": "a test of crashes",
        "config": {
            "adapter": { "rank": 4, "dropout": 0.1 },
            "batch": { "size": 1, "epochs": 120.0 },
            "checkpoint": { "every_steps": 10 },
            "evaluation": { "every_steps": 100 },
            "device": "cpu",
            "threads": 1,
        },
    })
}

fn weights(program: &Program, run: &Value) -> Vec<u8> {
    let folder = program.data_dir().join("runs").join(text(&run["id"]));
    fs::read(folder.join("adapter/adapter_model.safetensors")).unwrap()
}

/// The steps that the events of a run tell of.
async fn steps(program: &mut Program, path: &str) -> Vec<i64> {
    let mut steps = Vec::new();
    let mut after = "0".to_owned();
    loop {
        let page = program.get(&format!("{path}/events?after={after}")).await;
        let items = page["items"].as_array().unwrap();
        let told = items.iter().filter(|one| one["event"]["type"] == "step");
        steps.extend(told.map(|one| one["event"]["step"].as_i64().unwrap()));
        match page["next"].as_str() {
            Some(next) => next.clone_into(&mut after),
            None => return steps,
        }
    }
}

#[tokio::test]
async fn a_killed_server_loses_nothing_of_a_run() {
    let folder = tempfile::tempdir().unwrap();
    bring_model(folder.path());
    let mut program = Program::start(folder.path());
    let request = set_up(&mut program).await;
    let run = program.post(RUNS, &request).await;
    let path = format!("{RUNS}/{}", run["number"]);
    let others = format!("{path}/history");
    let has_checkpoint = |history: &Value| {
        let others = history["others"].as_array().unwrap();
        others
            .iter()
            .any(|one| one["event"]["type"] == "checkpoint")
    };
    program.wait_for(&others, has_checkpoint).await;

    program.kill();
    assert!(
        !program
            .data_dir()
            .join("runs")
            .join(text(&run["id"]))
            .join("adapter")
            .exists()
    );
    program.restart();
    program.sign_in().await;
    let has_ended = |run: &Value| !["queued", "running"].contains(&run["state"].as_str().unwrap());
    let killed = program.wait_for(&path, has_ended).await;
    assert_eq!(
        (&killed["state"], &killed["attempt"]),
        (&json!("succeeded"), &json!(2))
    );
    let total = killed["total_steps"].as_i64().unwrap();
    let told = steps(&mut program, &path).await;
    assert_eq!(
        told,
        (1..=total).collect::<Vec<_>>(),
        "each step once, in order"
    );

    let whole = program.post(RUNS, &request).await;
    let path = format!("{RUNS}/{}", whole["number"]);
    let whole = program.wait_for(&path, has_ended).await;
    assert_eq!(
        (&whole["state"], &whole["attempt"]),
        (&json!("succeeded"), &json!(1))
    );
    assert_eq!(weights(&program, &killed), weights(&program, &whole));
    let model = |run: &Value| format!("/api/projects/p/models/{}", text(&run["model_version_id"]));
    let one = program.get(&model(&killed)).await;
    let other = program.get(&model(&whole)).await;
    assert_eq!(one["content_hash"], other["content_hash"]);
}
