//! Parts of one page. The tab is in the address, so they are links.

use leptos::prelude::*;

/// One part.
#[derive(Clone, Debug)]
pub struct Tab {
    /// A noun.
    pub label: &'static str,
    /// Its address.
    pub href: String,
    /// Whether it is in view.
    pub is_current: Signal<bool>,
}

/// Links to the parts of a page.
#[component]
pub fn Tabs(
    /// What the parts are of, for readers.
    #[prop(into)]
    label: String,
    /// The parts.
    tabs: Vec<Tab>,
) -> impl IntoView {
    let links = tabs.into_iter().map(|tab| {
        let current = move || tab.is_current.get().then_some("page");
        view! {
            <a class="tabs__tab" href=tab.href aria-current=current>
                {tab.label}
            </a>
        }
    });
    view! {
        <nav class="tabs" aria-label=label>
            {links.collect_view()}
        </nav>
    }
}
