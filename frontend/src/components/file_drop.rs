//! A place to drop a file, or to choose one.

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{DragEvent, File, HtmlInputElement};

use super::icon::{Icon, IconView};

/// A field for one file.
#[component]
pub fn FileDrop(
    /// What kind of file belongs here.
    #[prop(into)]
    label: String,
    /// What happens with it.
    #[prop(into)]
    help: String,
    /// The endings that the browser offers first, such as `.jsonl,.csv`.
    accept: &'static str,
    /// Takes the file.
    on_file: UnsyncCallback<File>,
) -> impl IntoView {
    let is_over = RwSignal::new(false);
    let choose = move |event: web_sys::Event| {
        let input = event
            .target()
            .and_then(|target| target.dyn_into::<HtmlInputElement>().ok());
        let Some(input) = input else { return };
        if let Some(file) = input.files().and_then(|files| files.get(0)) {
            on_file.run(file);
        }
        // So that the same file can be chosen again after it was changed.
        input.set_value("");
    };
    let over = move |event: DragEvent| {
        event.prevent_default();
        is_over.set(true);
    };
    let drop = move |event: DragEvent| {
        event.prevent_default();
        is_over.set(false);
        let files = event.data_transfer().and_then(|data| data.files());
        if let Some(file) = files.and_then(|files| files.get(0)) {
            on_file.run(file);
        }
    };
    view! {
        <label
            class="drop"
            class=("drop--over", is_over)
            on:dragover=over
            on:dragleave=move |_| is_over.set(false)
            on:drop=drop
        >
            <input class="drop__input" type="file" accept=accept on:change=choose />
            <IconView icon=Icon::Upload />
            <span class="drop__label">{label}</span>
            <span class="drop__help">{help}</span>
        </label>
    }
}
