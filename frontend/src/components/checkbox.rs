//! A yes or no that takes effect with its form.

use leptos::prelude::*;

use crate::browser::unique_id;

/// A box to tick, with its label and a sentence that explains it.
#[component]
pub fn Checkbox(
    /// What a tick means.
    #[prop(into)]
    label: String,
    /// What follows from it.
    #[prop(optional, into)]
    help: Option<String>,
    /// Whether it is ticked.
    value: RwSignal<bool>,
) -> impl IntoView {
    let id = unique_id("checkbox");
    let help_id = format!("{id}-help");
    let described_by = help.is_some().then(|| help_id.clone());
    view! {
        <div class="checkbox">
            <input
                class="checkbox__box"
                type="checkbox"
                id=id.clone()
                aria-describedby=described_by
                prop:checked=value
                on:change=move |event| value.set(event_target_checked(&event))
            />
            <label class="checkbox__label" for=id>{label}</label>
            {help.map(|help| view! { <p class="checkbox__help" id=help_id>{help}</p> })}
        </div>
    }
}
