//! The top of a page: its name, the answer to its question, and what can be done.

use leptos::prelude::*;

/// Name, answer and actions of a page. Also names the tab.
#[component]
pub fn PageHeader(
    /// The page's name.
    #[prop(into)]
    title: Signal<String>,
    /// The answer to the page's question, in one sentence.
    #[prop(optional, into)]
    lead: Option<Signal<String>>,
    /// Buttons and links for the whole page.
    #[prop(optional)]
    children: Option<Children>,
) -> impl IntoView {
    use_title(title);
    let lead = lead.map(|lead| view! { <p class="page-header__lead">{lead}</p> });
    view! {
        <header class="page-header">
            <div class="page-header__text">
                <h1 class="page-header__title">{title}</h1>
                {lead}
            </div>
            {children
                .map(|children| view! { <div class="page-header__actions">{children()}</div> })}
        </header>
    }
}

/// Names the tab after the page.
pub fn use_title(title: Signal<String>) {
    Effect::new(move |_| {
        title.with(|title| document().set_title(&format!("{title} - Temper")));
    });
}
