//! A form that is sent by script, so that what was typed stays when the server refuses it.

use leptos::prelude::*;

use super::notice::{Notice, NoticeKind};

/// Inputs that are sent together, by Enter or by the submit button.
#[component]
pub fn Form(
    /// Sends.
    #[prop(into)]
    on_submit: Callback<()>,
    /// What is wrong with the whole.
    #[prop(optional, into)]
    message: Signal<Option<String>>,
    /// The inputs and the buttons.
    children: Children,
) -> impl IntoView {
    let submit = move |event: web_sys::SubmitEvent| {
        event.prevent_default();
        on_submit.run(());
    };
    let notice = move || {
        message
            .get()
            .map(|text| view! { <Notice kind=NoticeKind::Negative text /> })
    };
    view! {
        <form class="form" novalidate=true on:submit=submit>
            {notice}
            {children()}
        </form>
    }
}

/// The row of buttons that ends a form.
#[component]
pub fn FormActions(
    /// The buttons, the one that sends first.
    children: Children,
) -> impl IntoView {
    view! { <div class="form__actions">{children()}</div> }
}
