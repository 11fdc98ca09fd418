//! Edits of a draft's rows, one at a time or in bulk.
//!
//! A segment that a version holds is copied before its first edit, so an edit writes one row and at
//! most one segment, however long the draft is. Contents are stored before the draft is locked, in
//! the same order as imports do it, so that neither waits for the other in a circle.

use std::collections::BTreeMap;

use shared::{
    dataset::{ChangedRows, CreateRow, DatasetRow, Row, SetCoverage, UpdateRow},
    ids::DatasetId,
};
use store::{
    StoreError, Tx,
    datasets::DatasetRecord,
    row_contents,
    row_lists::{self, ListSegment, RowListId, SEGMENT_SIZE, SegmentId},
    segment_rows::{self, NewSegmentRow, SegmentRow},
};

use crate::{
    app::App,
    error::{ApiError, ApiResult},
    extract::ProjectAccess,
    services::{change::Change, datasets::find, row_batches::prepare},
};

/// The most rows that one request changes.
const MAX_BULK: usize = 1000;

/// The most words of one kind on a row, and the most characters of each.
const MAX_WORDS: usize = 100;

/// Adds a row to a draft: at its end, or where a deleted one was.
pub async fn create_row(
    app: &App,
    access: &ProjectAccess,
    dataset_id: DatasetId,
    request: CreateRow,
) -> ApiResult<DatasetRow> {
    let dataset = find(app, access, dataset_id).await?;
    let mut change = Change::begin_in(app, access).await?;
    let mut row = store_row(change.tx(), request.row).await?;
    row_lists::lock(change.tx(), dataset.draft, 1).await?;
    let (number, segment) = match request.position {
        None => find_end(app, change.tx(), dataset.draft, &mut row).await?,
        Some(position) => {
            row.place = position.rem_euclid(SEGMENT_SIZE);
            let taken = "a row stands at that position";
            let found = find_segment(change.tx(), dataset.draft, position).await?;
            if segment_rows::get(change.tx(), found.segment, row.place)
                .await?
                .is_some()
            {
                return Err(ApiError::Conflict(taken.to_owned()));
            }
            (
                found.number,
                thaw(app, change.tx(), dataset.draft, found).await?,
            )
        }
    };
    segment_rows::insert(change.tx(), segment, std::slice::from_ref(&row)).await?;
    let position = number * SEGMENT_SIZE + row.place;
    commit(change, "create_row", &dataset, position).await?;
    get_row(app, dataset.draft, position).await
}

/// Replaces a row of a draft.
pub async fn update_row(
    app: &App,
    access: &ProjectAccess,
    dataset_id: DatasetId,
    position: i64,
    request: UpdateRow,
) -> ApiResult<DatasetRow> {
    let dataset = find(app, access, dataset_id).await?;
    let mut change = Change::begin_in(app, access).await?;
    let mut row = store_row(change.tx(), request.row).await?;
    row.place = position.rem_euclid(SEGMENT_SIZE);
    row_lists::lock(change.tx(), dataset.draft, 0).await?;
    let (found, old) = find_row(change.tx(), dataset.draft, position).await?;
    if request
        .expected_hash
        .is_some_and(|hash| hash != hex::encode(old.head.hash))
    {
        let message = "somebody else has changed this row: look at it again";
        return Err(ApiError::Conflict(message.to_owned()));
    }
    let segment = thaw(app, change.tx(), dataset.draft, found).await?;
    segment_rows::update(change.tx(), segment, &row).await?;
    commit(change, "update_row", &dataset, position).await?;
    get_row(app, dataset.draft, position).await
}

/// Removes a row from a draft. Versions keep it, and it can be put back.
pub async fn delete_row(
    app: &App,
    access: &ProjectAccess,
    dataset_id: DatasetId,
    position: i64,
) -> ApiResult<()> {
    let dataset = find(app, access, dataset_id).await?;
    let mut change = Change::begin_in(app, access).await?;
    row_lists::lock(change.tx(), dataset.draft, -1).await?;
    let (found, row) = find_row(change.tx(), dataset.draft, position).await?;
    let segment = thaw(app, change.tx(), dataset.draft, found).await?;
    segment_rows::delete(change.tx(), segment, row.head.place).await?;
    commit(change, "delete_row", &dataset, position).await
}

/// Sets the coverage of many rows of a draft.
pub async fn set_coverage(
    app: &App,
    access: &ProjectAccess,
    dataset_id: DatasetId,
    request: SetCoverage,
) -> ApiResult<ChangedRows> {
    if request.positions.is_empty() || request.positions.len() > MAX_BULK {
        return Err(ApiError::invalid(
            "positions",
            "must have 1 to 1000 positions",
        ));
    }
    let mut places: BTreeMap<i64, Vec<i64>> = BTreeMap::new();
    for position in request.positions {
        let number = position.div_euclid(SEGMENT_SIZE);
        places
            .entry(number)
            .or_default()
            .push(position.rem_euclid(SEGMENT_SIZE));
    }
    let dataset = find(app, access, dataset_id).await?;
    let mut change = Change::begin_in(app, access).await?;
    row_lists::lock(change.tx(), dataset.draft, 0).await?;
    let mut changed = 0;
    for (number, places) in places {
        let position = number.saturating_mul(SEGMENT_SIZE);
        let found = find_segment(change.tx(), dataset.draft, position).await?;
        let segment = thaw(app, change.tx(), dataset.draft, found).await?;
        changed +=
            segment_rows::set_coverage(change.tx(), segment, &places, request.coverage).await?;
    }
    let changed = i64::try_from(changed).unwrap_or(i64::MAX);
    let detail = format!(
        "{changed} rows of {}: {}",
        dataset.dataset.name, request.coverage
    );
    change
        .commit("set_coverage", format!("dataset {dataset_id}"), &detail)
        .await?;
    Ok(ChangedRows { changed })
}

async fn commit(
    change: Change<'_>,
    action: &str,
    dataset: &DatasetRecord,
    position: i64,
) -> ApiResult<()> {
    let subject = format!("dataset {}", dataset.dataset.id);
    let detail = format!("{}, position {position}", dataset.dataset.name);
    change.commit(action, subject, &detail).await
}

/// Stores the content of a row that a person sent.
async fn store_row(tx: &mut Tx, row: Row) -> ApiResult<NewSegmentRow> {
    for (field, words) in [("row.tags", &row.tags), ("row.clauses", &row.clauses)] {
        let too_long = words
            .iter()
            .any(|word| word.trim().is_empty() || word.chars().count() > MAX_WORDS);
        if words.len() > MAX_WORDS || too_long {
            return Err(ApiError::invalid(
                field,
                "at most 100 of 1 to 100 characters each",
            ));
        }
    }
    let prepared = prepare(row).map_err(|why| ApiError::invalid("row.content", why))?;
    let ids = row_contents::put(tx, std::slice::from_ref(&prepared.content)).await?;
    let (row_id, _) = *ids
        .get(&prepared.content.hash)
        .ok_or_else(|| StoreError::corrupt("a row that was just stored is missing"))?;
    Ok(NewSegmentRow {
        row_id,
        ..prepared.rest
    })
}

/// The segment to put one more row into, and its number; the row gets its place.
async fn find_end(
    app: &App,
    tx: &mut Tx,
    draft: RowListId,
    row: &mut NewSegmentRow,
) -> ApiResult<(i64, SegmentId)> {
    let state = row_lists::state(tx, draft).await?;
    let last = state.map_or(-1, |state| state.next_number - 1);
    if let Some(found) = row_lists::segment(tx, draft, last).await?
        && !found.frozen
    {
        let place = segment_rows::last_place(tx, found.segment)
            .await?
            .unwrap_or(-1)
            + 1;
        if place < SEGMENT_SIZE {
            row.place = place;
            return Ok((found.number, found.segment));
        }
    }
    row.place = 0;
    let segment: SegmentId = app.context.id();
    let number = row_lists::append_segment(tx, draft, segment, None).await?;
    Ok((number, segment))
}

async fn find_segment(tx: &mut Tx, draft: RowListId, position: i64) -> ApiResult<ListSegment> {
    let number = position.div_euclid(SEGMENT_SIZE);
    let found = row_lists::segment(tx, draft, number).await?;
    found.ok_or(ApiError::NotFound("position in the draft"))
}

async fn find_row(
    tx: &mut Tx,
    draft: RowListId,
    position: i64,
) -> ApiResult<(ListSegment, SegmentRow)> {
    let segment = find_segment(tx, draft, position).await?;
    let place = position.rem_euclid(SEGMENT_SIZE);
    let row = segment_rows::get(tx, segment.segment, place).await?;
    Ok((segment, row.ok_or(ApiError::NotFound("row in the draft"))?))
}

/// The segment itself, or a copy in its place if a version holds it.
async fn thaw(
    app: &App,
    tx: &mut Tx,
    draft: RowListId,
    found: ListSegment,
) -> Result<SegmentId, StoreError> {
    if !found.frozen {
        return Ok(found.segment);
    }
    let copy: SegmentId = app.context.id();
    row_lists::copy_segment(tx, draft, found, copy).await?;
    Ok(copy)
}

async fn get_row(app: &App, draft: RowListId, position: i64) -> ApiResult<DatasetRow> {
    let mut tx = app.store.read().await?;
    let (segment, row) = find_row(&mut tx, draft, position).await?;
    Ok(super::dataset_rows::show(row, segment.number, None)?)
}
