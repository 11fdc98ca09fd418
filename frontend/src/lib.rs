//! Temper's pages, rendered in the browser.
//!
//! What must not go in: rules that the server has to enforce, and types of the wire, which are in
//! `shared`.

use leptos::prelude::*;
use wasm_bindgen::prelude::wasm_bindgen;

/// Puts the application into the page. The module's loader calls it.
#[wasm_bindgen(start)]
pub fn main() {
    mount_to_body(App);
}

/// The whole application.
#[component]
pub fn App() -> impl IntoView {
    view! {
        <main>
            <h1>"Temper"</h1>
        </main>
    }
}
