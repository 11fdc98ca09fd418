//! What was changed in a project, by whom and when: append-only, newest first.

use leptos::prelude::*;
use leptos_router::hooks::use_query_map;
use shared::{
    page::{DEFAULT_PAGE_SIZE, Page},
    project::AuditEntry,
};

use crate::{
    address::{Address, SettingsTab},
    api,
    components::{Card, Cell, Column, EmptyState, Pager, Table, TimeAgo},
    frame::CurrentProject,
    remote::{Loaded, Remote},
    words,
};

/// One page of the list; which one is in the address.
#[component]
pub fn AuditTab() -> impl IntoView {
    let slug = CurrentProject::expect().slug();
    let query = use_query_map();
    let after = Memo::new(move |_| query.with(|query| query.get("after")));
    let entries = Remote::new(move || {
        after.with(|after| api::projects::list_audit(&slug, after.as_deref(), DEFAULT_PAGE_SIZE))
    });
    let lead = "Every change that was made here. Nothing in this list can be changed or removed.";
    view! {
        <Card title="Audit" lead>
            <Loaded remote=entries let:page>
                <AuditTable page />
                {move || pager(page.with(|page| page.next.clone()), after.get().is_some())}
            </Loaded>
        </Card>
    }
}

fn pager(next: Option<String>, is_later: bool) -> impl IntoView {
    let slug = CurrentProject::expect().slug();
    let own = Address::settings(slug, SettingsTab::Audit);
    let first = is_later.then(|| own.to_string());
    let next = next.map(|after| own.with("after", after).to_string());
    view! {
        <Pager label="Pages of the audit" first next_label="Older" next />
    }
}

#[component]
fn AuditTable(page: Signal<Page<AuditEntry>>) -> impl IntoView {
    let columns = || {
        vec![
            Column::text("Change"),
            Column::text("Detail"),
            Column::text("Person"),
            Column::text("When"),
        ]
    };
    move || {
        let items = page.get().items;
        if items.is_empty() {
            let text = "Changes appear here as soon as somebody makes one.";
            return view! { <EmptyState title="Nothing on this page" text /> }.into_any();
        }
        view! {
            <Table caption="Changes, newest first" columns=columns()>
                {items.into_iter().map(row).collect_view()}
            </Table>
        }
        .into_any()
    }
}

fn row(entry: AuditEntry) -> impl IntoView {
    let (deed, actor) = (words::deed(&entry.action), words::actor(&entry));
    let AuditEntry {
        at,
        subject,
        detail,
        ..
    } = entry;
    let detail = if detail.is_empty() {
        subject.clone()
    } else {
        detail
    };
    view! {
        <tr role="row" title=subject>
            <Cell>
                <span class="table__main">{deed}</span>
            </Cell>
            <Cell label="Detail">{detail}</Cell>
            <Cell label="Person">{actor}</Cell>
            <Cell label="When">
                <TimeAgo at />
            </Cell>
        </tr>
    }
}
