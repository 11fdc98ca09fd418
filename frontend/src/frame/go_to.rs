//! Leads on to another address without leaving a trace of this one.

use leptos::prelude::*;
use leptos_router::{NavigateOptions, hooks::use_navigate};

use crate::address::Address;

/// How to navigate so that Back skips the page in view.
#[must_use]
pub fn in_place() -> NavigateOptions {
    NavigateOptions {
        replace: true,
        ..NavigateOptions::default()
    }
}

/// Goes to an address as soon as it is drawn.
#[component]
pub fn GoTo(
    /// Where to.
    #[prop(into)]
    path: String,
) -> impl IntoView {
    use_navigate()(&path, in_place());
}

/// Goes to an address of this application.
#[must_use]
pub fn go_to(address: &Address) -> AnyView {
    view! { <GoTo path=address.to_string() /> }.into_any()
}
