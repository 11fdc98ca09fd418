//! Locks a suite for good, or deletes one that was never locked.

use leptos::prelude::*;
use leptos_router::{NavigateOptions, hooks::use_navigate};
use shared::suite::{Gate, Suite};

use crate::{
    address::{Address, Place},
    api,
    components::{Button, ButtonKind, Confirm, Dialog, Icon, Notice, NoticeKind, Toasts},
    frame::CurrentProject,
    remote::Remote,
    submit::Submit,
    words::material as words,
};

/// The button that locks, and the dialog that says what it means.
#[component]
pub fn LockSuite(
    /// The suite.
    suite: Suite,
    /// The suite in view.
    remote: Remote<Suite>,
) -> impl IntoView {
    let slug = CurrentProject::expect().slug();
    let open = RwSignal::new(false);
    let toasts = Toasts::expect();
    let id = suite.id;
    let lock = Submit::new(
        move |()| api::suites::lock_suite(slug.clone(), id),
        move |suite: Suite| {
            open.set(false);
            toasts.tell(format!("{} v{} is locked.", suite.name, suite.version));
            remote.put(suite);
        },
    );
    let message = lock.message(&[]);
    let notice = move || {
        message
            .get()
            .map(|text| view! { <Notice kind=NoticeKind::Negative text /> })
    };
    let title = format!("Lock {} v{}?", suite.name, suite.version);
    let suite = StoredValue::new(suite);
    view! {
        <Button kind=ButtonKind::Primary icon=Icon::Lock on_press=move |()| open.set(true)>
            "Lock it"
        </Button>
        <Dialog open title>
            {move || suite.with_value(meaning)}
            {notice}
            <div class="dialog__actions">
                <Button on_press=move |()| open.set(false)>"Cancel"</Button>
                <Button
                    kind=ButtonKind::Primary
                    pending=lock.is_pending()
                    on_press=move |()| lock.send(())
                >
                    "Lock for good"
                </Button>
            </div>
        </Dialog>
    }
}

/// What locking means, for this suite.
fn meaning(suite: &Suite) -> AnyView {
    let items = words::count(suite.item_count, "item", "items");
    let gate = words::gate(suite.gate);
    let small = match suite.gate {
        Gate::Guard { margin } => Some(format!(
            "A guard passes only when the whole interval of the difference lies above minus {} \
             points, so a suite with few items can fail a model that is no worse. If {items} are \
             few, add more before you lock it.",
            words::points(margin)
        )),
        Gate::Goal { .. } => None,
    };
    view! {
        <p class="dialog__text">
            {format!(
                "From now on nobody can change or delete its {items}, its checks, or what it holds \
                 a candidate to. That is what makes its verdict worth something: it was set before \
                 any candidate was seen. What you want different later becomes the next version."
            )}
        </p>
        <p class="dialog__text">{gate} "."</p>
        {small.map(|text| view! { <Notice text /> })}
    }
    .into_any()
}

/// The button that deletes, and its question.
#[component]
pub fn DeleteSuite(
    /// The suite.
    suite: Suite,
) -> impl IntoView {
    let slug = CurrentProject::expect().slug();
    let open = RwSignal::new(false);
    let toasts = Toasts::expect();
    let navigate = use_navigate();
    let Suite {
        id,
        name,
        version,
        item_count,
        ..
    } = suite;
    let done = format!("{name} v{version} was deleted.");
    let home = slug.clone();
    let delete = Submit::new(
        move |()| api::suites::delete_suite(slug.clone(), id),
        move |()| {
            toasts.tell(done.clone());
            let address = Address::at(&home, Place::Suites).to_string();
            navigate(&address, NavigateOptions::default());
        },
    );
    let text = format!(
        "Its {} go with it. It was never locked, so no verdict rests on it. This can not be undone.",
        words::count(item_count, "item", "items")
    );
    view! {
        <Button kind=ButtonKind::Quiet on_press=move |()| open.set(true)>"Delete"</Button>
        <Confirm
            open
            title=Signal::stored(format!("Delete {name} v{version}?"))
            text=Signal::stored(text)
            action="Delete"
            pending=delete.is_pending()
            message=delete.message(&[])
            on_confirm=move |()| delete.send(())
        />
    }
}
