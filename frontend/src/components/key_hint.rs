//! A key as it is printed on the keyboard.

use leptos::prelude::*;

/// One key, or keys that are held together, such as `Ctrl K`.
#[component]
pub fn KeyHint(
    /// The keys, parted by spaces.
    #[prop(into)]
    keys: String,
) -> impl IntoView {
    let keys: Vec<_> = keys
        .split(' ')
        .map(|key| view! { <kbd class="key">{key.to_owned()}</kbd> })
        .collect();
    view! { <span class="keys">{keys}</span> }
}
