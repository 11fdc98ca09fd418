//! What went wrong, where a list or a page should be.

use leptos::prelude::*;

use super::{
    button::Button,
    icon::{Icon, IconView},
};

/// Something that went wrong, in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// What, in a few words.
    pub title: String,
    /// Where, and what to do.
    pub detail: String,
    /// Names the request in the server's log.
    pub request_id: Option<String>,
    /// Whether trying again may help.
    pub may_retry: bool,
}

impl Problem {
    /// Title and detail in one line.
    #[must_use]
    pub fn text(&self) -> String {
        format!("{}. {}", self.title, self.detail)
    }
}

/// Shows a problem, and a retry where it may help.
#[component]
pub fn ProblemView(
    /// What went wrong.
    problem: Problem,
    /// Tries again.
    #[prop(optional, into)]
    on_retry: Option<Callback<()>>,
) -> impl IntoView {
    let retry = on_retry.filter(|_| problem.may_retry).map(|on_retry| {
        view! { <Button icon=Icon::Retry on_press=on_retry>"Try again"</Button> }
    });
    let request = problem.request_id.map(|id| {
        view! { <p class="problem__request">"Request " <code>{id}</code></p> }
    });
    view! {
        <div class="problem" role="alert">
            <IconView icon=Icon::Warning />
            <div class="problem__body">
                <p class="problem__title">{problem.title}</p>
                <p class="problem__detail">{problem.detail}</p>
                {request}
                {retry}
            </div>
        </div>
    }
}
