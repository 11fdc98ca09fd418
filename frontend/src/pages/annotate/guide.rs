//! The spec beside the pair: what to judge by, and at once the reasons for a verdict.

use leptos::{html, prelude::*};
use shared::spec::{Clause, Example, Priority};

use super::desk::Desk;
use crate::components::{KeyHint, ModelText};

/// The clauses, each a reason to mark, and a note.
#[component]
pub fn Guide(
    /// The desk.
    desk: Desk,
    /// The clauses of the spec in their order; empty for a queue without one.
    clauses: Vec<Clause>,
    /// The note's field, to be focused by its key.
    note: NodeRef<html::Textarea>,
) -> impl IntoView {
    let lead = if clauses.is_empty() {
        "This queue names no spec. Judge which response you would rather send."
    } else {
        "Mark what decides, before you choose."
    };
    let rows = clauses.into_iter().enumerate();
    let rows = rows
        .map(|(at, clause)| row(desk, at, clause))
        .collect_view();
    let leave = move |event: web_sys::KeyboardEvent| {
        if event.key() == "Escape"
            && let Some(note) = note.get_untracked()
        {
            let _ = note.blur();
        }
    };
    view! {
        <aside class="guide" aria-label="What to judge by">
            <h2 class="guide__title">"Judge by"</h2>
            <p class="note">{lead}</p>
            <ol class="guide__list">{rows}</ol>
            <label class="guide__note">
                <span>"Note " <KeyHint keys="N" /></span>
                <textarea
                    class="input input--area"
                    node_ref=note
                    rows="2"
                    maxlength="2000"
                    placeholder="Only if something needs saying; Esc leaves it"
                    prop:value=desk.note
                    on:input=move |event| desk.note.set(event_target_value(&event))
                    on:keydown=leave
                ></textarea>
            </label>
        </aside>
    }
}

fn row(desk: Desk, at: usize, clause: Clause) -> AnyView {
    let key = StoredValue::new(clause.key);
    let is_marked = move || {
        key.with_value(|key| {
            desk.clauses
                .with(|marked| marked.iter().any(|one| one == key))
        })
    };
    let digit = (at < 9).then(|| view! { <KeyHint keys=(at + 1).to_string() /> });
    let priority = match clause.priority {
        Priority::Must => "Must",
        Priority::Should => "Should",
        Priority::Could => "Could",
    };
    let good = clause.good_examples;
    let bad = clause.bad_examples;
    let has_examples = !good.is_empty() || !bad.is_empty();
    let examples = has_examples.then(|| {
        view! {
            <details class="guide__examples">
                <summary>"Examples"</summary>
                {examples("Keeps it", &good)}
                {examples("Breaks it", &bad)}
            </details>
        }
    });
    view! {
        <li class="guide__item">
            <button
                class="guide__clause"
                type="button"
                aria-pressed=move || is_marked().to_string()
                on:click=move |_| key.with_value(|key| desk.toggle(key))
            >
                {digit}
                <span class="guide__text">
                    <span class="guide__priority">{priority}</span>
                    {clause.text}
                </span>
            </button>
            {examples}
        </li>
    }
    .into_any()
}

fn examples(title: &'static str, examples: &[Example]) -> AnyView {
    let one = |example: &Example| {
        let text = Signal::stored(example.output.clone());
        let asked = (!example.input.is_empty()).then(|| {
            view! { <p class="guide__asked">{example.input.clone()}</p> }
        });
        let why = (!example.why.is_empty()).then(|| {
            view! { <p class="note">{example.why.clone()}</p> }
        });
        view! {
            <div class="guide__example">
                <p class="guide__verdict">{title}</p>
                {asked}
                <ModelText text />
                {why}
            </div>
        }
    };
    examples.iter().map(one).collect_view().into_any()
}
