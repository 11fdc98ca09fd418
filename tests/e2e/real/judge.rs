//! An annotator who knows the sample project's own verdicts and reads nothing but the page.

use std::time::Instant;

use serde::Deserialize;

use super::figures::Figures;
use crate::harness::Page;

const PAIRS: &str = include_str!("../../../samples/support_desk_intake/pairs_queue.jsonl");

/// The left and the right response as they are on the page.
const SIDES: &str = "return [...document.querySelectorAll('.response .text')]
    .map((side) => side.textContent)";

#[derive(Deserialize)]
struct Pair {
    prompt: String,
    chosen: String,
    rejected: String,
}

/// Judges the sample's queue by keyboard to its end, and makes a dataset of it.
pub(super) async fn sixty_pairs(page: &Page, figures: &mut Figures) {
    let pairs: Vec<Pair> = PAIRS
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    page.go("/p/support-desk-intake/queues").await;
    page.press("Which plan is better?").await;
    page.press("Annotate").await;
    let start = Instant::now();
    for done in 0..pairs.len() {
        page.see(&format!("{done} of {} judged", pairs.len())).await;
        page.find(".annotate__sides[data-painted=true]").await;
        let key = better_side(page, &pairs).await;
        page.find("body").await.send_keys(key).await.unwrap();
    }
    page.see("Nothing left for you").await;
    page.take_picture("judged").await;
    let seconds = start.elapsed().as_secs_f64();
    let value = format!("{} in {seconds:.0} s, by keyboard", pairs.len());
    figures.tell("Pairs judged", &value);

    page.press("Back to the queues").await;
    page.press("Which plan is better?").await;
    page.press("Make a preference dataset").await;
    page.fill("Dataset", "Judged plans").await;
    page.fill("Held back for validation, percent", "0").await;
    page.press("Make the dataset").await;
    page.see("Version 1 has 60 rows").await;
}

/// The key of the side that the sample's author prefers.
async fn better_side(page: &Page, pairs: &[Pair]) -> &'static str {
    let asked = page.find(".annotate__prompt").await.text().await.unwrap();
    let shown = page.client().execute(SIDES, Vec::new()).await.unwrap();
    let sides: Vec<String> = serde_json::from_value(shown).unwrap();
    let [left, right] = sides.as_slice() else {
        panic!("the page shows {} responses", sides.len());
    };
    let [left, right] = [left, right].map(|side| plain(side));
    for pair in pairs {
        let [chosen, rejected] = [&pair.chosen, &pair.rejected].map(|side| plain(side));
        if !plain(&asked).contains(&plain(&pair.prompt)) {
            continue;
        }
        if left == chosen && right == rejected {
            return "\u{e012}"; // arrow to the left
        }
        if right == chosen && left == rejected {
            return "\u{e014}"; // arrow to the right
        }
    }
    panic!("the page shows no pair of the sample: {left} and {right}");
}

/// A text without what setting it out adds or takes away.
fn plain(text: &str) -> String {
    text.chars()
        .filter(|letter| letter.is_alphanumeric())
        .collect()
}
