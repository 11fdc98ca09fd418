//! The datasets of a project.

use leptos::prelude::*;
use shared::{
    account::Role,
    dataset::Dataset,
    job::{Job, JobKind},
};

use super::new_dataset::NewDataset;
use crate::{
    address::{Address, Place},
    api,
    components::{
        Badge, Button, ButtonKind, Card, Cell, Column, EmptyState, Icon, LinkButton, PageHeader,
        Table, Tone, row_key,
    },
    frame::{Activity, CurrentProject, JobEntry},
    keys::{Command, use_command},
    remote::{Loaded, Remote},
    words::material as words,
};

/// The list.
#[component]
pub fn DataPage() -> impl IntoView {
    let current = CurrentProject::expect();
    let slug = current.slug();
    let datasets = Remote::new({
        let slug = slug.clone();
        move || api::datasets::list_datasets(&slug)
    });
    let import = Address::at(&slug, Place::Import).to_string();
    let may_write = untrack(|| current.allows(Role::Engineer));
    let making = RwSignal::new(false);
    let running = Memo::new(move |_| imports_under_way());
    // What an import has done is in the list as soon as it ends.
    Effect::new(move |before: Option<usize>| {
        let count = running.with(Vec::len);
        if before.is_some_and(|before| before != count) {
            datasets.reload();
        }
        count
    });
    if may_write {
        use_command(Command::new("New dataset without a file", move || {
            making.set(true);
        }));
    }
    let lead = Signal::derive(move || {
        let list = datasets.get();
        list.map(|list| answer(&list, running.with(Vec::len)))
            .unwrap_or_default()
    });
    let actions = may_write.then(|| {
        let href = import.clone();
        view! {
            <Button on_press=move |()| making.set(true)>"New dataset"</Button>
            <LinkButton kind=ButtonKind::Primary icon=Icon::Upload href>
                "Import a file"
            </LinkButton>
        }
    });
    view! {
        <div class="page">
            <PageHeader title=Signal::stored("Data".to_owned()) lead>
                {actions}
            </PageHeader>
            {move || running_card(running.get())}
            <Loaded remote=datasets let:list>
                <DatasetTable list import=import.clone() may_write />
            </Loaded>
        </div>
        <NewDataset open=making />
    }
}

fn answer(list: &[Dataset], running: usize) -> String {
    if list.is_empty() {
        return "Nothing to learn from yet.".to_owned();
    }
    let rows = list.iter().map(|dataset| dataset.draft_row_count).sum();
    let cut = list
        .iter()
        .filter(|dataset| dataset.latest_version.is_some());
    let imports = match running {
        0 => String::new(),
        1 => " One import is under way.".to_owned(),
        more => format!(" {more} imports are under way."),
    };
    format!(
        "{} with {} in drafts; {} cut into versions that a run can use.{imports}",
        crate::words::count(list.len(), "dataset", "datasets"),
        words::rows(rows),
        cut.count(),
    )
}

fn imports_under_way() -> Vec<Job> {
    let list = Activity::expect().jobs().unwrap_or_default();
    let imports = list.unfinished().filter(|job| job.kind == JobKind::Import);
    imports.cloned().collect()
}

fn running_card(jobs: Vec<Job>) -> Option<AnyView> {
    if jobs.is_empty() {
        return None;
    }
    let row = |job: Job| {
        let heading = job.title.clone();
        let job = Activity::expect().job(job);
        view! { <JobEntry heading job /> }
    };
    let rows = jobs.into_iter().map(row).collect_view();
    Some(view! { <Card title="Imports under way"><ul>{rows}</ul></Card> }.into_any())
}

#[component]
fn DatasetTable(list: Signal<Vec<Dataset>>, import: String, may_write: bool) -> impl IntoView {
    let is_empty = Memo::new(move |_| list.with(Vec::is_empty));
    let columns = || {
        vec![
            Column::text("Dataset"),
            Column::number("Rows in the draft"),
            Column::text("Latest version"),
            Column::text("State"),
        ]
    };
    move || {
        if is_empty.get() {
            let text = "A dataset is a list of examples: prompts with answers, conversations, or pairs of a better and a worse answer. Import a JSONL, JSON or CSV file as it is, and see what becomes of it before anything is stored.";
            let first = import.clone();
            return view! {
                <EmptyState title="No datasets yet" text>
                    {may_write
                        .then(|| {
                            view! { <LinkButton href=first>"Import the first file"</LinkButton> }
                        })}
                </EmptyState>
            }
            .into_any();
        }
        view! {
            <Table caption="Datasets by name" columns=columns()>
                <For each=move || list.get() key=row_key let:dataset>
                    {row(dataset)}
                </For>
            </Table>
        }
        .into_any()
    }
}

fn row(dataset: Dataset) -> impl IntoView {
    let slug = CurrentProject::expect().slug();
    let href = Address::at(&slug, Place::Dataset(dataset.id)).to_string();
    let (tone, state) = state_of(&dataset);
    let latest = dataset.latest_version.map(|number| {
        let href = Address::at(&slug, Place::DatasetVersion(dataset.id, number)).to_string();
        view! { <a href=href>{format!("v{number}")}</a> }
    });
    let latest = match latest {
        Some(link) => link.into_any(),
        None => "none".into_any(),
    };
    view! {
        <tr role="row">
            <Cell>
                <a class="table__main" href=href>
                    {dataset.name}
                </a>
                <span class="table__note">{dataset.description}</span>
            </Cell>
            <Cell label="Rows" align=crate::components::Align::End>
                {words::number(dataset.draft_row_count)}
            </Cell>
            <Cell label="Version">{latest}</Cell>
            <Cell label="State">
                <Badge tone text=state />
            </Cell>
        </tr>
    }
}

/// What a reader should know of a draft.
pub(super) fn state_of(dataset: &Dataset) -> (Tone, String) {
    match (dataset.latest_version, dataset.draft_row_count) {
        (_, 0) => (Tone::Neutral, "Empty".to_owned()),
        (None, _) => (Tone::Warning, "No version yet".to_owned()),
        (Some(number), _) if dataset.draft_changed => {
            (Tone::Warning, format!("Draft changed since v{number}"))
        }
        (Some(number), _) => (Tone::Positive, format!("Same as v{number}")),
    }
}
