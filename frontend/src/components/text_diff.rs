//! Two texts in one, with what was removed and what was added marked.

use leptos::prelude::*;

use crate::diff::{Change, diff};

/// The difference of two texts.
#[must_use]
pub fn text_diff(before: &str, after: &str) -> AnyView {
    let part = |(change, text): (Change, String)| match change {
        Change::Same => text.into_any(),
        Change::Removed => view! { <del class="diff__removed">{text}</del> }.into_any(),
        Change::Added => view! { <ins class="diff__added">{text}</ins> }.into_any(),
    };
    let parts = diff(before, after).into_iter().map(part).collect_view();
    view! { <p class="turn__text diff">{parts}</p> }.into_any()
}
