//! The rows of drafts and versions: listed by page, and read through from the first to the last.

use std::collections::VecDeque;

use futures::{Stream, stream};
use serde::Deserialize;
use shared::{
    coverage::Coverage,
    dataset::{DatasetRow, RowKind, Split},
    ids::{DatasetId, DatasetVersionId, ProjectId},
    page::{DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE, Page},
};
use store::{
    StoreError,
    dataset_versions::VersionRecord,
    row_lists::{self, RowListId, SEGMENT_SIZE},
    segment_rows::{self, SegmentRow},
};
use utoipa::IntoParams;

use crate::{
    app::App,
    error::ApiResult,
    extract::ProjectAccess,
    services::{
        dataset_versions::{find_version, get_by_id},
        datasets,
        split::Arc,
    },
};

/// Segments that a page looks through at most: a page may end before it is full, with a cursor to
/// go on from.
const SEGMENTS_OF_A_PAGE: u16 = 100;

/// Which rows of a draft or a version, and from where on.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct RowQuery {
    /// Only rows on this side of the split; a draft has none.
    pub split: Option<Split>,
    /// Only rows that cover this.
    pub coverage: Option<Coverage>,
    /// Only rows of this kind.
    pub kind: Option<RowKind>,
    /// Only rows with this tag.
    pub tag: Option<String>,
    /// Only rows that exercise the clause with this key.
    pub clause: Option<String>,
    /// Only rows in whose texts this occurs, in any case.
    pub contains: Option<String>,
    /// The cursor that the previous page ended with.
    pub after: Option<i64>,
    /// How many rows, at most 200. A page may hold fewer and still have a next one.
    pub limit: Option<u32>,
}

impl RowQuery {
    /// Whether a row without its content, and its side, are asked for.
    fn matches(&self, row: &SegmentRow, side: Option<Split>) -> bool {
        let head = &row.head;
        let has = |words: &[String], word: &Option<String>| {
            word.as_ref().is_none_or(|word| words.contains(word))
        };
        self.split.is_none_or(|split| side == Some(split))
            && self
                .coverage
                .is_none_or(|coverage| coverage == head.coverage)
            && self.kind.is_none_or(|kind| kind == head.kind)
            && has(&head.attributes.tags, &self.tag)
            && has(&head.attributes.clauses, &self.clause)
    }
}

/// The rows of a dataset's draft, by page.
pub async fn list_draft_rows(
    app: &App,
    access: &ProjectAccess,
    dataset_id: DatasetId,
    query: RowQuery,
) -> ApiResult<Page<DatasetRow>> {
    let dataset = datasets::find(app, access, dataset_id).await?;
    Ok(list(app, dataset.draft, None, query).await?)
}

/// The rows of a version, by page.
pub async fn list_version_rows(
    app: &App,
    access: &ProjectAccess,
    dataset_id: DatasetId,
    number: i64,
    query: RowQuery,
) -> ApiResult<Page<DatasetRow>> {
    let record = find_version(app, access, dataset_id, number).await?;
    Ok(list(app, record.list, Some(arc_of(&record)), query).await?)
}

/// The split of a version.
#[must_use]
pub const fn arc_of(record: &VersionRecord) -> Arc {
    Arc {
        start: record.split_start,
        length: record.split_length,
    }
}

async fn list(
    app: &App,
    list: RowListId,
    arc: Option<Arc>,
    query: RowQuery,
) -> Result<Page<DatasetRow>, StoreError> {
    let limit = query
        .limit
        .unwrap_or(DEFAULT_PAGE_SIZE)
        .clamp(1, MAX_PAGE_SIZE);
    let text = query.contains.as_deref().map(str::to_lowercase);
    let first = query
        .after
        .map_or(0, |after| after.saturating_add(1))
        .max(0);
    let mut tx = app.store.read().await?;
    let number = first / SEGMENT_SIZE;
    let segments =
        row_lists::segments_from(&mut tx, list, number, i64::from(SEGMENTS_OF_A_PAGE) + 1).await?;
    let mut items: Vec<DatasetRow> = Vec::new();
    for (index, segment) in segments.iter().enumerate() {
        if index == usize::from(SEGMENTS_OF_A_PAGE) {
            let next = Some((segment.number * SEGMENT_SIZE - 1).to_string());
            return Ok(Page { items, next });
        }
        let place = if segment.number == number {
            first % SEGMENT_SIZE
        } else {
            0
        };
        for row in segment_rows::list_from(&mut tx, segment.segment, place).await? {
            let side = arc.map(|arc| arc.side(row.head.prompt_key));
            if !query.matches(&row, side) {
                continue;
            }
            if let Some(text) = &text
                && !row.read_content()?.contains(text)
            {
                continue;
            }
            if items.len() as u64 == u64::from(limit) {
                let next = items.last().map(|row| row.position.to_string());
                return Ok(Page { items, next });
            }
            items.push(show(row, segment.number, side)?);
        }
    }
    Ok(Page { items, next: None })
}

/// A stored row as people see it.
pub(super) fn show(
    row: SegmentRow,
    number: i64,
    split: Option<Split>,
) -> Result<DatasetRow, StoreError> {
    Ok(DatasetRow {
        position: number * SEGMENT_SIZE + row.head.place,
        hash: hex::encode(row.head.hash),
        split,
        row: row.into_row()?,
    })
}

/// Every row of a version in their order, or of one side of its split: what a training run reads.
/// The rows are read a segment at a time.
pub async fn read_version(
    app: &App,
    project_id: ProjectId,
    id: DatasetVersionId,
    split: Option<Split>,
) -> ApiResult<impl Stream<Item = Result<DatasetRow, StoreError>> + Send + use<>> {
    let record = get_by_id(app, project_id, id).await?;
    Ok(stream_rows(app.clone(), &record, split))
}

/// The rows of a version that is known already.
pub fn stream_rows(
    app: App,
    record: &VersionRecord,
    split: Option<Split>,
) -> impl Stream<Item = Result<DatasetRow, StoreError>> + Send + use<> {
    let state = Cursor {
        app,
        list: record.list,
        arc: arc_of(record),
        split,
        number: 0,
        rows: VecDeque::new(),
    };
    stream::try_unfold(state, |mut state| async move {
        let row = state.next().await?;
        Ok(row.map(|row| (row, state)))
    })
}

/// Where a reader of all rows stands.
struct Cursor {
    app: App,
    list: RowListId,
    arc: Arc,
    split: Option<Split>,
    number: i64,
    rows: VecDeque<DatasetRow>,
}

impl Cursor {
    async fn next(&mut self) -> Result<Option<DatasetRow>, StoreError> {
        while self.rows.is_empty() {
            let mut tx = self.app.store.read().await?;
            let found = row_lists::segments_from(&mut tx, self.list, self.number, 1).await?;
            let Some(segment) = found.first() else {
                return Ok(None);
            };
            self.number = segment.number + 1;
            for row in segment_rows::list_from(&mut tx, segment.segment, 0).await? {
                let side = self.arc.side(row.head.prompt_key);
                if self.split.is_none_or(|wanted| wanted == side) {
                    self.rows.push_back(show(row, segment.number, Some(side))?);
                }
            }
        }
        Ok(self.rows.pop_front())
    }
}
