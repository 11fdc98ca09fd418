//! The loop: what each step holds, and the one thing to do next.

use leptos::prelude::*;
use shared::overview::{NextStep, Overview, StepState, StepSummary};

use crate::{
    address::Address,
    components::{ButtonKind, LinkButton, Mark, Tone},
    frame::CurrentProject,
    remote::{Loaded, Remote},
    words,
};

/// The steps of the loop.
#[component]
pub fn Steps(
    /// Where the project stands.
    overview: Remote<Overview>,
) -> impl IntoView {
    let slug = CurrentProject::expect().slug();
    view! {
        <Loaded remote=overview let:overview>
            {
                let slug = slug.clone();
                move || {
                    let overview = overview.get();
                    let steps = overview.steps.into_iter().map(|summary| step(&slug, summary));
                    let steps = steps.collect_view();
                    let next = overview.next.map(|next| to_do(&slug, next));
                    view! {
                        {next}
                        <ol class="loop" aria-label="The loop">
                            {steps}
                        </ol>
                    }
                }
            }
        </Loaded>
    }
}

fn to_do(slug: &str, next: NextStep) -> AnyView {
    let href = Address::at(slug, next.step.into()).to_string();
    let label = format!("Go to {}", words::step(next.step));
    view! {
        <section class="next" aria-label="Next">
            <p class="next__text">
                <strong>"Next: "</strong>
                {next.sentence}
            </p>
            <LinkButton kind=ButtonKind::Primary href>
                {label}
            </LinkButton>
        </section>
    }
    .into_any()
}

fn step(slug: &str, summary: StepSummary) -> AnyView {
    let href = Address::at(slug, summary.step.into()).to_string();
    let (tone, word) = match summary.state {
        StepState::Empty => (Tone::Neutral, "Not begun"),
        StepState::Open => (Tone::Active, "Open"),
        StepState::Done => (Tone::Positive, "Done"),
    };
    view! {
        <li class="loop__step">
            <a class="loop__link" href=href>
                <span class="loop__name">
                    <Mark tone />
                    <span class="visually-hidden">{word}</span>
                    {words::step(summary.step)}
                </span>
                <span class="loop__summary">{summary.summary}</span>
            </a>
        </li>
    }
    .into_any()
}

/// What the home page says first.
#[must_use]
pub fn answer(overview: &Overview) -> String {
    let production = match &overview.production {
        Some(name) => format!("{name} is in production."),
        None => "Nothing is in production yet.".to_owned(),
    };
    match &overview.verdict {
        Some(verdict) => format!("{production} The newest report: {verdict}"),
        None => production,
    }
}
