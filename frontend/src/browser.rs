//! The few things that pages need from the browser beyond the document: storage, clipboard, title,
//! clock, focus. Each does nothing, or answers with nothing, where the browser refuses.

use std::cell::Cell;

use leptos::prelude::{document, window};
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::JsFuture;
use web_sys::{Blob, Element, HtmlAnchorElement, HtmlElement, Storage, Url, VisibilityState};

/// Milliseconds since 1970.
#[must_use]
pub fn now_millis() -> f64 {
    js_sys::Date::now()
}

fn storage() -> Option<Storage> {
    window().local_storage().ok().flatten()
}

/// What was stored under a key.
#[must_use]
pub fn stored(key: &str) -> Option<String> {
    storage()?.get_item(key).ok().flatten()
}

/// Stores under a key, or removes what was stored.
pub fn store(key: &str, value: Option<&str>) {
    if let Some(storage) = storage() {
        // A full or forbidden storage loses a preference, nothing else.
        let _ = match value {
            Some(value) => storage.set_item(key, value),
            None => storage.remove_item(key),
        };
    }
}

/// Puts text on the clipboard. False if the browser refuses, as it does without HTTPS.
pub async fn copy(text: &str) -> bool {
    let clipboard = window().navigator().clipboard();
    if clipboard.is_undefined() {
        return false;
    }
    JsFuture::from(clipboard.write_text(text)).await.is_ok()
}

/// Offers a text as a file to be saved. False if the browser refuses.
#[must_use]
pub fn save(name: &str, text: &str) -> bool {
    try_save(name, text).is_some()
}

fn try_save(name: &str, text: &str) -> Option<()> {
    let parts = js_sys::Array::of1(&text.into());
    let blob = Blob::new_with_str_sequence(&parts).ok()?;
    let address = Url::create_object_url_with_blob(&blob).ok()?;
    let link = document().create_element("a").ok()?;
    let link = link.dyn_into::<HtmlAnchorElement>().ok()?;
    link.set_href(&address);
    link.set_download(name);
    link.click();
    // The browser has begun to read it; what it needs it keeps.
    Url::revoke_object_url(&address).ok()
}

/// Whether the tab is in view.
#[must_use]
pub fn is_visible() -> bool {
    document().visibility_state() == VisibilityState::Visible
}

/// Focuses the first element inside another that a selector finds.
pub fn focus_in(around: &Element, selector: &str) {
    let found = around.query_selector(selector).ok().flatten();
    if let Some(element) = found.and_then(|element| element.dyn_into::<HtmlElement>().ok()) {
        // It fails only for an element that cannot have the focus.
        let _ = element.focus();
    }
}

/// Whether a modal dialog is open.
#[must_use]
pub fn has_open_dialog() -> bool {
    matches!(document().query_selector("dialog[open]"), Ok(Some(_)))
}

/// Whether the reader of this tab types on a Mac, where the palette's key is Command.
#[must_use]
pub fn is_mac() -> bool {
    window()
        .navigator()
        .user_agent()
        .is_ok_and(|agent| agent.contains("Mac"))
}

/// An id for an element that no other element has.
#[must_use]
pub fn unique_id(prefix: &str) -> String {
    thread_local! {
        static NEXT: Cell<u32> = const { Cell::new(0) };
    }
    let number = NEXT.with(|next| next.replace(next.get().wrapping_add(1)));
    format!("{prefix}-{number}")
}
