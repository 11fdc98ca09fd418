//! A run from the form to its end, with a reload in the middle of its live curves; and two runs side
//! by side.

use fantoccini::Locator;
use serde_json::json;

use crate::{
    harness::{Page, in_browser},
    lab::{PROJECT, prepare},
};

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

/// Asks for a run of the only version on the only base, and waits for its end.
async fn run(page: &Page, name: &str, rank: usize) {
    let models = page.call("GET", &format!("{PROJECT}/models"), None).await;
    let datasets = page.call("GET", &format!("{PROJECT}/datasets"), None).await;
    let dataset = datasets[0]["id"].as_str().unwrap();
    let versions = format!("{PROJECT}/datasets/{dataset}/versions");
    let versions = page.call("GET", &versions, None).await;
    let mut models = models.as_array().unwrap().iter();
    let base = models.find(|model| model["kind"] == "base").unwrap();
    let request = json!({
        "name": name,
        "base_id": base["id"],
        "dataset_version_id": versions[0]["id"],
        "suite_override": "A trial.",
        "config": { "batch": { "size": 1, "max_steps": 4 }, "adapter": { "rank": rank } },
    });
    let run = page
        .call("POST", &format!("{PROJECT}/runs"), Some(request))
        .await;
    page.go(&format!("/p/lab/runs/{}", run["number"])).await;
    page.see("Handed over the state of step").await;
}

#[tokio::test]
async fn ticked_runs_are_compared_and_found_again_at_their_address() {
    in_browser("compare-runs", async |page, server| {
        prepare(page, server).await;
        run(page, "narrow", 2).await;
        run(page, "wide", 4).await;
        page.press("Compare with others").await;
        page.see("1 run ticked: 2. Tick another one.").await;
        let first = page.find("input[aria-label='Compare run 1']").await;
        first.click().await.unwrap();
        page.see("2 runs ticked: 2, 1.").await;
        page.press("Compare").await;

        page.see("2 runs; 1 setting differs.").await;
        assert_eq!(page.path().await, "/p/lab/runs/compare?runs=2,1");
        page.see("adapter.rank").await;
        page.client().refresh().await.unwrap();
        page.find(".chart__line--2 path").await;
        page.see("adapter.rank").await;
        page.take_picture("wide").await;
        page.resize(390, 844).await;
        page.take_picture("phone").await;

        page.go("/p/lab/runs/compare?runs=1,9").await;
        page.see("This project has no run 9.").await;
        page.see("Two runs are needed").await;
    })
    .await;
}
