//! An annotator works through a queue with the keyboard alone, and takes a verdict back.

use serde_json::{Value, json};

use crate::harness::{Page, in_browser};

const PROJECT: &str = "/api/projects/tickets";

#[tokio::test]
async fn a_queue_is_judged_by_keyboard_to_its_end() {
    in_browser("annotate", async |page, _server| {
        let queue = prepare(page).await;
        page.go(&format!("/p/tickets/queues/{queue}/annotate"))
            .await;
        page.see("0 of 3 judged, 0 by you").await;
        page.see("Question 1").await;
        // Markup in a response is text, JSON is set out, Markdown is drawn.
        page.see("<script>window.injected = true</script>").await;
        page.see("\"intent\": \"refund\"").await;
        page.find(".response strong").await;
        page.take_picture("pair").await;
        page.resize(390, 844).await;
        page.take_picture("pair-phone").await;
        page.resize(1440, 900).await;

        press(page, "2").await;
        press_strongly(page, "\u{e012}").await; // arrow to the left
        page.see("Question 2").await;
        page.see("Left is much better").await;
        page.see("1 of 3 judged, 1 by you").await;
        press(page, "t").await;
        page.see("Question 3").await;
        page.see("2 of 3 judged, 2 by you").await;

        press(page, "u").await;
        page.see("Took back: Tie").await;
        page.see("Question 2").await;
        press(page, "b").await;
        page.see("Question 3").await;
        press(page, "\u{e014}").await; // arrow to the right
        page.see("Nothing left for you").await;
        page.take_picture("end").await;

        let path = format!("{PROJECT}/queues/{queue}/judgements");
        let judgements = page.call("GET", &path, None).await;
        let made = judgements["items"].as_array().unwrap();
        let told: Vec<(bool, &str)> = made.iter().map(summary).collect();
        assert_eq!(told.len(), 3, "{judgements}");
        assert!(told[0].0, "the first one was meant strongly");
        assert_eq!(made[0]["clauses"], json!(["two"]));
        assert_eq!(told[1].1, "both_bad", "the tie was taken back");
        assert!(
            made.iter()
                .all(|one| one["elapsed_ms"].as_i64().unwrap() > 0)
        );
    })
    .await;
}

#[tokio::test]
async fn verdicts_without_a_connection_are_kept_and_sent_later() {
    in_browser("offline", async |page, _server| {
        let queue = prepare(page).await;
        page.go(&format!("/p/tickets/queues/{queue}/annotate"))
            .await;
        page.see("Question 1").await;
        page.set_offline(true).await;
        press(page, "t").await;
        page.see("Question 2").await;
        page.see("1 judgement is kept in this browser").await;
        page.take_picture("kept").await;
        page.set_offline(false).await;
        let path = format!("{PROJECT}/queues/{queue}/judgements");
        page.until("the verdict arrives", async || {
            let made = page.call("GET", &path, None).await;
            made["items"].as_array().unwrap().len() == 1
        })
        .await;
        page.see("1 of 3 judged, 1 by you").await;
        // What the browser says of the requests that failed meanwhile.
        page.console_errors().await;
    })
    .await;
}

fn summary(judgement: &Value) -> (bool, &str) {
    (
        judgement["strongly"].as_bool().unwrap(),
        judgement["choice"].as_str().unwrap(),
    )
}

/// Makes the first account through the page, and a queue of three pairs behind it.
pub(crate) async fn prepare(page: &Page) -> String {
    page.set_up().await;
    let project = json!({ "name": "Tickets" });
    page.call("POST", "/api/projects", Some(project)).await;
    let clause = |key: &str, text: &str| json!({ "key": key, "text": text, "kind": "style", "priority": "must" });
    let spec = json!({ "clauses": [clause("one", "Is polite."), clause("two", "Is short.")] });
    page.call("POST", &format!("{PROJECT}/spec/versions"), Some(spec))
        .await;
    let queue = json!({ "name": "First look", "overlap": 1 });
    let queue = page
        .call("POST", &format!("{PROJECT}/queues"), Some(queue))
        .await;
    let queue = queue["id"].as_str().unwrap().to_owned();
    let pair = |number: u32| {
        json!({
            "messages": [
                { "role": "system", "content": "You sort tickets." },
                { "role": "user", "content": format!("Question {number}") },
            ],
            "response_a": "{\"intent\": \"refund\", \"entities\": {\"order\": 7}}",
            "response_b": "It is **urgent**.\n\n<script>window.injected = true</script>",
            "source_a": "model one",
            "source_b": "model two",
        })
    };
    let pairs = json!({ "pairs": [pair(1), pair(2), pair(3)] });
    page.call(
        "POST",
        &format!("{PROJECT}/queues/{queue}/pairs"),
        Some(pairs),
    )
    .await;
    queue
}

/// Presses a key once the pair in view may be judged.
async fn press(page: &Page, key: &str) {
    page.find(".annotate__sides[data-painted=true]").await;
    page.find("body").await.send_keys(key).await.unwrap();
}

/// Presses a key with Shift held.
async fn press_strongly(page: &Page, key: &str) {
    press(page, &format!("\u{e008}{key}")).await;
}
