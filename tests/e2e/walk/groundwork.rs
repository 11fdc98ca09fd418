//! What is written before a model is trained: a clause, and a dataset from a file.

use std::fs;

use super::PROJECT;
use crate::harness::Page;

/// A few rows in the form of the sample's own.
const ROWS: &str = include_str!("../../../samples/support_desk_intake/train.jsonl");

/// How many of them are imported.
const COUNT: usize = 12;

/// Edits a clause into the next version of the spec.
pub(super) async fn edit_spec(page: &Page) {
    page.go(&format!("{PROJECT}/spec")).await;
    page.press("Edit into v2").await;
    page.find(".clause__toggle").await.click().await.unwrap();
    page.fill("Rule", "The output is one JSON object and nothing else.")
        .await;
    page.press("Save as v2").await;
    page.see("Spec v2 is saved.").await;
}

/// Imports a file and cuts a version of it.
pub(super) async fn import_rows(page: &Page) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("first-rows.jsonl");
    let rows: Vec<&str> = ROWS.lines().take(COUNT).collect();
    fs::write(&file, rows.join("\n")).unwrap();
    page.go(&format!("{PROJECT}/data")).await;
    page.press("Import a file").await;
    page.choose_file(&file).await;
    page.see("prompts with completions").await;
    page.press("Start the import").await;
    page.see(&format!("{COUNT} rows imported")).await;
    page.press("Look at the draft").await;
    page.press("Cut a version").await;
    page.fill("Held back for validation", "25").await;
    page.press("Cut the version").await;
    page.see("first-rows v1").await;
}
