//! The loop with a tiny random model: every step is real, and nothing gets better.

use std::path::Path;

use super::{
    DOMAIN, PROJECT,
    figures::Figures,
    groundwork, judge,
    steps::{Teaching, evaluate, report, share},
};
use crate::{harness::in_browser, lab::TINY};

/// Two steps, of rows as long as the model reads.
const SHORT: &[(&str, &str, &str)] = &[
    ("Batch and length", "Max steps", "2"),
    ("Data", "Max length", "256"),
];

/// A run on the imported rows.
const TUNED: Teaching = Teaching {
    name: "tuned",
    method: "Imitate answers",
    data: "first-rows 1",
    decisions: &[("Prompt", "Short 1")],
    settings: SHORT,
};

/// Preference tuning of that on the judged pairs, measured on held-out ones.
const PREFERRED: Teaching = Teaching {
    name: "preferred",
    method: "Prefer the better answer",
    data: "Judged plans 1",
    decisions: &[
        ("Prompt", "Short 1"),
        ("Go on from", "tuned 1"),
        ("Measured on", "Held-out pairs 1"),
    ],
    settings: SHORT,
};

#[tokio::test]
async fn the_loop_with_a_tiny_model() {
    in_browser("walk", async |page, server| {
        let base = server.load_sample_with(Path::new(TINY)).await;
        page.sign_in().await;
        page.see("Evaluate the base model with your best prompt")
            .await;
        page.take_picture("home").await;
        groundwork::edit_spec(page).await;
        groundwork::import_rows(page).await;
        let mut figures = Figures::start("walk-tiny.md");
        judge::sixty_pairs(page, &mut figures).await;

        evaluate(page, &mut figures, &base, "Short 1", DOMAIN, 4).await;
        TUNED.run(page, &mut figures).await;
        evaluate(page, &mut figures, "tuned 1", "Short 1", DOMAIN, 4).await;
        page.press("2. tuned 1").await;
        page.see("Failures by category").await;
        page.take_picture("evaluation").await;
        let prompts = Some(("Short 1", "Short 1"));
        let made = report(page, "First tuned model", (&base, "tuned 1"), prompts).await;
        assert!(!made.summary.passed, "two steps meet no goal");
        page.see("tuned 1 should not replace").await;
        share(page, "First tuned model").await;

        let accuracy = PREFERRED.run(page, &mut figures).await;
        assert!(
            accuracy.is_some(),
            "reward accuracy is measured on held-out pairs"
        );
        page.go(&format!("{PROJECT}/models")).await;
        page.see("none is in production").await;
        page.take_picture("models").await;
        page.press("preferred 1").await;
        page.see("For other programs").await;
        page.press("Make: GGUF Q8_0").await;
        page.see("Same next token after").await;
        page.press("Remove GGUF Q8_0").await;
        page.see("Its file is removed from the server").await;
        page.take_picture("model").await;
    })
    .await;
}
