//! What the model answered at an evaluation, with the verdicts of the checks.

use leptos::prelude::*;
use shared::{check::CheckResult, training::Sample};

use super::story::Story;
use crate::components::{
    Badge, Card, Choice, EmptyState, ModelText, Select, Tone, text_diff::text_diff,
};

/// The samples of an evaluation, the newest one first.
#[component]
pub fn Samples(
    /// What the run has told.
    story: RwSignal<Story>,
) -> impl IntoView {
    // Nothing chosen follows the newest.
    let chosen = RwSignal::new(None::<usize>);
    let steps = Memo::new(move |_| {
        story.with(|story| {
            let with_samples = story
                .evaluations
                .iter()
                .filter(|one| !one.samples.is_empty());
            with_samples
                .map(|one| (one.step, one.best))
                .collect::<Vec<_>>()
        })
    });
    let at = move || {
        chosen
            .get()
            .or_else(|| steps.with(|steps| steps.last().map(|one| one.0)))
    };
    let pick = move || {
        let mut choices = vec![Choice::new(None, "The newest")];
        let known = steps.get();
        choices.extend(known.iter().rev().map(|(step, best)| {
            let best = if *best { ", best when made" } else { "" };
            Choice::new(Some(*step), format!("After step {step}{best}"))
        }));
        let change = move |step| chosen.set(step);
        view! { <Select label="Evaluation" choices value=chosen on_change=change /> }
    };
    let list = move || {
        let step = at();
        let (now, before) = story.with(|story| {
            let at = story
                .evaluations
                .iter()
                .position(|one| Some(one.step) == step);
            let now = at.map(|at| story.evaluations[at].samples.clone());
            let before = at.and_then(|at| at.checked_sub(1));
            let before = before.map(|at| story.evaluations[at].samples.clone());
            (now.unwrap_or_default(), before.unwrap_or_default())
        });
        let samples = now.into_iter().map(|now| {
            let before = before.iter().find(|old| old.prompt == now.prompt);
            let before = before.filter(|old| old.output != now.output);
            sample(&now, before.map(|old| old.output.clone()))
        });
        samples.collect::<Vec<_>>()
    };
    let content = move || {
        if steps.with(Vec::is_empty) {
            let text = "Set how many rows are answered at each evaluation, under Evaluation, to see here what the model says while it learns.";
            return view! { <EmptyState title="No samples" text /> }.into_any();
        }
        view! {
            {pick}
            <ol class="samples">{list}</ol>
        }
        .into_any()
    };
    view! {
        <Card title="Samples" lead="What the model answers to rows that it does not learn from.">
            {content}
        </Card>
    }
}

fn sample(sample: &Sample, before: Option<String>) -> AnyView {
    let Sample {
        prompt,
        output,
        expected,
        reward,
        checks,
    } = sample.clone();
    let reward = reward.map(|reward| {
        view! { <p class="note">{format!("Reward {reward:.3}")}</p> }
    });
    let answer = match before {
        Some(before) => view! {
            <p class="note">"What changed since the evaluation before:"</p>
            {text_diff(&before, &output)}
        }
        .into_any(),
        None => view! { <ModelText text=Signal::stored(output) /> }.into_any(),
    };
    view! {
        <li class="sample">
            <p class="sample__prompt">{prompt}</p>
            {answer}
            {reward}
            <ul class="sample__checks">{checks.iter().map(check).collect::<Vec<_>>()}</ul>
            {folded("Expected", expected)}
        </li>
    }
    .into_any()
}

fn folded(title: &'static str, text: String) -> AnyView {
    view! {
        <details class="sample__folded">
            <summary>{title}</summary>
            <ModelText text=Signal::stored(text) />
        </details>
    }
    .into_any()
}

fn check(result: &CheckResult) -> AnyView {
    let tone = if result.passed {
        Tone::Positive
    } else {
        Tone::Negative
    };
    let (name, detail) = (result.name.clone(), result.detail.clone());
    view! {
        <li>
            <Badge tone text=name />
            <span class="note">{detail}</span>
        </li>
    }
    .into_any()
}
