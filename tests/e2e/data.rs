//! A file becomes a dataset, and the dataset a version.

use std::fmt::Write as _;

use crate::harness::in_browser;

/// Good rows with a broken one between them, on line 4.
fn file() -> String {
    let mut text = String::new();
    for number in 1..=12 {
        if number == 4 {
            text.push_str("{\"prompt\": \"cut off\n");
        } else {
            let _ = writeln!(
                text,
                r#"{{"prompt":"Question {number}?","completion":"Answer {number}.","category":"card"}}"#
            );
        }
    }
    text
}

#[tokio::test]
async fn a_file_with_a_bad_row_is_imported_and_cut_into_a_version() {
    in_browser("import", async |page, server| {
        let slug = server.load_sample().await;
        page.sign_in().await;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("questions.jsonl");
        std::fs::write(&path, file()).unwrap();

        page.go(&format!("/p/{slug}/data")).await;
        page.press("Import a file").await;
        page.choose_file(&path).await;
        page.see("prompts with completions").await;
        page.see("Question 1?").await;
        choose(page, "Use of category", "Clauses").await;
        page.see("columns as you chose them").await;
        choose(page, "Use of category", "Tags").await;
        page.take_picture("preview").await;

        page.press("Start the import").await;
        page.see("11 rows imported, 1 record was rejected").await;
        page.see("Rejected records").await;
        page.find("td[data-label='Why']").await;
        page.take_picture("report").await;

        page.press("Look at the draft").await;
        page.see("11 rows in the draft").await;
        page.press("Cut a version").await;
        page.fill("Note", "The first questions").await;
        page.press("Cut the version").await;
        page.see("This never changes.").await;
        page.see("The first questions").await;
        page.see("questions v1").await;
    })
    .await;
}

/// Chooses in a list that has its name for readers only.
async fn choose(page: &crate::harness::Page, name: &str, choice: &str) {
    let list = page.find(&format!("select[aria-label='{name}']")).await;
    list.select_by_label(choice).await.unwrap();
}
