//! A pair to be judged: what was asked, and the two responses, of equal width and type.

use leptos::prelude::*;
use shared::message::{Message, Speaker};

use super::desk::Desk;
use crate::{components::ModelText, words::count};

/// The pair in view.
#[component]
pub fn PairView(
    /// The desk it lies on.
    desk: Desk,
) -> impl IntoView {
    let side = RwSignal::new("left");
    // A phone shows one response at a time; a new pair begins with the left one.
    Effect::new(move |_| {
        desk.shown.track();
        side.set("left");
    });
    let prompt = move || {
        let messages = desk
            .shown
            .with(|task| task.as_ref().map(|task| task.messages.clone()));
        prompt(&messages.unwrap_or_default())
    };
    let left = text_of(desk, true);
    let right = text_of(desk, false);
    view! {
        <section class="annotate__prompt" aria-label="What was asked">{prompt}</section>
        <div class="annotate__tabs">
            {side_tab(side, "left", "Left response")} {side_tab(side, "right", "Right response")}
        </div>
        <div
            class="annotate__sides"
            data-side=side
            data-painted=move || desk.is_painted.get().to_string()
        >
            <section class="response response--left" aria-labelledby="response-left">
                <h2 class="response__name" id="response-left">"Left"</h2>
                <ModelText text=left />
            </section>
            <section class="response response--right" aria-labelledby="response-right">
                <h2 class="response__name" id="response-right">"Right"</h2>
                <ModelText text=right />
            </section>
        </div>
    }
}

fn text_of(desk: Desk, is_left: bool) -> Memo<String> {
    Memo::new(move |_| {
        desk.shown.with(|task| {
            let task = task.as_ref();
            let text = task.map(|task| if is_left { &task.left } else { &task.right });
            text.cloned().unwrap_or_default()
        })
    })
}

fn side_tab(side: RwSignal<&'static str>, name: &'static str, label: &'static str) -> AnyView {
    view! {
        <button
            class="annotate__tab"
            type="button"
            aria-pressed=move || (side.get() == name).to_string()
            on:click=move |_| side.set(name)
        >
            {label}
        </button>
    }
    .into_any()
}

/// The last turn in full, and what came before it folded.
fn prompt(messages: &[Message]) -> AnyView {
    let Some((last, earlier)) = messages.split_last() else {
        return view! { <p class="note">"Nothing was asked: judge the responses as they are."</p> }
            .into_any();
    };
    let folded = (!earlier.is_empty()).then(|| {
        let summary = format!("{} before this", count(earlier.len(), "turn", "turns"));
        let turns = earlier.iter().map(turn).collect_view();
        view! {
            <details class="annotate__history">
                <summary>{summary}</summary>
                {turns}
            </details>
        }
    });
    view! {
        {folded}
        {turn(last)}
    }
    .into_any()
}

fn turn(message: &Message) -> AnyView {
    let who = match message.role {
        Speaker::System => "Instructions",
        Speaker::User => "Asked",
        Speaker::Assistant => "Answered",
        Speaker::Tool => "Tool",
    };
    let mut text = message.content.clone();
    if !message.other.is_empty() {
        // What came as JSON goes back to it.
        let other = serde_json::to_string_pretty(&message.other).unwrap_or_default();
        text = format!("{text}\n\n```json\n{other}\n```");
    }
    view! {
        <div class="asked">
            <p class="asked__who">{who}</p>
            <ModelText text=Signal::stored(text) />
        </div>
    }
    .into_any()
}
