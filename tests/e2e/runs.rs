//! A run from the form to its end, with a reload in the middle of its live curves.

use std::{fs, path::Path};

use fantoccini::Locator;
use serde_json::json;

use crate::harness::{Page, Server, in_browser};

const PROJECT: &str = "/api/projects/lab";

/// A small Llama in the form of a Hugging Face folder.
const TINY: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../server/trainer/tests/reference/fixtures/tiny-llama"
);

#[tokio::test]
async fn a_run_is_asked_for_watched_and_found_again_after_a_reload() {
    in_browser("runs", async |page, server| {
        prepare(page, server).await;
        page.go("/p/lab/runs").await;
        page.see("No runs yet").await;
        page.press("New run").await;
        page.fill("Name", "first").await;
        page.fill("Why start without a locked suite", "A trial.")
            .await;
        let topic = Locator::XPath("//summary[contains(., 'Batch')]");
        page.client()
            .find(topic)
            .await
            .unwrap()
            .click()
            .await
            .unwrap();
        page.fill("Epochs", "120").await;
        page.fill("Size", "1").await;
        page.see("2 changed").await;
        page.see("Nothing stands in its way.").await;
        page.take_picture("form").await;
        page.press("Start the run").await;

        page.see("Run 1 first").await;
        page.find(".chart__line path").await;
        page.take_picture("live").await;
        page.client().refresh().await.unwrap();
        page.find(".chart__line path").await;
        page.see("Done. The best validation loss is").await;
        page.see("Handed over the state of step").await;
        page.take_picture("done").await;
        page.resize(390, 844).await;
        page.take_picture("done-phone").await;

        let history = page
            .call("GET", &format!("{PROJECT}/runs/1/history"), None)
            .await;
        let last = history["steps"].as_array().unwrap().last().unwrap();
        let total =
            page.call("GET", &format!("{PROJECT}/runs/1"), None).await["total_steps"].clone();
        assert_eq!(
            last["event"]["step"], total,
            "the curves end where the run ended"
        );
    })
    .await;
}

/// A project with a base model on the server's disk and a version of a few rows.
async fn prepare(page: &Page, server: &Server) {
    page.set_up().await;
    page.call("POST", "/api/projects", Some(json!({ "name": "Lab" })))
        .await;
    let folder = server.app.data_dir.join("models/tiny");
    fs::create_dir_all(&folder).unwrap();
    for entry in fs::read_dir(Path::new(TINY)).unwrap() {
        let entry = entry.unwrap();
        fs::copy(entry.path(), folder.join(entry.file_name())).unwrap();
    }
    let model = json!({ "name": "Tiny", "path": "tiny" });
    page.call("POST", &format!("{PROJECT}/models"), Some(model))
        .await;
    let dataset = page
        .call(
            "POST",
            &format!("{PROJECT}/datasets"),
            Some(json!({ "name": "Rows" })),
        )
        .await;
    let dataset = format!("{PROJECT}/datasets/{}", dataset["id"].as_str().unwrap());
    for number in 0..6 {
        let content = json!({
            "kind": "completion",
            "prompt": [{ "role": "user", "content": format!("Question {number}?") }],
            "completion": [{ "role": "assistant", "content": format!("Answer {number}.") }],
        });
        let row = json!({ "row": { "content": content, "coverage": "typical" } });
        page.call("POST", &format!("{dataset}/draft/rows"), Some(row))
            .await;
    }
    let version = json!({ "validation_share": 0.4 });
    page.call("POST", &format!("{dataset}/versions"), Some(version))
        .await;
}
