//! Runs, evaluations and reports, each made by its page and measured by what the API answers.

use std::{fmt::Write as _, time::Duration};

use fantoccini::Locator;
use serde::de::DeserializeOwned;
use serde_json::Value;
use shared::{
    evaluation::Evaluation,
    job::JobState,
    page::Page as ListPage,
    report::Report,
    run::{Run, RunHistory},
    training::{EvaluationMetrics, RunEvent},
};

use super::{API, PROJECT, figures::Figures};
use crate::harness::Page;

/// How long a run or an evaluation may take.
const PATIENCE: Duration = Duration::from_hours(1);

/// A run to be asked for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Teaching {
    pub(super) name: &'static str,
    pub(super) method: &'static str,
    pub(super) data: &'static str,
    /// Further decisions: label and choice.
    pub(super) decisions: &'static [(&'static str, &'static str)],
    /// Changed settings: topic, label and value.
    pub(super) settings: &'static [(&'static str, &'static str, &'static str)],
}

impl Teaching {
    /// Asks for the run, watches it to its end, and answers the reward accuracy on held-out pairs
    /// of what was handed over, if the method has one.
    pub(super) async fn run(self, page: &Page, figures: &mut Figures) -> Option<f64> {
        page.go(&format!("{PROJECT}/runs/new")).await;
        page.tick(self.method).await;
        page.select("From which data", self.data).await;
        page.unfold("Prompt, starting point").await;
        for (label, choice) in self.decisions {
            page.select(label, choice).await;
        }
        for (topic, label, value) in self.settings {
            page.unfold(topic).await;
            page.fill(label, value).await;
        }
        page.fill("Name", self.name).await;
        page.see("Nothing stands in its way").await;
        page.take_picture(&format!("{}-form", self.name)).await;
        page.press("Start the run").await;
        page.until_within(PATIENCE, "the curves begin", async || {
            let path = page.client().find(Locator::Css(".chart__line path")).await;
            path.is_ok()
        })
        .await;
        let path = format!("{API}/runs/{}", number_in_view(page).await);
        wait(page, &path).await;
        page.see("Handed over the state of step").await;
        page.take_picture(&format!("{}-done", self.name)).await;

        let run: Run = get(page, &path).await;
        let history: RunHistory = get(page, &format!("{path}/history")).await;
        let chosen = handed_over(&history);
        figures.tell(
            &format!("Run {}", self.name),
            &story(&run, &history, chosen),
        );
        chosen?.preference?.rewards_accuracies
    }
}

/// The evaluation whose state was handed over.
fn handed_over(history: &RunHistory) -> Option<&EvaluationMetrics> {
    let step = history.others.iter().find_map(|one| match &one.event {
        RunEvent::Finished { adapter_step, .. } => Some(*adapter_step),
        _ => None,
    })?;
    history.others.iter().find_map(|one| match &one.event {
        RunEvent::Evaluation(metrics) if metrics.step == step => Some(metrics),
        _ => None,
    })
}

fn story(run: &Run, history: &RunHistory, chosen: Option<&EvaluationMetrics>) -> String {
    let seconds = history.others.iter().find_map(|one| match &one.event {
        RunEvent::Finished { train_seconds, .. } => Some(*train_seconds),
        _ => None,
    });
    let mut story = format!(
        "{} rows, {} steps in {:.0} s",
        run.preflight.train_rows,
        run.summary.step,
        seconds.unwrap_or_default()
    );
    if let Some(metrics) = chosen {
        let loss = metrics.validation_loss.unwrap_or_default();
        // Writing to a string does not fail.
        let _ = write!(
            story,
            ", validation loss {loss:.3} at step {}",
            metrics.step
        );
        if let Some(metrics) = metrics.preference {
            let (accuracy, margin) = (metrics.rewards_accuracies, metrics.rewards_margins);
            let (accuracy, margin) = (accuracy.unwrap_or_default(), margin.unwrap_or_default());
            let _ = write!(story, ", reward accuracy {accuracy:.3}, margin {margin:.4}");
        }
    }
    story
}

/// Asks some suites of a model with a prompt, and waits for all answers; leaves the list in view.
pub(super) async fn evaluate(
    page: &Page,
    figures: &mut Figures,
    model: &str,
    prompt: &str,
    suites: &[&str],
    most_tokens: u32,
) {
    page.go(&format!("{PROJECT}/evaluations/new")).await;
    page.select("Model", model).await;
    page.select("Prompt", prompt).await;
    let all = page.client().find_all(Locator::Css("fieldset label"));
    for label in all.await.unwrap() {
        let text = label.text().await.unwrap();
        if !suites.iter().any(|suite| text.starts_with(suite)) {
            label.click().await.unwrap();
        }
    }
    page.fill("Most tokens of an answer", &most_tokens.to_string())
        .await;
    let path = format!("{API}/evaluations?limit={}", suites.len());
    let before: ListPage<Evaluation> = get(page, &path).await;
    let before = before.items.first().map_or(0, |newest| newest.number);
    page.press("Evaluate").await;
    page.until_within(PATIENCE, "the evaluations end", async || {
        let newest: ListPage<Evaluation> = get(page, &path).await;
        let made = newest.items.iter().filter(|one| one.number > before);
        let finished = made.filter(|one| {
            assert_ne!(one.state, JobState::Failed, "{}", one.message);
            one.model_name == model && one.state == JobState::Succeeded
        });
        finished.count() == suites.len()
    })
    .await;
    let newest: ListPage<Evaluation> = get(page, &path).await;
    for evaluation in newest.items.iter().rev() {
        let summary = evaluation.summary.as_ref().unwrap();
        let name = format!("{model}, {prompt}, {}", evaluation.suite_name);
        let figure = format!(
            "{} of {} passed, {:.0} tokens of prompt, {:.0} s",
            summary.passed.passed,
            summary.passed.total,
            summary.mean_prompt_tokens,
            summary.seconds
        );
        figures.tell(&name, &figure);
    }
}

/// Compares two models, each without a prompt or with its own.
pub(super) async fn report(
    page: &Page,
    name: &str,
    (baseline, candidate): (&str, &str),
    prompts: Option<(&str, &str)>,
) -> Report {
    let side = |model: &str, prompt: Option<&str>| match prompt {
        Some(prompt) => format!("{model} with the prompt {prompt}"),
        None => format!("{model} without a prompt"),
    };
    page.go(&format!("{PROJECT}/reports/new")).await;
    page.fill("Name", name).await;
    let baseline = side(baseline, prompts.map(|prompts| prompts.0));
    let candidate = side(candidate, prompts.map(|prompts| prompts.1));
    page.select("Baseline", &baseline).await;
    page.select("Candidate", &candidate).await;
    page.see("will be compared").await;
    page.press("Make the report").await;
    page.see("How it was computed").await;
    let number = number_in_view(page).await;
    page.take_picture(&format!("report-{number}")).await;
    get(page, &format!("{API}/reports/{number}")).await
}

/// Shares a report, and reads it as somebody without an account; comes back signed in. Such a
/// page has no script.
pub(super) async fn share(page: &Page, name: &str) {
    page.go(&format!("{PROJECT}/reports")).await;
    page.press(name).await;
    page.press("Share").await;
    page.press("Make a link").await;
    page.see("Whoever has this address can read the report")
        .await;
    let address = page.find("dialog .code__text").await.text().await.unwrap();
    let path = &address[address.find("/share/").unwrap()..];
    page.client().delete_all_cookies().await.unwrap();
    page.go(path.trim()).await;
    page.see("How it was computed").await;
    page.take_picture("shared").await;
    let scripts = page.client().find_all(Locator::Css("script")).await;
    assert!(scripts.unwrap().is_empty(), "a shared report has no script");
    page.sign_in().await;
}

/// The number of the run or the report in view, which its address ends in.
async fn number_in_view(page: &Page) -> String {
    let path = page.path().await;
    path.rsplit('/').next().unwrap().to_owned()
}

async fn get<T: DeserializeOwned>(page: &Page, path: &str) -> T {
    let answer: Value = page.call("GET", path, None).await;
    serde_json::from_value(answer).unwrap()
}

/// Waits for the end of a run.
async fn wait(page: &Page, path: &str) {
    page.until_within(PATIENCE, "the run ends", async || {
        let run: Run = get(page, path).await;
        let state = run.summary.state;
        assert!(
            state.is_open() || state == JobState::Succeeded,
            "the run ended as {state}: {}",
            run.summary.message
        );
        state == JobState::Succeeded
    })
    .await;
}
