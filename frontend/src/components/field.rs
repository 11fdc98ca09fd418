//! What surrounds every input: its label, a sentence that explains it, and what is wrong with it.

use leptos::prelude::*;

use crate::browser::unique_id;

/// The ids that tie an input to its label, its help and its error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldIds {
    /// The input.
    pub input: String,
    help: Option<String>,
    error: String,
}

impl FieldIds {
    /// New ids for one field.
    #[must_use]
    pub fn new(has_help: bool) -> Self {
        let input = unique_id("field");
        Self {
            help: has_help.then(|| format!("{input}-help")),
            error: format!("{input}-error"),
            input,
        }
    }

    /// What describes the input, for `aria-describedby`.
    #[must_use]
    pub fn described_by(&self, has_error: bool) -> Option<String> {
        let error = has_error.then_some(self.error.as_str());
        let ids: Vec<&str> = error.into_iter().chain(self.help.as_deref()).collect();
        (!ids.is_empty()).then(|| ids.join(" "))
    }
}

/// An input with its label, help and error.
#[component]
pub fn Field(
    /// The ids that the input uses too.
    ids: FieldIds,
    /// A noun.
    #[prop(into)]
    label: String,
    /// One sentence: what it is, its default and why.
    help: Option<String>,
    /// What is wrong and what would be right.
    error: Signal<Option<String>>,
    /// Whether it may stay empty.
    is_optional: bool,
    /// The input.
    children: Children,
) -> impl IntoView {
    let FieldIds {
        input,
        help: help_id,
        error: error_id,
    } = ids;
    let message = move || {
        let error_id = error_id.clone();
        error
            .get()
            .map(|error| view! { <p class="field__error" id=error_id>{capital(&error)}</p> })
    };
    view! {
        <div class="field">
            <label class="field__label" for=input>
                {label}
                {is_optional.then(|| view! { <span class="field__optional">" (optional)"</span> })}
            </label>
            {children()}
            {message}
            {help.map(|help| view! { <p class="field__help" id=help_id>{help}</p> })}
        </div>
    }
}

/// The server's sentences follow a field's name; here they stand alone.
fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| {
        format!("{}{}", first.to_uppercase(), letters.as_str())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_input_is_described_by_its_error_first() {
        let ids = FieldIds::new(true);
        let error_then_help = format!("{0}-error {0}-help", ids.input);
        assert_eq!(ids.described_by(true), Some(error_then_help));
        assert_eq!(FieldIds::new(false).described_by(false), None);
    }
}
