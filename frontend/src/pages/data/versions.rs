//! The versions of a dataset, newest first.

use leptos::prelude::*;
use shared::{dataset::DatasetVersion, ids::DatasetId};

use crate::{
    address::{Address, Place},
    api,
    components::{Align, Cell, Column, EmptyState, Table, TimeAgo},
    frame::CurrentProject,
    remote::{Loaded, Remote},
    words::material as words,
};

/// The tab.
#[component]
pub fn VersionsTab(
    /// The dataset.
    id: DatasetId,
) -> impl IntoView {
    let slug = CurrentProject::expect().slug();
    let versions = Remote::new(move || api::datasets::list_dataset_versions(&slug, id));
    view! {
        <Loaded remote=versions let:list>
            {move || table(list.get())}
        </Loaded>
    }
}

fn table(list: Vec<DatasetVersion>) -> AnyView {
    if list.is_empty() {
        let text = "A version is the draft as it is at one moment, split into rows to train on and rows to measure on. Runs learn from versions, so that each can be repeated.";
        return view! { <EmptyState title="No version yet" text /> }.into_any();
    }
    let columns = vec![
        Column::text("Version"),
        Column::number("Train"),
        Column::number("Validation"),
        Column::text("Hash of the content"),
        Column::text("Cut"),
    ];
    view! {
        <Table caption="Versions, newest first" columns>
            {list.into_iter().map(row).collect_view()}
        </Table>
    }
    .into_any()
}

fn row(version: DatasetVersion) -> impl IntoView {
    let slug = CurrentProject::expect().slug();
    let place = Place::DatasetVersion(version.dataset_id, version.number);
    let href = Address::at(slug, place).to_string();
    let hash: String = version.content_hash.chars().take(12).collect();
    view! {
        <tr role="row">
            <Cell>
                <a class="table__main" href=href>
                    {format!("v{}", version.number)}
                </a>
                <span class="table__note">{version.note}</span>
            </Cell>
            <Cell label="Train" align=Align::End>
                {words::number(version.counts.train)}
            </Cell>
            <Cell label="Validation" align=Align::End>
                {words::number(version.counts.validation)}
            </Cell>
            <Cell label="Hash">
                <code title=version.content_hash>{hash}</code>
            </Cell>
            <Cell label="Cut">
                <TimeAgo at=version.created_at />
            </Cell>
        </tr>
    }
}
