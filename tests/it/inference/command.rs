//! `temper evaluate`: the same answers and verdicts without a server.

use std::{fs, path::Path};

use clap::Parser;
use serde_json::{Value, json};
use server::cli::Cli;
use tempfile::TempDir;

use super::{FIXTURES, evaluations::suite};

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
