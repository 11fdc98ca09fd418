//! Rows on their way into a draft, a batch at a time.

use std::collections::HashSet;

use shared::{dataset::Row, ids::ImportId};
use store::{
    Tx,
    imports::Outcome,
    row_contents::{self, NewContent},
    row_lists::{self, RowListId, SEGMENT_SIZE, SegmentId},
    segment_rows::{self, Attributes, NewSegmentRow},
};

use crate::{app::App, formats::content};

/// The most rows of a batch: they become one segment.
pub const BATCH_ROWS: usize = 1000;

const _: () = assert!(BATCH_ROWS as u64 == SEGMENT_SIZE.unsigned_abs());

/// A row, ready to be stored.
#[derive(Clone, Debug)]
pub struct PreparedRow {
    /// Its content.
    pub content: NewContent,
    /// The rest; the place and the content's id are filled in when it is placed.
    pub rest: NewSegmentRow,
}

/// How a batch is placed.
#[derive(Clone, Copy, Debug)]
pub struct Placement {
    /// The draft.
    pub draft: RowListId,
    /// The import that brings the rows.
    pub import_id: Option<ImportId>,
    /// Whether rows are left out whose content the draft has.
    pub skip_duplicates: bool,
}

/// Makes a row ready, or says what is wrong with its content.
pub fn prepare(row: Row) -> Result<PreparedRow, String> {
    content::check(&row.content)?;
    Ok(PreparedRow {
        content: content::to_stored(&row.content)?,
        rest: NewSegmentRow {
            place: 0,
            row_id: 0,
            coverage: row.coverage,
            source: row.provenance.source,
            attributes: Attributes {
                tags: row.tags,
                clauses: row.clauses,
                detail: row.provenance.detail,
                data: row.data,
            },
        },
    })
}

/// Puts at most [`BATCH_ROWS`] rows at the end of a draft, as a segment of their own.
pub async fn append(
    app: &App,
    tx: &mut Tx,
    placement: Placement,
    rows: Vec<PreparedRow>,
) -> store::error::Result<Outcome> {
    let (contents, rests): (Vec<_>, Vec<_>) =
        rows.into_iter().map(|row| (row.content, row.rest)).unzip();
    let ids = row_contents::put(tx, &contents).await?;
    let old: Vec<i64> = ids
        .values()
        .filter(|(_, new)| !new)
        .map(|(id, _)| *id)
        .collect();
    let mut present: HashSet<i64> = segment_rows::present(tx, placement.draft, &old).await?;
    let mut placed = Vec::with_capacity(rests.len());
    let mut duplicates = 0;
    for (content, rest) in contents.iter().zip(rests) {
        let Some((row_id, _)) = ids.get(&content.hash).copied() else {
            return Err(store::StoreError::corrupt(
                "a row that was just stored is missing",
            ));
        };
        let duplicate = !present.insert(row_id);
        duplicates += i64::from(duplicate);
        if !(duplicate && placement.skip_duplicates) {
            let place = count(placed.len());
            placed.push(NewSegmentRow {
                place,
                row_id,
                ..rest
            });
        }
    }
    if !placed.is_empty() {
        let segment: SegmentId = app.context.id();
        row_lists::append_segment(tx, placement.draft, segment, placement.import_id).await?;
        row_lists::add_to_count(tx, placement.draft, count(placed.len())).await?;
        segment_rows::insert(tx, segment, &placed).await?;
    }
    Ok(Outcome {
        imported: count(placed.len()),
        duplicates,
        rejected: 0,
    })
}

/// A length as the database counts.
#[must_use]
pub fn count(length: usize) -> i64 {
    i64::try_from(length).unwrap_or(i64::MAX)
}
