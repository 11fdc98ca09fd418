//! One version of a dataset: what it holds, its rows, and its file in every format.

use leptos::prelude::*;
use shared::{
    dataset::{DatasetVersion, ExportFormat, RowCounts, Split},
    ids::DatasetId,
};

use super::{
    filter::use_filter,
    rows::{Rows, use_rows},
};
use crate::{
    address::{Address, Place},
    api,
    components::{
        Align, Card, Cell, Choice, Column, CopyButton, LinkButton, PageHeader, Select, Stat, Stats,
        Table, TimeAgo, Tone,
    },
    frame::CurrentProject,
    remote::{Loaded, Remote},
    words::material as words,
};

/// The page of one version.
#[component]
pub fn VersionPage(
    /// Of which dataset.
    dataset: DatasetId,
    /// Its number.
    number: i64,
) -> impl IntoView {
    let slug = CurrentProject::expect().slug();
    let version = Remote::new({
        let slug = slug.clone();
        move || api::datasets::get_dataset_version(&slug, dataset, number)
    });
    let whole = Remote::new({
        let slug = slug.clone();
        move || api::datasets::get_dataset(&slug, dataset)
    });
    let title = Signal::derive(move || {
        let name = whole.with(|state| state.value.as_ref().map(|dataset| dataset.name.clone()));
        format!("{} v{number}", name.unwrap_or_else(|| "Dataset".to_owned()))
    });
    let lead = Signal::derive(move || {
        let counts = version.get().map(|version| version.counts);
        counts.map(|counts| answer(&counts)).unwrap_or_default()
    });
    let back = Address::at(&slug, Place::Dataset(dataset)).to_string();
    let filter = use_filter();
    let rows = use_rows(dataset, Some(number), filter);
    view! {
        <div class="page">
            <PageHeader title lead>
                <LinkButton href=back>"The dataset"</LinkButton>
            </PageHeader>
            <Loaded remote=version let:value>
                <div class="columns">
                    <div class="columns__main">{move || about(&value.get())}</div>
                    <div class="columns__side">
                        <ExportCard dataset number />
                    </div>
                </div>
            </Loaded>
            <Rows rows filter place=Place::DatasetVersion(dataset, number) has_split=true />
        </div>
    }
}

fn answer(counts: &RowCounts) -> String {
    format!(
        "{} to train on and {} held back for validation. This never changes.",
        words::rows(counts.train),
        words::number(counts.validation)
    )
}

fn about(version: &DatasetVersion) -> AnyView {
    let counts = &version.counts;
    let mut stats = vec![
        Stat::new("Rows", words::number(counts.rows)),
        Stat::new("Train", words::number(counts.train)),
        Stat::new("Validation", words::number(counts.validation)),
    ];
    if counts.duplicates > 0 {
        stats.push(Stat::new("Duplicates", words::number(counts.duplicates)).tone(Tone::Warning));
    }
    let kinds = counts.by_kind.iter();
    let kinds = kinds.map(|each| {
        format!(
            "{}: {}",
            words::row_kind(each.kind),
            words::number(each.rows)
        )
    });
    let kinds: Vec<String> = kinds.collect();
    let columns = vec![
        Column::text("Coverage"),
        Column::number("Train"),
        Column::number("Validation"),
    ];
    let coverages = counts.by_coverage.clone().into_iter().map(|each| {
        view! {
            <tr role="row">
                <Cell>{each.coverage.as_str()}</Cell>
                <Cell label="Train" align=Align::End>
                    {words::number(each.train)}
                </Cell>
                <Cell label="Validation" align=Align::End>
                    {words::number(each.validation)}
                </Cell>
            </tr>
        }
    });
    let rows = coverages.collect_view();
    let note =
        (!version.note.is_empty()).then(|| view! { <p class="prose">{version.note.clone()}</p> });
    let split = format!(
        "{} asked to be held back, seed {}.",
        words::percent(version.validation_share),
        version.seed
    );
    let (hash, cut) = (version.content_hash.clone(), version.created_at);
    view! {
        <Card title="What it holds">
            <div class="stack">
                {note}
                <Stats stats=Signal::stored(stats) />
                <p class="note">{kinds.join(". ")} ". " {split}</p>
                <Table caption="Rows by coverage" columns>
                    {rows}
                </Table>
                <p class="line">
                    <span class="note">"Content "</span>
                    <code class="hash">{hash.clone()}</code>
                    <CopyButton text=hash />
                </p>
                <p class="note">"Cut " <TimeAgo at=cut /></p>
            </div>
        </Card>
    }
    .into_any()
}

#[component]
fn ExportCard(dataset: DatasetId, number: i64) -> impl IntoView {
    let slug = CurrentProject::expect().slug();
    let split = RwSignal::new(String::new());
    let both = Choice::new(String::new(), "Both sides");
    let sides = Split::ALL
        .iter()
        .map(|each| Choice::new(each.to_string(), each.as_str()));
    let links = move || {
        let link = |format: &ExportFormat| {
            let href = split
                .with(|split| api::datasets::export_link(&slug, dataset, number, *format, split));
            view! {
                <li>
                    <a href=href download>
                        {words::export_format(*format)}
                    </a>
                </li>
            }
        };
        ExportFormat::ALL.iter().map(link).collect_view()
    };
    view! {
        <Card title="Export" lead="A JSONL file. Import it anywhere, or here again, without loss.">
            <div class="stack">
                <Select
                    label="Rows"
                    choices=std::iter::once(both).chain(sides).collect()
                    value=split
                    on_change=move |side| split.set(side)
                />
                <ul class="stack">{links}</ul>
            </div>
        </Card>
    }
}
