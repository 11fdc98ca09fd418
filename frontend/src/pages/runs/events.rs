//! What happened in a run, in plain words, newest first.

use leptos::prelude::*;
use shared::{run::NumberedEvent, training::RunEvent};

use super::{story::Story, words};
use crate::components::{Card, Mark, TimeAgo, Tone};

/// As many are shown; all of them are in the interface for programs.
const SHOWN: usize = 60;

/// The events.
#[component]
pub fn Events(
    /// What the run has told.
    story: RwSignal<Story>,
) -> impl IntoView {
    let rows = move || {
        let events = story.with(|story| {
            let newest = story.others.iter().rev().take(SHOWN);
            newest.cloned().collect::<Vec<_>>()
        });
        events.into_iter().map(row).collect::<Vec<_>>()
    };
    view! {
        <Card title="What happened">
            <ol class="events">{rows}</ol>
        </Card>
    }
}

fn row(event: NumberedEvent) -> AnyView {
    let tone = match &event.event {
        RunEvent::Warning { .. } => Tone::Warning,
        RunEvent::Finished { .. } => Tone::Positive,
        RunEvent::Evaluation(one) if one.best => Tone::Positive,
        RunEvent::Started { .. } => Tone::Active,
        _ => Tone::Neutral,
    };
    view! {
        <li class="events__item">
            <Mark tone />
            <span class="events__text">{words::event(&event.event)}</span>
            <TimeAgo at=event.at />
        </li>
    }
    .into_any()
}
