//! A window over the page. The browser's own `dialog` keeps the focus inside, closes on Escape and
//! gives the focus back.

use leptos::{html, prelude::*};

use super::{button::IconButton, icon::Icon};
use crate::browser::unique_id;

/// How wide a dialog is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DialogSize {
    /// A question, or a form of a few fields.
    #[default]
    Small,
    /// A list.
    Wide,
}

impl DialogSize {
    const fn class(self) -> &'static str {
        match self {
            Self::Small => "dialog",
            Self::Wide => "dialog dialog--wide",
        }
    }
}

/// A dialog that is there while `open` is true. Its content is made anew each time.
#[component]
pub fn Dialog(
    /// Whether it is open.
    open: RwSignal<bool>,
    /// What it is about.
    #[prop(into)]
    title: Signal<String>,
    /// How wide it is.
    #[prop(optional)]
    size: DialogSize,
    /// The content.
    children: ChildrenFn,
) -> impl IntoView {
    let title_id = unique_id("dialog");
    let dialog = use_modal(open);
    let heading = title_id.clone();
    let content = move || {
        let (heading, children) = (heading.clone(), children.clone());
        open.get().then(move || {
            view! {
                <header class="dialog__header">
                    <h2 class="dialog__title" id=heading>{title}</h2>
                    <IconButton
                        icon=Icon::Close
                        label="Close"
                        on_press=move |()| open.set(false)
                    />
                </header>
                <div class="dialog__body">{children()}</div>
            }
        })
    };
    view! {
        <dialog
            class=size.class()
            node_ref=dialog
            aria-labelledby=title_id
            on:close=move |_| open.set(false)
        >
            {content}
        </dialog>
    }
}

/// Keeps a `dialog` element open, with all else out of reach, while a signal is true.
#[must_use]
pub fn use_modal(open: RwSignal<bool>) -> NodeRef<html::Dialog> {
    let dialog = NodeRef::<html::Dialog>::new();
    Effect::new(move |_| {
        let wanted = open.get();
        let Some(dialog) = dialog.get() else {
            return;
        };
        if wanted && !dialog.open() {
            // It fails only for an element that is not in the document.
            let _ = dialog.show_modal();
        } else if !wanted && dialog.open() {
            dialog.close();
        }
    });
    dialog
}
