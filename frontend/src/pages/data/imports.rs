//! The imports into a dataset, newest first.

use leptos::prelude::*;
use leptos_router::hooks::use_query_map;
use shared::{dataset::Import, ids::DatasetId, page::Page};

use crate::{
    address::{Address, Place},
    api,
    components::{Align, Badge, Cell, Column, EmptyState, Pager, Table, TimeAgo, Tone},
    frame::{Activity, CurrentProject},
    remote::{Loaded, Remote},
    words::material as words,
};

/// The tab.
#[component]
pub fn ImportsTab(
    /// The dataset.
    id: DatasetId,
) -> impl IntoView {
    let slug = CurrentProject::expect().slug();
    let query = use_query_map();
    let after = Memo::new(move |_| query.with(|query| query.get("after").unwrap_or_default()));
    let activity = Activity::expect();
    let running = Memo::new(move |_| activity.jobs().map_or(0, |list| list.unfinished().count()));
    let imports = Remote::new({
        let slug = slug.clone();
        move || {
            // The list is read again whenever a job begins or ends.
            running.track();
            after.with(|after| api::imports::list_imports(&slug, id, after))
        }
    });
    let slug = StoredValue::new(slug);
    view! {
        <Loaded remote=imports let:page>
            {move || {
                slug.with_value(|slug| table(slug, id, page.get(), after.with(|a| !a.is_empty())))
            }}
        </Loaded>
    }
}

fn table(slug: &str, id: DatasetId, page: Page<Import>, is_later: bool) -> AnyView {
    if page.items.is_empty() {
        let text = "Each file that was brought in is listed here with what became of its records, and can be taken back.";
        return view! { <EmptyState title="No imports yet" text /> }.into_any();
    }
    let columns = vec![
        Column::text("File"),
        Column::text("State"),
        Column::number("Imported"),
        Column::number("Rejected"),
        Column::number("Duplicates"),
        Column::text("When"),
    ];
    let tab = || Address::at(slug, Place::Dataset(id)).with("tab", "imports");
    let next = page
        .next
        .map(|after| tab().with("after", after).to_string());
    let first = is_later.then(|| tab().to_string());
    let rows = page
        .items
        .into_iter()
        .map(|import| row(slug, import))
        .collect_view();
    view! {
        <Table caption="Imports, newest first" columns>
            {rows}
        </Table>
        <Pager label="Pages of imports" first next_label="Older" next />
    }
    .into_any()
}

fn row(slug: &str, import: Import) -> AnyView {
    let place = Place::ImportReport(import.dataset_id, import.id);
    let href = Address::at(slug, place).to_string();
    let badge = if import.taken_back {
        view! { <Badge tone=Tone::Neutral text="Taken back" /> }
    } else {
        let tone = crate::words::job_tone(import.state);
        view! { <Badge tone text=crate::words::job_state(import.state) /> }
    };
    let number = |label, value| {
        view! {
            <Cell label align=Align::End>
                {words::number(value)}
            </Cell>
        }
    };
    view! {
        <tr role="row">
            <Cell>
                <a class="table__main" href=href>
                    {import.file_name}
                </a>
                <span class="table__note">{words::size(import.size_bytes)}</span>
            </Cell>
            <Cell label="State">{badge}</Cell>
            {number("Imported", import.imported)}
            {number("Rejected", import.rejected)}
            {number("Duplicates", import.duplicates)}
            <Cell label="When">
                <TimeAgo at=import.created_at />
            </Cell>
        </tr>
    }
    .into_any()
}
