//! The suites of a project, by key, newest version first.

use leptos::prelude::*;
use shared::{account::Role, suite::Suite};

use crate::{
    address::{Address, Place},
    api,
    components::{
        Align, Badge, ButtonKind, Cell, Column, EmptyState, Icon, LinkButton, PageHeader, Table,
        TimeAgo, Tone, row_key,
    },
    frame::CurrentProject,
    remote::{Loaded, Remote},
    words::material as words,
};

/// The list.
#[component]
pub fn SuitesPage() -> impl IntoView {
    let current = CurrentProject::expect();
    let slug = current.slug();
    let suites = Remote::new({
        let slug = slug.clone();
        move || api::suites::list_suites(&slug)
    });
    let new = Address::at(&slug, Place::NewSuite).to_string();
    let may_write = untrack(|| current.allows(Role::Engineer));
    let lead = Signal::derive(move || suites.get().map(|list| answer(&list)).unwrap_or_default());
    let action = may_write.then(|| {
        view! {
            <LinkButton kind=ButtonKind::Primary icon=Icon::Add href=new>
                "New suite"
            </LinkButton>
        }
    });
    view! {
        <div class="page">
            <PageHeader title=Signal::stored("Suites".to_owned()) lead>
                {action}
            </PageHeader>
            <Loaded remote=suites let:list>
                <SuiteTable list />
            </Loaded>
        </div>
    }
}

fn answer(list: &[Suite]) -> String {
    let newest: Vec<&Suite> = newest(list).collect();
    let locked = newest.iter().filter(|suite| suite.locked_at.is_some());
    let locked = locked.count();
    match (newest.len(), locked) {
        (0, _) => "Nothing is held out yet.".to_owned(),
        (all, locked) if all == locked => {
            let suites = crate::words::count(all, "suite", "suites");
            format!("{suites}, locked: a run can be judged by them.")
        }
        (all, locked) => {
            let suites = crate::words::count(all, "suite", "suites");
            format!("{suites}, {locked} of them locked. Lock the others before you train.")
        }
    }
}

/// The newest version of each key.
fn newest(list: &[Suite]) -> impl Iterator<Item = &Suite> {
    let keys = list.iter().map(|suite| suite.key.as_str());
    let before = std::iter::once(None).chain(keys.map(Some));
    let pairs = list.iter().zip(before);
    pairs.filter_map(|(suite, before)| (before != Some(suite.key.as_str())).then_some(suite))
}

#[component]
fn SuiteTable(list: Signal<Vec<Suite>>) -> impl IntoView {
    let is_empty = Memo::new(move |_| list.with(Vec::is_empty));
    let columns = || {
        vec![
            Column::text("Suite"),
            Column::text("Version"),
            Column::text("What a candidate is held to"),
            Column::number("Items"),
            Column::text("State"),
        ]
    };
    move || {
        if is_empty.get() {
            let text = "A suite is a list of requests with checks on the answers, which no model is ever trained on. Choose and lock suites before the first run: one for what is taught, and one for each thing that must not get worse.";
            return view! { <EmptyState title="No suites yet" text /> }.into_any();
        }
        view! {
            <Table caption="Suites by key, newest version first" columns=columns()>
                <For each=move || list.get() key=row_key let:suite>
                    {row(suite)}
                </For>
            </Table>
        }
        .into_any()
    }
}

/// Whether a suite can still be changed.
#[must_use]
pub fn lock_state(suite: &Suite) -> (Tone, &'static str) {
    if suite.locked_at.is_some() {
        (Tone::Positive, "Locked")
    } else {
        (Tone::Warning, "Not locked")
    }
}

fn row(suite: Suite) -> impl IntoView {
    let slug = CurrentProject::expect().slug();
    let href = Address::at(slug, Place::Suite(suite.id)).to_string();
    let (tone, state) = lock_state(&suite);
    let since = suite.locked_at.unwrap_or(suite.created_at);
    view! {
        <tr role="row">
            <Cell>
                <a class="table__main" href=href>
                    {suite.name}
                </a>
                <span class="table__note">
                    <code>{suite.key}</code>
                    ", "
                    {words::suite_kind(suite.kind)}
                </span>
            </Cell>
            <Cell label="Version">{format!("v{}", suite.version)}</Cell>
            <Cell label="Held to">{words::gate(suite.gate)}</Cell>
            <Cell label="Items" align=Align::End>
                {words::number(suite.item_count)}
            </Cell>
            <Cell label="State">
                <Badge tone text=state />
                <span class="table__note">
                    <TimeAgo at=since />
                </span>
            </Cell>
        </tr>
    }
}
