//! What setting up and signing in look like: one form in the middle of an otherwise empty page.

use leptos::prelude::*;

use crate::{components::page_header::use_title, frame::Brand};

/// A page outside the frame.
#[component]
pub fn Entrance(
    /// The page's name.
    title: &'static str,
    /// What is asked for and why.
    lead: &'static str,
    /// The form.
    children: Children,
) -> impl IntoView {
    use_title(Signal::stored(title.to_owned()));
    view! {
        <main class="entrance">
            <p class="entrance__brand">
                <Brand />
            </p>
            <div class="entrance__card">
                <h1 class="entrance__title">{title}</h1>
                <p class="entrance__lead">{lead}</p>
                {children()}
            </div>
        </main>
    }
}
