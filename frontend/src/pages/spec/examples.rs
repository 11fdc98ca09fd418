//! The examples of a clause as a form.

use leptos::prelude::*;
use shared::spec::Example;

use super::draft::{ExampleDraft, ExamplesDraft};
use crate::components::{Button, ButtonKind, Icon};

/// Examples under a heading.
#[must_use]
pub fn examples_form(title: &'static str, list: ExamplesDraft) -> AnyView {
    let add = move |()| list.update(|list| list.push(ExampleDraft::new(&Example::default())));
    view! {
        <fieldset class="group">
            <legend class="field__label">{title}</legend>
            <For each=move || list.get() key=|example| example.id let:example>
                {example_form(list, example)}
            </For>
            <Button kind=ButtonKind::Quiet icon=Icon::Add on_press=add>
                "Add an example"
            </Button>
        </fieldset>
    }
    .into_any()
}

fn example_form(list: ExamplesDraft, example: ExampleDraft) -> AnyView {
    let remove = move |()| list.update(|list| list.retain(|each| each.id != example.id));
    let area = |label: &'static str, value: RwSignal<String>| {
        view! {
            <textarea
                class="input input--area input--low"
                rows="1"
                aria-label=label
                placeholder=label
                prop:value=value
                on:input=move |event| value.set(event_target_value(&event))
            ></textarea>
        }
    };
    view! {
        <div class="example-form">
            {area("What was asked (optional)", example.input)}
            {area("What was answered", example.output)} {area("Why (optional)", example.why)}
            <Button kind=ButtonKind::Quiet on_press=remove>
                "Remove the example"
            </Button>
        </div>
    }
    .into_any()
}
