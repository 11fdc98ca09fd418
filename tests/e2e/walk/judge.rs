//! An annotator who knows the sample project's own verdicts and reads nothing but the page.

use std::time::Instant;

use serde::Deserialize;

use super::{PROJECT, figures::Figures};
use crate::harness::Page;

const PAIRS: &str = include_str!("../../../samples/support_desk_intake/pairs_queue.jsonl");

/// What was asked, and the left and the right response, as they are on the page at one moment,
/// once they may be judged.
const SHOWN: &str = "const is_painted = document.querySelector('[data-painted=true]');
    return is_painted && ['.annotate__prompt', '.response--left .text', '.response--right .text']
        .map((part) => document.querySelector(part).textContent)";

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
    page.go(&format!("{PROJECT}/queues")).await;
    page.press("Which plan is better?").await;
    page.press("Annotate").await;
    let start = Instant::now();
    let mut shown: [String; 3] = Default::default();
    for _ in &pairs {
        shown = next_pair(page, &shown).await;
        let key = better_side(&shown, &pairs);
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

/// Waits for another pair than the last one, on the screen.
async fn next_pair(page: &Page, last: &[String; 3]) -> [String; 3] {
    let mut shown = last.clone();
    page.until("the next pair", async || {
        let texts = page.client().execute(SHOWN, Vec::new()).await.unwrap();
        let Some(texts) = serde_json::from_value::<Option<[String; 3]>>(texts).unwrap() else {
            return false;
        };
        shown = texts.map(|text| plain(&text));
        shown != *last
    })
    .await;
    shown
}

/// The key of the side that the sample's author prefers.
fn better_side([asked, left, right]: &[String; 3], pairs: &[Pair]) -> &'static str {
    for pair in pairs {
        let [chosen, rejected] = [&pair.chosen, &pair.rejected].map(|side| plain(side));
        if !asked.contains(&plain(&pair.prompt)) {
            continue;
        }
        if *left == chosen && *right == rejected {
            return "\u{e012}"; // arrow to the left
        }
        if *right == chosen && *left == rejected {
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
