//! Commands without a server: the same answers and verdicts, and bases of the hub.

use std::{fs, path::Path};

use clap::Parser;
use serde_json::{Value, json};
use server::cli::Cli;
use tempfile::TempDir;

use super::{FIXTURES, downloads::hub, evaluations::suite};

#[tokio::test]
async fn suites_are_evaluated_without_a_server() {
    let folder = TempDir::new().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let mut description = suite(5);
    let items = description["items"].take();
    let items = items.as_array().unwrap().iter();
    let lines: Vec<String> = items.map(Value::to_string).collect();
    description.as_object_mut().unwrap().remove("items");
    fs::write(path("domain.json"), description.to_string()).unwrap();
    fs::write(path("domain.jsonl"), lines.join("\n")).unwrap();
    let fixture = |name: &str| Path::new(FIXTURES).join(name).display().to_string();
    let (model, adapter) = (fixture("tiny-llama"), fixture("adapter-random"));
    let (suite, output) = (path("domain.json"), path("results.jsonl"));
    let mut arguments = vec![
        "temper",
        "evaluate",
        "--model",
        &model,
        "--adapter",
        &adapter,
    ];
    arguments.extend([
        "--suite",
        &suite,
        "--output",
        &output,
        "--max-new-tokens",
        "6",
    ]);
    arguments.extend(["--limit", "4"]);
    Cli::try_parse_from(arguments).unwrap().run().await.unwrap();

    let written = fs::read_to_string(output).unwrap();
    let results: Vec<Value> = written
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(results.len(), 4);
    assert!(results.iter().all(|result| result["suite"] == "domain"));
    assert_eq!(
        (&results[3]["passed"], &results[3]["categories"]),
        (&json!(false), &json!(["format"]))
    );
    assert_eq!(results[0]["passed"], true);
}

/// Runs a command that may use a hub, and keeps what it downloads in a folder.
async fn run(endpoint: &str, home: &Path, arguments: &[&str]) -> anyhow::Result<()> {
    let home = home.display().to_string();
    let hub = ["--hf-endpoint", endpoint, "--hf-home", &home];
    let arguments = ["temper"].iter().chain(arguments).chain(&hub);
    Cli::try_parse_from(arguments).unwrap().run().await
}

#[tokio::test]
async fn a_run_records_the_commit_of_a_base_from_the_hub() {
    let (hub, commit) = hub().await;
    let folder = TempDir::new().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let row = json!({ "prompt": "a", "completion": "b" }).to_string();
    fs::write(path("rows.jsonl"), format!("{row}\n").repeat(8)).unwrap();
    let config = json!({
        "model": "o/tiny", "data": { "train": path("rows.jsonl") },
        "batch": { "max_steps": 2 }, "adapter": { "rank": 2 },
    });
    fs::write(path("config.json"), config.to_string()).unwrap();
    let (config, output) = (path("config.json"), path("run"));
    let arguments = ["train", "--config", &config, "--output", &output];
    run(&hub.endpoint(), folder.path(), &arguments)
        .await
        .unwrap();
    let record = fs::read(format!("{output}/adapter/adapter_config.json")).unwrap();
    let record: Value = serde_json::from_slice(&record).unwrap();
    assert_eq!(record["base_model_name_or_path"], "o/tiny");
    assert_eq!(record["revision"], commit);
}

#[tokio::test]
async fn a_base_from_the_hub_is_exported() {
    let (hub, commit) = hub().await;
    let folder = TempDir::new().unwrap();
    let output = folder.path().join("merged");
    let (model, to) = (format!("o/tiny@{commit}"), output.display().to_string());
    let arguments = ["export", "--model", &model, "--output", &to];
    run(&hub.endpoint(), folder.path(), &arguments)
        .await
        .unwrap();
    assert!(output.join("model.safetensors").is_file());
    // It is kept where Hugging Face's programs look for it.
    let kept = format!("hub/models--o--tiny/snapshots/{commit}/config.json");
    assert!(folder.path().join(kept).is_file());
}

#[tokio::test]
async fn a_command_that_may_download_nothing_asks_nobody() {
    let (hub, _) = hub().await;
    let folder = TempDir::new().unwrap();
    let arguments = [
        "generate",
        "--model",
        "o/tiny",
        "--prompt",
        "a",
        "--offline",
    ];
    let error = run(&hub.endpoint(), folder.path(), &arguments)
        .await
        .unwrap_err();
    assert!(format!("{error:#}").contains("HF_HUB_OFFLINE"), "{error:#}");
    assert!(hub.take_requests().is_empty());
}

#[tokio::test]
async fn what_is_neither_a_file_nor_a_hub_id_says_what_one_is() {
    let folder = TempDir::new().unwrap();
    let arguments = ["generate", "--model", "no/such/folder", "--prompt", "a"];
    let error = run("http://127.0.0.1:9", folder.path(), &arguments)
        .await
        .unwrap_err();
    let message = format!("{error:#}");
    assert!(
        message.contains("no file or folder no/such/folder"),
        "{message}"
    );
    assert!(message.contains("owner/name"), "{message}");
}
