//! The form of checks, made from the table of their fields.

use leptos::prelude::*;
use shared::check::LengthUnit;

use super::{
    draft::{CheckDraft, ChecksDraft},
    fields::{CheckField, FieldKind, KINDS, find},
};
use crate::components::{Button, ButtonKind, Checkbox, Choice, Icon, Select, TextArea, TextInput};

/// The checks as a form.
#[must_use]
pub fn checks_form(checks: ChecksDraft) -> AnyView {
    view! {
        <fieldset class="group">
            <legend class="field__label">"Checks"</legend>
            <For each=move || checks.list.get() key=|check| check.id let:check>
                {check_form(checks, check)}
            </For>
            <Button kind=ButtonKind::Quiet icon=Icon::Add on_press=move |()| checks.push(None)>
                "Add a check"
            </Button>
        </fieldset>
    }
    .into_any()
}

fn check_form(checks: ChecksDraft, check: CheckDraft) -> AnyView {
    let kinds = KINDS
        .iter()
        .map(|kind| Choice::new(kind.word.to_owned(), kind.label));
    let kind = Memo::new(move |_| check.kind.get());
    let help = move || find(&kind.get()).map(|kind| kind.help);
    let fields = move || {
        let fields = find(&kind.get()).map_or(&[][..], |kind| kind.fields);
        fields
            .iter()
            .map(|field| field_form(check, field))
            .collect_view()
    };
    let remove = move |()| {
        checks
            .list
            .update(|list| list.retain(|each| each.id != check.id));
    };
    view! {
        <div class="check-form">
            <div class="form-row">
                <TextInput label="Name of the check" value=check.name />
                <Select
                    label="Kind of check"
                    choices=kinds.collect()
                    value=check.kind
                    on_change=move |kind| check.kind.set(kind)
                />
                <Button kind=ButtonKind::Quiet on_press=remove>
                    "Remove the check"
                </Button>
            </div>
            <p class="note" aria-live="polite">
                {help}
            </p>
            {fields}
            <div class="form-row">
                <Checkbox label="Turn the verdict round: pass where it fails" value=check.negate />
                <TextInput label="Weight" value=check.weight />
            </div>
        </div>
    }
    .into_any()
}

/// A signal of one field's text.
fn text_of(check: CheckDraft, name: &'static str) -> RwSignal<String> {
    let first = check
        .values
        .with_untracked(|values| values.get(name).cloned().unwrap_or_default());
    let text = RwSignal::new(first);
    Effect::new(move |before: Option<()>| {
        let now = text.get();
        if before.is_some() {
            check.values.update(|values| {
                values.insert(name.to_owned(), now);
            });
        }
    });
    text
}

fn field_form(check: CheckDraft, field: &'static CheckField) -> AnyView {
    let value = text_of(check, field.name);
    let (label, help, optional) = (field.label, field.help, field.optional);
    match field.kind {
        FieldKind::Lines | FieldKind::Json => {
            view! { <TextArea label help value optional rows=2 /> }.into_any()
        }
        FieldKind::Text | FieldKind::Count | FieldKind::Share => {
            view! { <TextInput label help value optional /> }.into_any()
        }
        FieldKind::Flag => {
            let flag = RwSignal::new(value.with_untracked(|text| text == "true"));
            Effect::new(move |before: Option<()>| {
                let now = flag.get();
                if before.is_some() {
                    value.set(now.to_string());
                }
            });
            view! { <Checkbox label value=flag /> }.into_any()
        }
        FieldKind::Unit => {
            let none = Choice::new(String::new(), "Choose one");
            let units = LengthUnit::ALL
                .iter()
                .map(|unit| Choice::new(unit.to_string(), unit.as_str()));
            let choices = std::iter::once(none).chain(units).collect();
            view! { <Select label choices value on_change=move |unit| value.set(unit) /> }
                .into_any()
        }
    }
}
