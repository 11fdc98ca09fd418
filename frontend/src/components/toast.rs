//! Short news that nobody has to answer, with an undo where something was taken away.

use std::{sync::Arc, time::Duration};

use leptos::prelude::*;

use super::{
    button::{Button, ButtonKind, IconButton},
    icon::{Icon, IconView},
};

/// How long news stays.
const SHORT: Duration = Duration::from_secs(6);

/// How long an undo stays.
const LONG: Duration = Duration::from_secs(15);

#[derive(Clone)]
struct Toast {
    id: u32,
    text: String,
    undo: Option<Arc<dyn Fn() + Send + Sync>>,
    is_problem: bool,
}

/// The news of this tab, shared by context.
#[derive(Clone, Copy)]
pub struct Toasts {
    list: RwSignal<Vec<Toast>>,
    next: StoredValue<u32>,
    /// Whether the pointer or the focus is on the news, so that none goes.
    is_held: RwSignal<bool>,
}

impl std::fmt::Debug for Toasts {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Toasts")
    }
}

impl Toasts {
    /// Makes the news known to all below.
    pub fn provide() {
        provide_context(Self {
            list: RwSignal::new(Vec::new()),
            next: StoredValue::new(0),
            is_held: RwSignal::new(false),
        });
    }

    /// The news that [`Toasts::provide`] made.
    #[must_use]
    pub fn expect() -> Self {
        expect_context()
    }

    /// Something is done.
    pub fn tell(self, text: impl Into<String>) {
        self.push(text.into(), None, false);
    }

    /// Something did not work, and there is no better place to say it.
    pub fn complain(self, text: impl Into<String>) {
        self.push(text.into(), None, true);
    }

    /// Something was taken away, and can be brought back.
    pub fn offer_undo(self, text: impl Into<String>, undo: impl Fn() + Send + Sync + 'static) {
        self.push(text.into(), Some(Arc::new(undo)), false);
    }

    fn push(self, text: String, undo: Option<Arc<dyn Fn() + Send + Sync>>, is_problem: bool) {
        let id = self.next.get_value();
        self.next.set_value(id.wrapping_add(1));
        let stay = if undo.is_some() || is_problem {
            LONG
        } else {
            SHORT
        };
        self.list.update(|list| {
            list.push(Toast {
                id,
                text,
                undo,
                is_problem,
            });
        });
        self.expire(id, stay);
    }

    fn expire(self, id: u32, stay: Duration) {
        set_timeout(
            move || {
                if self.is_held.get_untracked() {
                    self.expire(id, SHORT);
                } else {
                    self.remove(id);
                }
            },
            stay,
        );
    }

    fn remove(self, id: u32) {
        self.list
            .try_update(|list| list.retain(|toast| toast.id != id));
        if self.list.with_untracked(Vec::is_empty) {
            self.is_held.set(false);
        }
    }
}

/// Complains whenever a message appears.
pub fn complain(message: Signal<Option<String>>, toasts: Toasts) {
    Effect::new(move |_| {
        if let Some(message) = message.get() {
            toasts.complain(message);
        }
    });
}

/// Shows the news, and has it read out.
#[component]
pub fn ToastStack() -> impl IntoView {
    let toasts = Toasts::expect();
    let hold = move |held| move |_: leptos::ev::MouseEvent| toasts.is_held.set(held);
    view! {
        <div
            class="toasts"
            role="status"
            aria-live="polite"
            on:mouseenter=hold(true)
            on:mouseleave=hold(false)
            on:focusin=move |_| toasts.is_held.set(true)
            on:focusout=move |_| toasts.is_held.set(false)
        >
            <For each=move || toasts.list.get() key=|toast| toast.id let:toast>
                {one_toast(toasts, toast)}
            </For>
        </div>
    }
}

fn one_toast(toasts: Toasts, toast: Toast) -> impl IntoView {
    let Toast {
        id,
        text,
        undo,
        is_problem,
    } = toast;
    let undo = undo.map(|undo| {
        let press = move |()| {
            undo();
            toasts.remove(id);
        };
        view! { <Button kind=ButtonKind::Quiet on_press=press>"Undo"</Button> }
    });
    let icon = if is_problem {
        Icon::Warning
    } else {
        Icon::Done
    };
    view! {
        <div class=if is_problem { "toast toast--problem" } else { "toast" }>
            <IconView icon />
            <p class="toast__text">{text}</p>
            {undo}
            <IconButton
                icon=Icon::Close
                label="Dismiss"
                on_press=move |()| toasts.remove(id)
            />
        </div>
    }
}
