//! A sentence in a box, in the place that it concerns.

use leptos::prelude::*;

use super::{
    button::{Button, ButtonKind},
    icon::{Icon, IconView},
};

/// What a notice means.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum NoticeKind {
    /// Good to know.
    #[default]
    Info,
    /// Needs a look.
    Warning,
    /// Went wrong.
    Negative,
}

impl NoticeKind {
    const fn class(self) -> &'static str {
        match self {
            Self::Info => "notice",
            Self::Warning => "notice notice--warning",
            Self::Negative => "notice notice--negative",
        }
    }

    const fn icon(self) -> Icon {
        match self {
            Self::Info => Icon::Info,
            Self::Warning | Self::Negative => Icon::Warning,
        }
    }

    /// What went wrong is read out at once, the rest when there is a pause.
    const fn role(self) -> &'static str {
        match self {
            Self::Negative => "alert",
            Self::Info | Self::Warning => "status",
        }
    }
}

/// A sentence that a person should read here and now.
#[component]
pub fn Notice(
    /// What it means.
    #[prop(optional)]
    kind: NoticeKind,
    /// The sentence.
    #[prop(into)]
    text: String,
    /// Tries again.
    #[prop(optional, into)]
    on_retry: Option<Callback<()>>,
) -> impl IntoView {
    let retry = on_retry.map(|on_retry| {
        view! {
            <Button kind=ButtonKind::Quiet icon=Icon::Retry on_press=on_retry>
                "Try again"
            </Button>
        }
    });
    view! {
        <div class=kind.class() role=kind.role()>
            <IconView icon=kind.icon() />
            <p class="notice__text">{text}</p>
            {retry}
        </div>
    }
}
