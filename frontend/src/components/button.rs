//! Buttons, and links that look like them. A button does something, a link goes somewhere.

use leptos::prelude::*;

use super::icon::{Icon, IconView};

/// How much weight a button has. A page has one primary button at most.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ButtonKind {
    /// The one thing to do here.
    Primary,
    /// An ordinary action.
    #[default]
    Secondary,
    /// An action in a row or a bar, without a border.
    Quiet,
    /// An action that takes something away.
    Danger,
}

impl ButtonKind {
    const fn class(self) -> &'static str {
        match self {
            Self::Primary => "button button--primary",
            Self::Secondary => "button",
            Self::Quiet => "button button--quiet",
            Self::Danger => "button button--danger",
        }
    }
}

/// A button. While `pending` it keeps its focus and does nothing.
#[component]
pub fn Button(
    /// Its weight.
    #[prop(optional)]
    kind: ButtonKind,
    /// A drawing before the words.
    #[prop(optional)]
    icon: Option<Icon>,
    /// Whether it sends the form around it.
    #[prop(optional)]
    submit: bool,
    /// Whether what it does is under way.
    #[prop(optional, into)]
    pending: Signal<bool>,
    /// Whether it can not be used now; something near it says why.
    #[prop(optional, into)]
    disabled: Signal<bool>,
    /// A name for readers where the words alone do not say which thing is meant.
    #[prop(optional, into)]
    label: Option<String>,
    /// What it does.
    #[prop(optional, into)]
    on_press: Option<Callback<()>>,
    /// Its words.
    children: Children,
) -> impl IntoView {
    let press = move |_| {
        if let (Some(on_press), false) = (on_press, pending.get_untracked()) {
            on_press.run(());
        }
    };
    view! {
        <button
            class=kind.class()
            type=if submit { "submit" } else { "button" }
            disabled=disabled
            aria-label=label
            aria-busy=move || pending.get().then_some("true")
            aria-disabled=move || pending.get().then_some("true")
            on:click=press
        >
            {icon.map(|icon| view! { <IconView icon /> })}
            {children()}
        </button>
    }
}

/// A link that looks like a button.
#[component]
pub fn LinkButton(
    /// Where it goes.
    #[prop(into)]
    href: String,
    /// Its weight.
    #[prop(optional)]
    kind: ButtonKind,
    /// A drawing before the words.
    #[prop(optional)]
    icon: Option<Icon>,
    /// Its words.
    children: Children,
) -> impl IntoView {
    view! {
        <a class=kind.class() href=href>
            {icon.map(|icon| view! { <IconView icon /> })}
            {children()}
        </a>
    }
}

/// A button that is only a drawing, in a bar or a corner.
#[component]
pub fn IconButton(
    /// What to draw.
    icon: Icon,
    /// What it does, for readers and as a tooltip.
    #[prop(into)]
    label: String,
    /// What it does.
    #[prop(into)]
    on_press: Callback<()>,
) -> impl IntoView {
    view! {
        <button
            class="button button--quiet button--icon"
            type="button"
            title=label.clone()
            aria-label=label
            on:click=move |_| on_press.run(())
        >
            <IconView icon />
        </button>
    }
}
