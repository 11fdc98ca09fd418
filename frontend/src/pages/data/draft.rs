//! The draft of a dataset: looked through, edited row by row, its coverage set in bulk.

use std::collections::BTreeSet;

use leptos::prelude::*;
use shared::{
    account::Role,
    coverage::Coverage,
    dataset::{ChangedRows, CreateRow, DatasetRow, RowCounts, SetCoverage},
};

use super::{
    dataset::DatasetState,
    filter::use_filter,
    row_editor::{Edited, RowEditor},
    rows::{Beside, Rows, use_rows},
};
use crate::{
    address::Place,
    api,
    components::{
        Button, ButtonKind, Choice, Icon, Select, Stat, Stats, Toasts, Tone, toast::complain,
    },
    frame::CurrentProject,
    keys::{Command, use_command},
    submit::Submit,
    words::material as words,
};

/// The tab.
#[component]
pub fn DraftTab(
    /// The dataset.
    state: DatasetState,
) -> impl IntoView {
    let may_write = untrack(|| CurrentProject::expect().allows(Role::Engineer));
    let filter = use_filter();
    let rows = use_rows(state.id, None, filter);
    let chosen = RwSignal::new(BTreeSet::<i64>::new());
    // A bulk change touches only what is in view.
    Effect::new(move |_| {
        filter.track();
        chosen.set(BTreeSet::new());
    });
    let changed = Callback::new(move |()| {
        rows.reload();
        state.changed();
    });
    let edited = RwSignal::new(None::<Edited>);
    let delete = use_delete(state, changed);
    let beside: Option<Beside> =
        may_write.then(|| Callback::new(move |row| row_buttons(row, chosen, edited, delete)));
    if may_write {
        use_command(Command::new("Add a row", move || edited.set(Some(Edited::New))).key("a"));
    }
    let numbers = Signal::derive(move || {
        state
            .counts
            .get()
            .map(|counts| stats(&counts))
            .unwrap_or_default()
    });
    let positions = move || -> BTreeSet<i64> {
        let items = rows.get().map(|page| page.items).unwrap_or_default();
        items.iter().map(|row| row.position).collect()
    };
    let bar = move || {
        may_write.then(|| {
            view! {
                <div class="line bulk">
                    <Button icon=Icon::Add on_press=move |()| edited.set(Some(Edited::New))>
                        "Add a row"
                    </Button>
                    <Button
                        kind=ButtonKind::Quiet
                        on_press=move |()| {
                            let all = positions();
                            chosen.update(|chosen| {
                                *chosen = if chosen.is_empty() { all } else { BTreeSet::new() };
                            });
                        }
                    >
                        {move || if chosen.with(BTreeSet::is_empty) { "Choose all in view" } else { "Choose none" }}
                    </Button>
                    <BulkCoverage state chosen changed />
                </div>
            }
        })
    };
    view! {
        <Stats stats=numbers />
        {bar}
        {match beside {
            Some(beside) => {
                view! { <Rows rows filter place=Place::Dataset(state.id) has_split=false beside /> }
                    .into_any()
            }
            None => {
                view! { <Rows rows filter place=Place::Dataset(state.id) has_split=false /> }
                    .into_any()
            }
        }}
        <RowEditor edited dataset=state.id changed />
    }
}

fn stats(counts: &RowCounts) -> Vec<Stat> {
    let mut stats = vec![Stat::new("Rows", words::number(counts.rows))];
    stats.extend(counts.by_coverage.iter().map(|each| {
        let name = match each.coverage {
            Coverage::Typical => "Typical",
            Coverage::Edge => "Edge",
            Coverage::Adversarial => "Adversarial",
            Coverage::Negative => "Negative",
        };
        Stat::new(name, words::number(each.train + each.validation))
    }));
    if counts.duplicates > 0 {
        stats.push(Stat::new("Duplicates", words::number(counts.duplicates)).tone(Tone::Warning));
    }
    stats
}

fn row_buttons(
    row: DatasetRow,
    chosen: RwSignal<BTreeSet<i64>>,
    edited: RwSignal<Option<Edited>>,
    delete: Submit<DatasetRow>,
) -> AnyView {
    let position = row.position;
    let (to_edit, to_delete) = (row.clone(), row);
    let tick = move |event: web_sys::Event| {
        let is_ticked = event_target_checked(&event);
        chosen.update(|chosen| {
            if is_ticked {
                chosen.insert(position);
            } else {
                chosen.remove(&position);
            }
        });
    };
    view! {
        <div class="row-card__buttons">
            <Button
                kind=ButtonKind::Quiet
                label=format!("Edit row {position}")
                on_press=move |()| edited.set(Some(Edited::Row(Box::new(to_edit.clone()))))
            >
                "Edit"
            </Button>
            <Button
                kind=ButtonKind::Quiet
                label=format!("Delete row {position}")
                on_press=move |()| delete.send(to_delete.clone())
            >
                "Delete"
            </Button>
            <input
                class="checkbox__box"
                type="checkbox"
                aria-label=format!("Choose row {position}")
                prop:checked=move || chosen.with(|chosen| chosen.contains(&position))
                on:change=tick
            />
        </div>
    }
    .into_any()
}

/// Deletes a row, and offers to put it back where it was.
fn use_delete(state: DatasetState, changed: Callback<()>) -> Submit<DatasetRow> {
    let slug = CurrentProject::expect().slug();
    let toasts = Toasts::expect();
    let home = slug.clone();
    let delete = Submit::new(
        move |row: DatasetRow| {
            let slug = slug.clone();
            async move {
                api::rows::delete_row(slug, state.id, row.position).await?;
                Ok(row)
            }
        },
        move |row: DatasetRow| {
            changed.run(());
            let slug = home.clone();
            let text = format!("Row {} was deleted from the draft.", row.position);
            toasts.offer_undo(text, move || {
                let request = CreateRow {
                    row: row.row.clone(),
                    position: Some(row.position),
                };
                let answer = api::rows::create_row(slug.clone(), state.id, request);
                leptos::task::spawn_local(async move {
                    match answer.await {
                        Ok(_) => {
                            let _ = changed.try_run(());
                        }
                        Err(error) => toasts.complain(error.problem().text()),
                    }
                });
            });
        },
    );
    complain(delete.message(&[]), toasts);
    delete
}

#[component]
fn BulkCoverage(
    state: DatasetState,
    chosen: RwSignal<BTreeSet<i64>>,
    changed: Callback<()>,
) -> impl IntoView {
    let slug = CurrentProject::expect().slug();
    let toasts = Toasts::expect();
    let set = Submit::new(
        move |request| api::rows::set_coverage(slug.clone(), state.id, request),
        move |done: ChangedRows| {
            chosen.set(BTreeSet::new());
            toasts.tell(format!("{} changed.", words::rows(done.changed)));
            changed.run(());
        },
    );
    complain(set.message(&[]), toasts);
    let first = Choice::new(String::new(), "Set their coverage");
    let coverages = Coverage::ALL
        .iter()
        .map(|each| Choice::new(each.to_string(), words::coverage_choice(*each)));
    let choices = StoredValue::new(std::iter::once(first).chain(coverages).collect::<Vec<_>>());
    let send = Callback::new(move |word: String| {
        if let Ok(coverage) = word.parse() {
            let positions = chosen.with_untracked(|chosen| chosen.iter().copied().collect());
            set.send(SetCoverage {
                positions,
                coverage,
            });
        }
    });
    let count = Memo::new(move |_| chosen.with(BTreeSet::len));
    move || {
        let many = i64::try_from(count.get()).unwrap_or(i64::MAX);
        (many > 0).then(|| {
            view! {
                <span>{format!("{} chosen", words::rows(many))}</span>
                <Select
                    label="Coverage of the chosen rows"
                    choices=choices.get_value()
                    value=Signal::stored(String::new())
                    on_change=send
                    bare=true
                    disabled=set.is_pending()
                />
            }
        })
    }
}
