//! A part of a page with a heading of its own.

use leptos::prelude::*;

use crate::browser::unique_id;

/// A section with a heading and, beside it, what can be done with the whole.
#[component]
pub fn Card(
    /// The heading.
    #[prop(into)]
    title: String,
    /// One sentence on what this is.
    #[prop(optional, into)]
    lead: Option<String>,
    /// Buttons and links for the whole.
    #[prop(optional, into)]
    actions: Option<ViewFn>,
    /// The content.
    children: Children,
) -> impl IntoView {
    let id = unique_id("card");
    let labelled_by = id.clone();
    view! {
        <section class="card" aria-labelledby=labelled_by>
            <header class="card__header">
                <div>
                    <h2 class="card__title" id=id>{title}</h2>
                    {lead.map(|lead| view! { <p class="card__lead">{lead}</p> })}
                </div>
                {actions
                    .map(|actions| view! { <div class="card__actions">{move || actions.run()}</div> })}
            </header>
            {children()}
        </section>
    }
}
