//! The second half of the loop in a browser: a locked suite, the baseline, a run, its evaluation,
//! the report, and its link for people without an account.

use fantoccini::Locator;
use serde_json::{Value, json};

use crate::{
    harness::{Page, in_browser},
    lab::{PROJECT, prepare},
};

#[tokio::test]
async fn a_tuned_model_is_compared_with_its_base_and_the_report_is_shared() {
    in_browser("walk", async |page, server| {
        prepare(page, server).await;
        lock_suite(page).await;
        page.go("/p/lab").await;
        page.see("1 suite, 1 locked").await;
        page.take_picture("home").await;
        evaluate(page, "Tiny 1", 1).await;

        page.go("/p/lab/runs/new").await;
        page.fill("Name", "tuned").await;
        page.see("Nothing stands in its way.").await;
        page.press("Start the run").await;
        page.see("Done. The best validation loss is").await;
        evaluate(page, "tuned 1", 2).await;
        page.press("2. tuned 1").await;
        page.see("Failures by category").await;
        page.take_picture("evaluation").await;

        page.go("/p/lab/reports/new").await;
        page.fill("Name", "First tuned model").await;
        page.see("1 suite will be compared: Answers 1.").await;
        page.press("Make the report").await;
        page.see("tuned 1 should not replace Tiny 1").await;
        page.see("How it was computed").await;
        page.take_picture("report").await;

        page.go("/p/lab/models").await;
        page.see("none is in production").await;
        page.take_picture("models").await;
        page.go("/p/lab/reports").await;
        page.press("First tuned model").await;
        share(page).await;
    })
    .await;
}

/// A suite that both models pass or fail alike, so that no improvement can be shown.
async fn lock_suite(page: &Page) {
    let items: Vec<Value> = (0..4)
        .map(|number| {
            json!({ "key": format!("q{number}"), "input": format!("Question {number}?"),
                    "coverage": "typical", "clauses": [] })
        })
        .collect();
    let suite = json!({
        "key": "answers", "name": "Answers", "kind": "domain",
        "pass_rule": { "rule": "all_checks" },
        "checks": [
            { "name": "short", "type": "length", "unit": "characters", "max": 4000 },
            { "name": "json", "type": "valid_json" },
        ],
        "items": items,
    });
    let made = page
        .call("POST", &format!("{PROJECT}/suites"), Some(suite))
        .await;
    let lock = format!("{PROJECT}/suites/{}/lock", made["id"].as_str().unwrap());
    page.call("POST", &lock, Some(json!({}))).await;
}

/// Evaluates the newest model and waits for the answers.
async fn evaluate(page: &Page, model: &str, number: u32) {
    page.go("/p/lab/evaluations/new").await;
    page.see(model).await;
    page.fill("Most tokens of an answer", "8").await;
    page.press("Evaluate").await;
    page.see(&format!("{number}. {model}")).await;
    let path = format!("{PROJECT}/evaluations/{number}");
    page.until("the evaluation is finished", async || {
        page.call("GET", &path, None).await["state"] == "succeeded"
    })
    .await;
    page.see("of 4 (").await;
}

/// Makes a link and reads the report behind it as somebody without an account.
async fn share(page: &Page) {
    page.press("Share").await;
    page.press("Make a link").await;
    page.see("Whoever has this address can read the report")
        .await;
    let code = page.find("dialog .code__text").await;
    let address = code.text().await.unwrap();
    let path = &address[address.find("/share/").unwrap()..];
    page.client().delete_all_cookies().await.unwrap();
    page.go(path.trim()).await;
    page.see("tuned 1 should not replace Tiny 1").await;
    page.take_picture("shared").await;
    let scripts = page
        .client()
        .find_all(Locator::Css("script"))
        .await
        .unwrap();
    assert!(
        scripts.is_empty(),
        "a shared report is a page without script"
    );
}
