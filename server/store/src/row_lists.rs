//! Ordered lists of rows, cut into segments.
//!
//! A list is the draft of a dataset or what a version has frozen. Lists share segments: cutting a
//! version copies references, and a draft copies a frozen segment only when one of its rows is
//! edited. A row's position is the number of its segment times [`SEGMENT_SIZE`] plus its place in
//! it, so positions stay when other rows come and go.
//!
//! Every change of a draft begins with [`lock`] or [`append_segment`], which makes the changes of
//! one draft wait for each other.

use shared::ids::ImportId;
use sqlx::FromRow;
use uuid::Uuid;

use crate::{Result, Tx};

/// The most rows of a segment.
pub const SEGMENT_SIZE: i64 = 1000;

/// A list of rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RowListId(Uuid);

/// A segment of lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SegmentId(Uuid);

macro_rules! uuid_newtype {
    ($($name:ident)+) => { $(
        impl $name {
            /// The id as a plain UUID.
            #[must_use]
            pub const fn as_uuid(self) -> Uuid {
                self.0
            }
        }

        impl From<Uuid> for $name {
            fn from(uuid: Uuid) -> Self {
                Self(uuid)
            }
        }
    )+ };
}
uuid_newtype!(RowListId SegmentId);

/// A segment at its place in a list.
#[derive(Clone, Copy, Debug)]
pub struct ListSegment {
    /// Its number in the list.
    pub number: i64,
    /// The segment.
    pub segment: SegmentId,
    /// Whether a version holds it, so that it may not change.
    pub frozen: bool,
}

/// Where a list stands.
#[derive(Clone, Copy, Debug, FromRow, PartialEq, Eq)]
pub struct ListState {
    /// How often it was changed.
    pub revision: i64,
    /// How many rows it has.
    pub row_count: i64,
    /// The number that its next segment gets.
    pub next_number: i64,
}

#[derive(FromRow)]
struct ListSegmentRow {
    number: i64,
    segment_id: Uuid,
    frozen: bool,
}

impl From<ListSegmentRow> for ListSegment {
    fn from(row: ListSegmentRow) -> Self {
        Self {
            number: row.number,
            segment: row.segment_id.into(),
            frozen: row.frozen,
        }
    }
}

/// Adds an empty list.
pub async fn insert(tx: &mut Tx, id: RowListId) -> Result<()> {
    const SQL: &str =
        "INSERT INTO row_lists (id, revision, row_count, next_number) VALUES ($1, 0, 0, 0)";
    on_db!(tx, |conn| sqlx::query(SQL)
        .bind(id.0)
        .execute(conn)
        .await
        .map(|_| ()))?;
    Ok(())
}

/// Where a list stands.
pub async fn state(tx: &mut Tx, id: RowListId) -> Result<Option<ListState>> {
    const SQL: &str = "SELECT revision, row_count, next_number FROM row_lists WHERE id = $1";
    Ok(on_db!(tx, |conn| sqlx::query_as(SQL)
        .bind(id.0)
        .fetch_optional(conn)
        .await)?)
}

/// Begins a change of a draft that adds `added` rows, or takes some away if it is negative; other
/// changes of the same draft wait until the transaction ends. Answers its state after that.
pub async fn lock(tx: &mut Tx, id: RowListId, added: i64) -> Result<ListState> {
    const SQL: &str = "UPDATE row_lists SET revision = revision + 1, row_count = row_count + $2
         WHERE id = $1 RETURNING revision, row_count, next_number";
    Ok(on_db!(tx, |conn| sqlx::query_as(SQL)
        .bind(id.0)
        .bind(added)
        .fetch_one(conn)
        .await)?)
}

/// Changes the count of a locked list.
pub async fn add_to_count(tx: &mut Tx, id: RowListId, added: i64) -> Result<()> {
    const SQL: &str = "UPDATE row_lists SET row_count = row_count + $2 WHERE id = $1";
    on_db!(tx, |conn| sqlx::query(SQL)
        .bind(id.0)
        .bind(added)
        .execute(conn)
        .await
        .map(|_| ()))?;
    Ok(())
}

/// Puts a new, empty segment at the end of a draft; answers its number.
pub async fn append_segment(
    tx: &mut Tx,
    list: RowListId,
    segment: SegmentId,
    import_id: Option<ImportId>,
) -> Result<i64> {
    const NEXT: &str = "UPDATE row_lists SET revision = revision + 1, next_number = next_number + 1
         WHERE id = $1 RETURNING next_number - 1";
    const LINK: &str =
        "INSERT INTO list_segments (list_id, number, segment_id) VALUES ($1, $2, $3)";
    let number: i64 = on_db!(tx, |conn| sqlx::query_scalar(NEXT)
        .bind(list.0)
        .fetch_one(conn)
        .await)?;
    insert_segment(tx, segment, import_id).await?;
    on_db!(tx, |conn| sqlx::query(LINK)
        .bind(list.0)
        .bind(number)
        .bind(segment.0)
        .execute(conn)
        .await
        .map(|_| ()))?;
    Ok(number)
}

async fn insert_segment(tx: &mut Tx, id: SegmentId, import_id: Option<ImportId>) -> Result<()> {
    const SQL: &str = "INSERT INTO segments (id, import_id, frozen) VALUES ($1, $2, FALSE)";
    on_db!(tx, |conn| sqlx::query(SQL)
        .bind(id.0)
        .bind(import_id.map(ImportId::as_uuid))
        .execute(conn)
        .await
        .map(|_| ()))?;
    Ok(())
}

/// The segments of a list from a number on, at most `limit`.
pub async fn segments_from(
    tx: &mut Tx,
    list: RowListId,
    number: i64,
    limit: i64,
) -> Result<Vec<ListSegment>> {
    const SQL: &str = "SELECT ls.number, ls.segment_id, s.frozen
         FROM list_segments ls JOIN segments s ON s.id = ls.segment_id
         WHERE ls.list_id = $1 AND ls.number >= $2 ORDER BY ls.number LIMIT $3";
    let rows: Vec<ListSegmentRow> = on_db!(tx, |conn| sqlx::query_as(SQL)
        .bind(list.0)
        .bind(number)
        .bind(limit)
        .fetch_all(conn)
        .await)?;
    Ok(rows.into_iter().map(Into::into).collect())
}

/// The segment of a list with a number.
pub async fn segment(tx: &mut Tx, list: RowListId, number: i64) -> Result<Option<ListSegment>> {
    let found = segments_from(tx, list, number, 1).await?;
    Ok(found.into_iter().find(|segment| segment.number == number))
}

/// Puts a copy of a frozen segment in its place in a draft.
pub async fn copy_segment(
    tx: &mut Tx,
    list: RowListId,
    original: ListSegment,
    copy: SegmentId,
) -> Result<()> {
    const SEGMENT: &str = "INSERT INTO segments (id, import_id, frozen)
         SELECT $2, import_id, FALSE FROM segments WHERE id = $1";
    const ROWS: &str = "INSERT INTO segment_rows
             (segment_id, place, row_id, coverage, source, attributes)
         SELECT $2, place, row_id, coverage, source, attributes
         FROM segment_rows WHERE segment_id = $1";
    const LINK: &str =
        "UPDATE list_segments SET segment_id = $3 WHERE list_id = $1 AND number = $2";
    for sql in [SEGMENT, ROWS] {
        on_db!(tx, |conn| sqlx::query(sql)
            .bind(original.segment.0)
            .bind(copy.0)
            .execute(conn)
            .await
            .map(|_| ()))?;
    }
    on_db!(tx, |conn| sqlx::query(LINK)
        .bind(list.0)
        .bind(original.number)
        .bind(copy.0)
        .execute(conn)
        .await
        .map(|_| ()))?;
    Ok(())
}

/// Freezes the segments of a locked draft and makes a list of them.
pub async fn freeze(tx: &mut Tx, draft: RowListId, list: RowListId) -> Result<()> {
    const LIST: &str = "INSERT INTO row_lists (id, revision, row_count, next_number)
         SELECT $2, 0, row_count, next_number FROM row_lists WHERE id = $1";
    const LINKS: &str = "INSERT INTO list_segments (list_id, number, segment_id)
         SELECT $2, number, segment_id FROM list_segments WHERE list_id = $1";
    const FREEZE: &str = "UPDATE segments SET frozen = TRUE WHERE frozen = FALSE
         AND id IN (SELECT segment_id FROM list_segments WHERE list_id = $1)";
    for sql in [LIST, LINKS] {
        on_db!(tx, |conn| sqlx::query(sql)
            .bind(draft.0)
            .bind(list.0)
            .execute(conn)
            .await
            .map(|_| ()))?;
    }
    on_db!(tx, |conn| sqlx::query(FREEZE)
        .bind(draft.0)
        .execute(conn)
        .await
        .map(|_| ()))?;
    Ok(())
}

/// The segments of a draft that an import has made, at most `limit`.
pub async fn segments_of_import(
    tx: &mut Tx,
    list: RowListId,
    import_id: ImportId,
    limit: i64,
) -> Result<Vec<ListSegment>> {
    const SQL: &str = "SELECT ls.number, ls.segment_id, s.frozen
         FROM segments s JOIN list_segments ls ON ls.segment_id = s.id
         WHERE s.import_id = $2 AND ls.list_id = $1 ORDER BY ls.number LIMIT $3";
    let rows: Vec<ListSegmentRow> = on_db!(tx, |conn| sqlx::query_as(SQL)
        .bind(list.0)
        .bind(import_id.as_uuid())
        .bind(limit)
        .fetch_all(conn)
        .await)?;
    Ok(rows.into_iter().map(Into::into).collect())
}

/// Takes a segment out of a locked draft, and removes it unless a version holds it. Its rows are
/// no longer counted.
pub async fn remove_segment(tx: &mut Tx, list: RowListId, segment: ListSegment) -> Result<()> {
    const COUNT: &str = "UPDATE row_lists SET row_count = row_count
             - (SELECT COUNT(*) FROM segment_rows WHERE segment_id = $2) WHERE id = $1";
    const UNLINK: &str = "DELETE FROM list_segments WHERE list_id = $1 AND segment_id = $2";
    const DELETE: &str = "DELETE FROM segments WHERE id = $1";
    for sql in [COUNT, UNLINK] {
        on_db!(tx, |conn| sqlx::query(sql)
            .bind(list.0)
            .bind(segment.segment.0)
            .execute(conn)
            .await
            .map(|_| ()))?;
    }
    if !segment.frozen {
        on_db!(tx, |conn| sqlx::query(DELETE)
            .bind(segment.segment.0)
            .execute(conn)
            .await
            .map(|_| ()))?;
    }
    Ok(())
}
