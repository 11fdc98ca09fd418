//! From one page of a list to the next. The cursor is in the address, so Back works.

use leptos::prelude::*;

use super::{
    button::LinkButton,
    icon::{Icon, IconView},
};

/// Links to the first and the next page; nothing where the whole list is in view.
#[component]
pub fn Pager(
    /// What the list holds, for readers.
    #[prop(into)]
    label: String,
    /// The first page, unless this is it.
    first: Option<String>,
    /// The word for going on, such as "Older".
    next_label: &'static str,
    /// The next page, if there is one.
    next: Option<String>,
) -> impl IntoView {
    (first.is_some() || next.is_some()).then(|| {
        view! {
            <nav class="pager" aria-label=label>
                {first.map(|href| view! { <LinkButton href>"First page"</LinkButton> })}
                {next
                    .map(|href| {
                        view! {
                            <LinkButton href>{next_label} <IconView icon=Icon::Next /></LinkButton>
                        }
                    })}
            </nav>
        }
    })
}
