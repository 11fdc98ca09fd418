//! Puts a text on the clipboard.

use leptos::{prelude::*, task::spawn_local};

use super::{
    button::{Button, ButtonKind},
    icon::Icon,
};
use crate::browser;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Outcome {
    NotYet,
    Copied,
    Refused,
}

/// A button that copies, and says whether it did.
#[component]
pub fn CopyButton(
    /// What to copy.
    #[prop(into)]
    text: Signal<String>,
) -> impl IntoView {
    let outcome = RwSignal::new(Outcome::NotYet);
    let press = move |()| {
        let text = text.get_untracked();
        spawn_local(async move {
            let copied = browser::copy(&text).await;
            let _ = outcome.try_set(if copied {
                Outcome::Copied
            } else {
                Outcome::Refused
            });
        });
    };
    let word = move || match outcome.get() {
        Outcome::NotYet => "Copy",
        Outcome::Copied => "Copied",
        Outcome::Refused => "Select it and copy by hand",
    };
    view! {
        <Button kind=ButtonKind::Quiet icon=Icon::Copy on_press=press>
            <span aria-live="polite">{word}</span>
        </Button>
    }
}
