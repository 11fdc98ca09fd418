//! A run from the form to its end, with a reload in the middle of its live curves.

use fantoccini::Locator;

use crate::{
    harness::in_browser,
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
