//! A state in one word. Colour is never alone: each tone has its own shape.

use leptos::prelude::*;

/// What a state means to the reader.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tone {
    /// Nothing to note.
    #[default]
    Neutral,
    /// Under way.
    Active,
    /// As wanted.
    Positive,
    /// Needs a look.
    Warning,
    /// Went wrong.
    Negative,
}

impl Tone {
    const fn class(self) -> &'static str {
        match self {
            Self::Neutral => "badge badge--neutral",
            Self::Active => "badge badge--active",
            Self::Positive => "badge badge--positive",
            Self::Warning => "badge badge--warning",
            Self::Negative => "badge badge--negative",
        }
    }

    const fn mark_class(self) -> &'static str {
        match self {
            Self::Neutral => "mark mark--neutral",
            Self::Active => "mark mark--active",
            Self::Positive => "mark mark--positive",
            Self::Warning => "mark mark--warning",
            Self::Negative => "mark mark--negative",
        }
    }

    /// The shape that tells the tone apart without colour.
    const fn path(self) -> &'static str {
        match self {
            Self::Neutral => "M5 2a3 3 0 1 0 0 6 3 3 0 0 0 0-6",
            Self::Active => "M3 2l5 3-5 3z",
            Self::Positive => "m2 5.2 2.2 2.300L8 3",
            Self::Warning => "M5 1.5 9 8.500H1z",
            Self::Negative => "m2.5 2.5 5 5m0-5-5 5",
        }
    }
}

/// The shape of a tone alone, where the word for it stands elsewhere.
#[component]
pub fn Mark(
    /// What it means.
    tone: Tone,
) -> impl IntoView {
    view! {
        <svg class=tone.mark_class() viewBox="0 0 10 10" aria-hidden="true" focusable="false">
            <path d=tone.path() />
        </svg>
    }
}

/// A state: shape and word.
#[component]
pub fn Badge(
    /// What it means.
    #[prop(optional)]
    tone: Tone,
    /// The word.
    #[prop(into)]
    text: String,
) -> impl IntoView {
    view! {
        <span class=tone.class()>
            <Mark tone />
            {text}
        </span>
    }
}
