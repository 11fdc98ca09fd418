//! One line of text.

use leptos::{html, prelude::*};

use super::field::{Field, FieldIds};
use crate::browser;

/// What a line holds, so that the browser helps with it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum InputKind {
    /// Any text.
    #[default]
    Text,
    /// The address of the person who signs in.
    OwnEmail,
    /// The address of somebody else.
    Email,
    /// The password of the person who signs in.
    Password,
    /// A password that is being chosen.
    NewPassword,
    /// A code that is typed once.
    Code,
}

impl InputKind {
    const fn input_type(self) -> &'static str {
        match self {
            Self::Text | Self::Code => "text",
            Self::OwnEmail | Self::Email => "email",
            Self::Password | Self::NewPassword => "password",
        }
    }

    const fn autocomplete(self) -> &'static str {
        match self {
            Self::Text | Self::Email => "off",
            Self::OwnEmail => "username",
            Self::Password => "current-password",
            Self::NewPassword => "new-password",
            Self::Code => "one-time-code",
        }
    }

    const fn class(self) -> &'static str {
        match self {
            Self::Code => "input input--code",
            _ => "input",
        }
    }
}

/// A labelled line of text.
#[component]
pub fn TextInput(
    /// A noun.
    #[prop(into)]
    label: String,
    /// The text.
    value: RwSignal<String>,
    /// What it holds.
    #[prop(optional)]
    kind: InputKind,
    /// One sentence: what it is, its default and why.
    #[prop(optional, into)]
    help: Option<String>,
    /// What is wrong with it.
    #[prop(optional, into)]
    error: Signal<Option<String>>,
    /// Whether it may stay empty.
    #[prop(optional)]
    optional: bool,
    /// Whether it takes the focus when it appears.
    #[prop(optional)]
    focused: bool,
) -> impl IntoView {
    let ids = FieldIds::new(help.is_some());
    let input = NodeRef::<html::Input>::new();
    input.on_load(move |input| {
        if focused {
            request_animation_frame(move || {
                let _ = input.focus();
            });
        }
    });
    focus_when_refused(input, error);
    let described = ids.clone();
    view! {
        <Field ids=ids.clone() label help error is_optional=optional>
            <input
                class=kind.class()
                id=ids.input
                node_ref=input
                type=kind.input_type()
                autocomplete=kind.autocomplete()
                autocapitalize=(kind != InputKind::Text).then_some("none")
                spellcheck="false"
                required=!optional
                aria-invalid=move || error.with(Option::is_some).then_some("true")
                aria-describedby=move || described.described_by(error.with(Option::is_some))
                prop:value=value
                on:input=move |event| value.set(event_target_value(&event))
            />
        </Field>
    }
}

/// A refused form puts the person at its first wrong input, once all of them are marked.
fn focus_when_refused(input: NodeRef<html::Input>, error: Signal<Option<String>>) {
    Effect::new(move |_| {
        if error.with(Option::is_none) {
            return;
        }
        request_animation_frame(move || {
            let form = input.get_untracked().and_then(|input| input.form());
            if let Some(form) = form {
                browser::focus_in(&form, "[aria-invalid=true]");
            }
        });
    });
}
