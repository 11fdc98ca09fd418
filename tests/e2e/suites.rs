//! A suite is made from a file, and locked.

use crate::harness::in_browser;

const ITEMS: &str = r#"{"id":"a1","input":"Where is my card?","coverage":"typical","expected":"card_arrival"}
{"id":"a2","input":"Where is it?","coverage":"somewhere"}
{"id":"a3","input":"I was charged twice.","coverage":"edge","expected":"double_charge"}
"#;

#[tokio::test]
async fn a_suite_is_made_from_a_file_and_locked() {
    in_browser("suites", async |page, server| {
        let slug = server.load_sample().await;
        page.sign_in().await;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("items.jsonl");
        std::fs::write(&path, ITEMS).unwrap();

        page.go(&format!("/p/{slug}/suites")).await;
        page.press("New suite").await;
        page.choose_file(&path).await;
        page.see("2 items to be held out").await;
        page.see("Line 2 is left out").await;
        page.fill("Name", "Intents").await;
        page.fill("Key", "intents").await;
        page.press("Add a check").await;
        page.fill("Name of the check", "same").await;
        let kind = page.field("Kind of check").await;
        kind.select_by_label("Exact match").await.unwrap();
        page.press("Make the suite").await;
        page.see("Intents v1").await;
        page.see("2 items, not locked yet").await;

        page.press("Lock it").await;
        page.see("From now on nobody can change or delete").await;
        page.take_picture("lock").await;
        page.press("Lock for good").await;
        page.see("2 items, locked").await;
        page.go(&format!("/p/{slug}/suites")).await;
        page.see("Intents").await;
    })
    .await;
}
