//! One clause as a form, folded until it is wanted.

use leptos::prelude::*;
use shared::{
    error::FieldError,
    spec::{ClauseKind, Priority},
};

use super::{draft::ClauseDraft, examples::examples_form};
use crate::{
    components::{
        Button, ButtonKind, Choice, Notice, NoticeKind, Select, TextArea, TextInput, Toasts,
    },
    pages::checks::checks_form,
    words::material as words,
};

/// The form.
#[must_use]
pub fn clause_form(
    list: RwSignal<Vec<ClauseDraft>>,
    clause: ClauseDraft,
    errors: RwSignal<Vec<FieldError>>,
) -> AnyView {
    let place =
        Memo::new(move |_| list.with(|list| list.iter().position(|each| each.id == clause.id)));
    let complaint = move |name: &'static str| {
        Signal::derive(move || {
            let field = format!("clauses.{}.{name}", place.get()?);
            errors.with(|errors| {
                let found = errors.iter().find(|error| error.field == field);
                found.map(|error| error.message.clone())
            })
        })
    };
    let checks_problem = complaint("checks");
    let any = Memo::new(move |_| {
        let prefix = format!("clauses.{}.", place.get().unwrap_or(usize::MAX));
        errors.with(|errors| errors.iter().any(|error| error.field.starts_with(&prefix)))
    });
    // A refused clause is opened, so that the reason can be seen.
    Effect::new(move |_| {
        if any.get() && !clause.is_open.get_untracked() {
            clause.is_open.set(true);
        }
    });
    let body = move || {
        clause
            .is_open
            .get()
            .then(|| fields(clause, complaint, checks_problem))
    };
    let toggle = move |_| clause.is_open.update(|open| *open = !*open);
    let name = move || {
        let key = clause.key.get();
        if key.is_empty() {
            "new clause".to_owned()
        } else {
            key
        }
    };
    view! {
        <li class="clause" class=("clause--wrong", any)>
            <div class="line clause__bar">
                <button
                    class="clause__toggle"
                    type="button"
                    aria-expanded=move || clause.is_open.get().to_string()
                    on:click=toggle
                >
                    <span class="note">{move || place.get().map_or(0, |at| at + 1)}</span>
                    <code class="clause__key">{name}</code>
                    <span class="clip clip--one">{clause.text}</span>
                </button>
                {buttons(list, clause)}
            </div>
            {body}
        </li>
    }
    .into_any()
}

fn fields(
    clause: ClauseDraft,
    complaint: impl Fn(&'static str) -> Signal<Option<String>>,
    checks_problem: Signal<Option<String>>,
) -> AnyView {
    let kinds = ClauseKind::ALL
        .iter()
        .map(|kind| Choice::new(kind.to_string(), words::clause_kind(*kind)));
    let priorities = Priority::ALL
        .iter()
        .map(|each| Choice::new(each.to_string(), words::priority(*each)));
    let checks_notice = move || {
        checks_problem
            .get()
            .map(|text| view! { <Notice kind=NoticeKind::Negative text /> })
    };
    view! {
        <div class="stack">
            <div class="form-row">
                <TextInput
                    label="Key"
                    help="Lower-case words joined by hyphens. It names the clause across versions."
                    value=clause.key
                    error=complaint("key")
                />
                <Select
                    label="Kind"
                    choices=kinds.collect()
                    value=clause.kind
                    on_change=move |kind| clause.kind.set(kind)
                />
                <Select
                    label="Priority"
                    choices=priorities.collect()
                    value=clause.priority
                    on_change=move |priority| clause.priority.set(priority)
                />
            </div>
            <TextArea
                label="Rule"
                help="One thing that can be observed in an output."
                value=clause.text
                error=complaint("text")
                rows=2
            />
            {examples_form("Examples that keep it", clause.good)}
            {examples_form("Examples that break it", clause.bad)}
            {checks_notice}
            {checks_form(clause.checks)}
        </div>
    }
    .into_any()
}

fn buttons(list: RwSignal<Vec<ClauseDraft>>, clause: ClauseDraft) -> AnyView {
    let toasts = Toasts::expect();
    let shift = move |up: bool| {
        move |()| {
            list.update(|list| {
                let Some(at) = list.iter().position(|each| each.id == clause.id) else {
                    return;
                };
                let other = if up { at.checked_sub(1) } else { Some(at + 1) };
                if let Some(other) = other.filter(|other| *other < list.len()) {
                    list.swap(at, other);
                }
            });
        }
    };
    let remove = move |()| {
        let at = list.with_untracked(|list| list.iter().position(|each| each.id == clause.id));
        let Some(at) = at else { return };
        // Its signals go with the row; what they held comes back with the undo.
        let Ok(kept) = untrack(|| clause.clause()) else {
            list.update(|list| list.retain(|each| each.id != clause.id));
            return;
        };
        list.update(|list| list.retain(|each| each.id != clause.id));
        toasts.offer_undo(format!("The clause {} was removed.", kept.key), move || {
            let _ = list.try_update(|list| {
                let at = at.min(list.len());
                list.insert(at, ClauseDraft::new(Some(&kept)));
            });
        });
    };
    let label = move |verb: &str| clause.key.with_untracked(|key| format!("{verb} {key}"));
    view! {
        <span class="line">
            <Button kind=ButtonKind::Quiet label=label("Move up") on_press=shift(true)>
                "Up"
            </Button>
            <Button kind=ButtonKind::Quiet label=label("Move down") on_press=shift(false)>
                "Down"
            </Button>
            <Button kind=ButtonKind::Quiet label=label("Remove") on_press=remove>
                "Remove"
            </Button>
        </span>
    }
    .into_any()
}
