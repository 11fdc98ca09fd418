//! Asks before something goes that can not be brought back, and names what will go.

use leptos::prelude::*;

use super::{
    button::{Button, ButtonKind},
    dialog::Dialog,
    notice::{Notice, NoticeKind},
};

/// A question with a button that does it and one that does not.
#[component]
pub fn Confirm(
    /// Whether it is open.
    open: RwSignal<bool>,
    /// The question.
    #[prop(into)]
    title: Signal<String>,
    /// What will go, and what will not.
    #[prop(into)]
    text: Signal<String>,
    /// The verb on the button that does it.
    action: &'static str,
    /// Whether it is under way.
    #[prop(into)]
    pending: Signal<bool>,
    /// Why it did not work.
    #[prop(optional, into)]
    message: Signal<Option<String>>,
    /// Does it.
    #[prop(into)]
    on_confirm: Callback<()>,
) -> impl IntoView {
    let notice = move || {
        message
            .get()
            .map(|text| view! { <Notice kind=NoticeKind::Negative text /> })
    };
    view! {
        <Dialog open title>
            <p class="dialog__text">{text}</p>
            {notice}
            <div class="dialog__actions">
                <Button on_press=move |()| open.set(false)>"Cancel"</Button>
                <Button kind=ButtonKind::Danger pending on_press=on_confirm>{action}</Button>
            </div>
        </Dialog>
    }
}
