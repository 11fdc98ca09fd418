//! A panel that opens under its button: for switching, and for what belongs to the whole page.
//!
//! It closes on Escape, on a press outside, when the focus leaves it, and when a link or button in
//! it that is marked with `data-closes` is used.

use leptos::{html, prelude::*};
use wasm_bindgen::JsCast;
use web_sys::{Element, Node};

use crate::browser::unique_id;

/// The side of the button that the panel keeps to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MenuSide {
    /// Left edges meet.
    #[default]
    Start,
    /// Right edges meet.
    End,
}

impl MenuSide {
    const fn class(self) -> &'static str {
        match self {
            Self::Start => "menu__panel",
            Self::End => "menu__panel menu__panel--end",
        }
    }
}

/// A button with a panel.
#[component]
pub fn Menu(
    /// What it is, for readers.
    #[prop(into)]
    label: String,
    /// Whether it is open.
    open: RwSignal<bool>,
    /// The side that the panel keeps to.
    #[prop(optional)]
    side: MenuSide,
    /// What the button shows.
    #[prop(into)]
    button: ViewFn,
    /// The panel's content.
    children: ChildrenFn,
) -> impl IntoView {
    let root = NodeRef::<html::Div>::new();
    let trigger = NodeRef::<html::Button>::new();
    let panel_id = unique_id("menu");
    let panel = panel_id.clone();
    close_outside(open, root);
    let on_key = move |event: web_sys::KeyboardEvent| {
        if event.key() == "Escape" && open.get_untracked() {
            event.prevent_default();
            open.set(false);
            if let Some(trigger) = trigger.get_untracked() {
                let _ = trigger.focus();
            }
        }
    };
    view! {
        <div class="menu" node_ref=root on:keydown=on_key>
            <button
                class="menu__button"
                type="button"
                node_ref=trigger
                aria-expanded=move || open.get().to_string()
                aria-controls=panel_id
                on:click=move |_| open.update(|open| *open = !*open)
            >
                <span class="visually-hidden">{label} ": "</span>
                {button.run()}
            </button>
            <div
                class=side.class()
                id=panel
                hidden=move || !open.get()
                on:click=move |event| if closes(&event) { open.set(false) }
            >
                {move || open.get().then(|| children())}
            </div>
        </div>
    }
}

/// Whether a press was on something that is done with the menu: a link, or a marked button.
fn closes(event: &web_sys::MouseEvent) -> bool {
    let target = event
        .target()
        .and_then(|target| target.dyn_into::<Element>().ok());
    target.is_some_and(|element| matches!(element.closest("a, [data-closes]"), Ok(Some(_))))
}

/// Closes when the focus or a press goes elsewhere.
fn close_outside(open: RwSignal<bool>, root: NodeRef<html::Div>) {
    let leave = move |target: Option<web_sys::EventTarget>| {
        if !open.get_untracked() {
            return;
        }
        let target = target.and_then(|target| target.dyn_into::<Node>().ok());
        let is_inside = root
            .get_untracked()
            .is_some_and(|root| root.contains(target.as_ref()));
        if !is_inside {
            open.set(false);
        }
    };
    let press = window_event_listener(leptos::ev::pointerdown, move |event| leave(event.target()));
    let focus = window_event_listener(leptos::ev::focusin, move |event| leave(event.target()));
    on_cleanup(move || {
        press.remove();
        focus.remove();
    });
}
