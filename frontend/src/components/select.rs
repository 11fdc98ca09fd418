//! One of a few.

use leptos::prelude::*;

use super::field::{Field, FieldIds};

/// Something that can be chosen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice<T> {
    /// What is chosen.
    pub value: T,
    /// Its name for people.
    pub label: String,
}

impl<T> Choice<T> {
    /// A value under a name.
    pub fn new(value: T, label: impl Into<String>) -> Self {
        Self {
            value,
            label: label.into(),
        }
    }
}

/// A labelled list to choose one from.
///
/// The choice is shown as `value` has it, so a change that the server refuses falls back.
#[component]
pub fn Select<T>(
    /// A noun.
    #[prop(into)]
    label: String,
    /// What can be chosen.
    choices: Vec<Choice<T>>,
    /// What is chosen.
    #[prop(into)]
    value: Signal<T>,
    /// What to do with another choice.
    #[prop(into)]
    on_change: Callback<T>,
    /// One sentence: what it is, its default and why.
    #[prop(optional, into)]
    help: Option<String>,
    /// Whether the label is for readers only, as in a table that has a heading for it.
    #[prop(optional)]
    bare: bool,
    /// Whether it can not be changed now.
    #[prop(optional, into)]
    disabled: Signal<bool>,
) -> impl IntoView
where
    T: Clone + PartialEq + Send + Sync + 'static,
{
    let ids = FieldIds::new(help.is_some());
    let values = StoredValue::new(choices.iter().map(|c| c.value.clone()).collect::<Vec<_>>());
    let index = move || values.with_value(|all| all.iter().position(|v| *v == value.get()));
    let change = move |event| {
        let chosen = event_target_value(&event).parse::<usize>().ok();
        let chosen = chosen.and_then(|at| values.with_value(|all| all.get(at).cloned()));
        if let Some(chosen) = chosen {
            on_change.run(chosen);
        }
    };
    let options = choices.into_iter().enumerate();
    let options = options.map(|(at, choice)| {
        view! {
            <option value=at.to_string() selected=move || index() == Some(at)>
                {choice.label}
            </option>
        }
    });
    let bare_label = bare.then(|| label.clone());
    let input = view! {
        <select
            class="input input--select"
            id=ids.input.clone()
            aria-label=bare_label
            aria-describedby=ids.described_by(false)
            disabled=disabled
            prop:value=move || index().map(|at| at.to_string())
            on:change=change
        >
            {options.collect_view()}
        </select>
    };
    if bare {
        input.into_any()
    } else {
        let error = Signal::from(None);
        view! { <Field ids label help error is_optional=false>{input}</Field> }.into_any()
    }
}
