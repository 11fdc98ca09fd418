//! Where a list has nothing yet: what belongs here, and the first step.

use leptos::prelude::*;

/// Says what belongs here and offers the first step.
#[component]
pub fn EmptyState(
    /// What is not there, such as "No projects yet".
    #[prop(into)]
    title: String,
    /// What belongs here, in one sentence.
    #[prop(into)]
    text: String,
    /// The first step.
    #[prop(optional)]
    children: Option<Children>,
) -> impl IntoView {
    view! {
        <div class="empty">
            <p class="empty__title">{title}</p>
            <p class="empty__text">{text}</p>
            {children.map(|children| view! { <div class="empty__action">{children()}</div> })}
        </div>
    }
}
