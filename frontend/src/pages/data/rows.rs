//! Rows of a draft or a version, by page, as text to be read.

use leptos::prelude::*;
use shared::{
    dataset::{DatasetRow, RowSource},
    ids::DatasetId,
    page::Page,
};

use super::filter::{FilterBar, RowFilter};
use crate::{
    address::Place,
    api,
    components::{Badge, EmptyState, Pager, Tone, row_key, turns::row_content},
    frame::CurrentProject,
    remote::{Loaded, Remote},
    words::material as words,
};

/// Reads the rows of a choice.
#[must_use]
pub fn use_rows(
    dataset: DatasetId,
    version: Option<i64>,
    filter: Memo<RowFilter>,
) -> Remote<Page<DatasetRow>> {
    let slug = CurrentProject::expect().slug();
    Remote::new(move || {
        let query = filter.with(RowFilter::to_query);
        api::rows::list_rows(&slug, dataset, version, &query)
    })
}

/// What stands beside a row: buttons, a box to tick.
pub type Beside = Callback<DatasetRow, AnyView>;

/// The rows with the fields that choose among them.
#[component]
pub fn Rows(
    /// The rows.
    rows: Remote<Page<DatasetRow>>,
    /// The choice.
    filter: Memo<RowFilter>,
    /// The page.
    place: Place,
    /// Whether they are split.
    has_split: bool,
    /// What can be done with each.
    #[prop(optional)]
    beside: Option<Beside>,
) -> impl IntoView {
    let slug = CurrentProject::expect().slug();
    view! {
        <FilterBar filter slug=slug.clone() place has_split />
        <Loaded remote=rows let:page>
            {move || page.with(|page| page.items.is_empty()).then(|| nothing(filter, page))}
            <ol class="row-list">
                <For each=move || page.get().items key=row_key let:row>
                    {row_card(row, beside)}
                </For>
            </ol>
            {
                let slug = slug.clone();
                move || pager(&slug, place, filter, page.with(|page| page.next.clone()))
            }
        </Loaded>
    }
}

fn nothing(filter: Memo<RowFilter>, page: Signal<Page<DatasetRow>>) -> AnyView {
    let has_more = page.with(|page| page.next.is_some());
    let (title, text) = if has_more {
        (
            "Nothing found so far",
            "Many rows were looked through without a match. Go on to look through the next ones.",
        )
    } else if filter.with(RowFilter::is_active) {
        ("No such rows", "No row is left by what was chosen above.")
    } else {
        (
            "No rows yet",
            "Rows come from imported files, from corrected answers, or are written here.",
        )
    };
    view! { <EmptyState title text /> }.into_any()
}

fn pager(slug: &str, place: Place, filter: Memo<RowFilter>, next: Option<String>) -> AnyView {
    let now = filter.get();
    let at = |after: String| {
        let mut filter = now.clone();
        filter.after = after;
        filter.address(slug, place).to_string()
    };
    let first = (!now.after.is_empty()).then(|| at(String::new()));
    let next = next.map(at);
    view! { <Pager label="Pages of rows" first next_label="Next rows" next /> }.into_any()
}

fn row_card(row: DatasetRow, beside: Option<Beside>) -> AnyView {
    let DatasetRow {
        position,
        split,
        row: content,
        ..
    } = &row;
    let chip = |word: &String| view! { <span class="chip">{word.clone()}</span> };
    let words_of = content.tags.iter().map(chip).collect_view();
    let clauses = content
        .clauses
        .iter()
        .map(|key| view! { <span class="chip chip--clause">{key.clone()}</span> });
    let split = split.map(|split| view! { <Badge tone=Tone::Neutral text=split.as_str() /> });
    let provenance = &content.provenance;
    let source = match (provenance.source, provenance.detail.as_str()) {
        (source, "") => words::row_source(source).to_owned(),
        (RowSource::Imported, detail) => detail.to_owned(),
        (source, detail) => format!("{}: {detail}", words::row_source(source)),
    };
    let coverage = content.coverage;
    let data = (!content.data.is_empty()).then(|| {
        let list = content
            .data
            .iter()
            .map(|(key, value)| format!("{key}: {value}"));
        let text = list.collect::<Vec<_>>().join(", ");
        view! { <p class="note clip">{text}</p> }
    });
    let body = row_content(&content.content);
    let head = view! {
        <span class="note">{format!("Row {position}")}</span>
        <Badge tone=words::coverage_tone(coverage) text=coverage.as_str() />
        {split}
        {words_of}
        {clauses.collect_view()}
        <span class="note row-card__source">{source}</span>
    };
    view! {
        <li class="row-card">
            <div class="row-card__head">
                <div class="line">{head}</div>
                {beside.map(|beside| beside.run(row.clone()))}
            </div>
            {body}
            {data}
        </li>
    }
    .into_any()
}
