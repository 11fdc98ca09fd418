//! Text that a model or a person wrote, set to be read.

use leptos::{html, prelude::*};

use crate::markdown;

/// Draws a text as what it is: JSON on several lines and coloured, Markdown as such, anything else
/// as it stands.
#[component]
pub fn ModelText(
    /// The text.
    #[prop(into)]
    text: Signal<String>,
) -> impl IntoView {
    let node = NodeRef::<html::Div>::new();
    Effect::new(move |_| {
        if let Some(node) = node.get() {
            text.with(|text| markdown::draw(&node, text));
        }
    });
    view! { <div class="text" node_ref=node></div> }
}
