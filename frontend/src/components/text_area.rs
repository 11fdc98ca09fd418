//! Several lines of text.

use leptos::prelude::*;

use super::field::{Field, FieldIds};

/// A labelled text of several lines, which grows with what is written.
#[component]
pub fn TextArea(
    /// A noun.
    #[prop(into)]
    label: String,
    /// The text.
    value: RwSignal<String>,
    /// One sentence: what it is and why.
    #[prop(optional, into)]
    help: Option<String>,
    /// What is wrong with it.
    #[prop(optional, into)]
    error: Signal<Option<String>>,
    /// Whether it may stay empty.
    #[prop(optional)]
    optional: bool,
    /// The lines it shows while empty.
    #[prop(default = 3)]
    rows: u32,
) -> impl IntoView {
    let ids = FieldIds::new(help.is_some());
    let described = ids.clone();
    view! {
        <Field ids=ids.clone() label help error is_optional=optional>
            <textarea
                class="input input--area"
                id=ids.input
                rows=rows
                required=!optional
                aria-invalid=move || error.with(Option::is_some).then_some("true")
                aria-describedby=move || described.described_by(error.with(Option::is_some))
                prop:value=value
                on:input=move |event| value.set(event_target_value(&event))
            ></textarea>
        </Field>
    }
}
