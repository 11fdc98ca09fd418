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

/// Runs the command that makes a blank model on a corpus of 40 texts in the folder.
async fn make_blank(folder: &Path) -> anyhow::Result<()> {
    let path = |name: &str| folder.join(name).display().to_string();
    let text = |index| json!({ "text": format!("red green blue {index} red green") }).to_string();
    let lines: Vec<String> = (0..40).map(text).collect();
    fs::write(path("corpus.jsonl"), lines.join("\n")).unwrap();
    let (corpus, output) = (path("corpus.jsonl"), path("blank"));
    let mut arguments = vec![
        "temper",
        "blank",
        "--corpus",
        &corpus,
        "--vocabulary",
        "300",
    ];
    arguments.extend(["--hidden-size", "32", "--layers", "2", "--output", &output]);
    Cli::try_parse_from(arguments).unwrap().run().await
}

/// A file of the blank model in the folder.
fn blank(folder: &TempDir, name: &str) -> Value {
    let text = fs::read_to_string(folder.path().join("blank").join(name)).unwrap();
    serde_json::from_str(&text).unwrap()
}

#[tokio::test]
async fn a_blank_model_is_made_with_a_tokenizer_of_its_own() {
    let folder = TempDir::new().unwrap();
    make_blank(folder.path()).await.unwrap();
    let (config, tokenizer) = (
        blank(&folder, "config.json"),
        blank(&folder, "tokenizer.json"),
    );
    assert_eq!(config["hidden_size"], 32);
    // What recurs has become a token, with the space before it.
    let vocabulary = tokenizer["model"]["vocab"].as_object().unwrap();
    assert!(vocabulary.contains_key("Ġred"));
    assert_eq!(config["vocab_size"], vocabulary.len());
}

#[tokio::test]
async fn a_folder_with_files_is_not_written_over() {
    let folder = TempDir::new().unwrap();
    fs::create_dir(folder.path().join("blank")).unwrap();
    fs::write(folder.path().join("blank/precious"), "").unwrap();
    let refused = make_blank(folder.path()).await.unwrap_err();
    assert!(refused.to_string().contains("choose another folder"));
}

#[tokio::test]
async fn a_file_is_not_written_over_either() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("blank");
    fs::write(&file, "precious").unwrap();
    let refused = make_blank(folder.path()).await.unwrap_err();
    assert!(refused.to_string().contains("is no folder"), "{refused}");
    assert_eq!(fs::read_to_string(file).unwrap(), "precious");
}

#[tokio::test]
async fn a_blank_model_takes_its_shape_from_a_file_and_its_tokenizer_from_the_hub() {
    let (hub, _) = hub().await;
    let folder = TempDir::new().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let (config, output) = (path("config.json"), path("blank"));
    let shape = json!({
        "architectures": ["Qwen3ForCausalLM"], "hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 1,
        "num_attention_heads": 2, "num_key_value_heads": 1, "head_dim": 16, "vocab_size": 400,
        "rms_norm_eps": 1e-6, "max_position_embeddings": 64,
    });
    fs::write(&config, shape.to_string()).unwrap();
    let arguments = [
        "blank",
        "--tokenizer",
        "o/tiny",
        "--config",
        &config,
        "--output",
        &output,
    ];
    run(&hub.endpoint(), folder.path(), &arguments)
        .await
        .unwrap();
    let written = fs::read_to_string(folder.path().join("blank/config.json")).unwrap();
    let written: Value = serde_json::from_str(&written).unwrap();
    assert_eq!(
        (&written["model_type"], &written["vocab_size"]),
        (&json!("qwen3"), &json!(400))
    );
}
