//! A clause to be read.

use leptos::prelude::*;
use shared::spec::{Clause, Example};

use crate::{
    components::{Badge, Tone, turns::long_text},
    pages::checks::check_list,
    words::material as words,
};

/// A clause with its examples and checks.
#[must_use]
pub fn clause_view(clause: &Clause) -> AnyView {
    let good = examples(Tone::Positive, "Keeps it", &clause.good_examples);
    let bad = examples(Tone::Negative, "Breaks it", &clause.bad_examples);
    let examples = (good.is_some() || bad.is_some()).then(|| {
        view! {
            <div class="turns__sides">
                {good}
                {bad}
            </div>
        }
    });
    let checks = if clause.checks.is_empty() {
        view! { <p class="note">"No automatic check: a person decides."</p> }.into_any()
    } else {
        check_list(&clause.checks)
    };
    let priority = clause.priority;
    view! {
        <div class="line">
            <code class="clause__key">{clause.key.clone()}</code>
            <Badge tone=words::priority_tone(priority) text=words::priority(priority) />
            <span class="chip">{words::clause_kind(clause.kind)}</span>
        </div>
        <p class="prose">{clause.text.clone()}</p>
        {examples}
        {checks}
    }
    .into_any()
}

fn examples(tone: Tone, name: &'static str, examples: &[Example]) -> Option<AnyView> {
    let one = |example: &Example| {
        let input = (!example.input.is_empty()).then(|| {
            view! { <div class="example__input">{long_text(&example.input)}</div> }
        });
        let why =
            (!example.why.is_empty()).then(|| view! { <p class="note">{example.why.clone()}</p> });
        view! {
            <li class="example">
                {input}
                {long_text(&example.output)}
                {why}
            </li>
        }
    };
    let list = examples.iter().map(one).collect_view();
    (!examples.is_empty()).then(|| {
        view! {
            <div class="turns__side">
                <Badge tone text=name />
                <ul class="examples">{list}</ul>
            </div>
        }
        .into_any()
    })
}
