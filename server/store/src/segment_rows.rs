//! The rows of segments: which content stands at which place, and what is said of it there.

use std::collections::HashSet;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use shared::{
    coverage::Coverage,
    dataset::{Provenance, Row, RowContent, RowKind, RowSource},
};
use sqlx::{FromRow, QueryBuilder};

use crate::{
    Result, StoreError, Tx, json,
    row_contents::{RowHash, to_hash},
    row_lists::{RowListId, SegmentId},
};

/// Rows of a statement.
const CHUNK: usize = 500;

/// A row to be placed.
#[derive(Clone, Debug)]
pub struct NewSegmentRow {
    /// Its place in the segment.
    pub place: i64,
    /// The id of its content.
    pub row_id: i64,
    /// What it covers.
    pub coverage: Coverage,
    /// The kind of its source.
    pub source: RowSource,
    /// What else is said of it.
    pub attributes: Attributes,
}

/// What is said of a row and never asked for in a statement.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attributes {
    /// Words to find it by.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// The keys of the clauses that it exercises.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub clauses: Vec<String>,
    /// Which source exactly.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub detail: String,
    /// Columns without a use.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub data: Map<String, Value>,
}

/// A row as it is stored, without its content.
#[derive(Clone, Debug)]
pub struct RowHead {
    /// Its place in the segment.
    pub place: i64,
    /// The hash of its content.
    pub hash: RowHash,
    /// The kind of its content.
    pub kind: RowKind,
    /// A number that rows with the same prompt share.
    pub prompt_key: i64,
    /// What it covers.
    pub coverage: Coverage,
    /// The kind of its source.
    pub source: RowSource,
    /// What else is said of it.
    pub attributes: Attributes,
}

/// A row as it is stored, its content still text.
#[derive(Clone, Debug)]
pub struct SegmentRow {
    /// All but its content.
    pub head: RowHead,
    /// Its canonical JSON.
    pub content: String,
}

#[derive(FromRow)]
struct StoredHead {
    place: i64,
    hash: Vec<u8>,
    kind: String,
    prompt_key: i64,
    coverage: String,
    source: String,
    attributes: String,
}

#[derive(FromRow)]
struct StoredRow {
    #[sqlx(flatten)]
    head: StoredHead,
    content: String,
}

impl TryFrom<StoredHead> for RowHead {
    type Error = StoreError;

    fn try_from(row: StoredHead) -> Result<Self> {
        Ok(Self {
            place: row.place,
            hash: to_hash(row.hash)?,
            kind: row.kind.parse().map_err(StoreError::corrupt)?,
            prompt_key: row.prompt_key,
            coverage: row.coverage.parse().map_err(StoreError::corrupt)?,
            source: row.source.parse().map_err(StoreError::corrupt)?,
            attributes: json::decode(&row.attributes)?,
        })
    }
}

impl TryFrom<StoredRow> for SegmentRow {
    type Error = StoreError;

    fn try_from(row: StoredRow) -> Result<Self> {
        Ok(Self {
            head: row.head.try_into()?,
            content: row.content,
        })
    }
}

impl SegmentRow {
    /// The row, its content read.
    pub fn into_row(self) -> Result<Row> {
        let content = self.read_content()?;
        let RowHead {
            coverage,
            source,
            attributes,
            ..
        } = self.head;
        Ok(Row {
            content,
            coverage,
            tags: attributes.tags,
            clauses: attributes.clauses,
            provenance: Provenance {
                source,
                detail: attributes.detail,
            },
            data: attributes.data,
        })
    }

    /// Its content.
    pub fn read_content(&self) -> Result<RowContent> {
        json::decode(&self.content)
    }
}

/// Places rows in a segment that is not frozen.
pub async fn insert(tx: &mut Tx, segment: SegmentId, rows: &[NewSegmentRow]) -> Result<()> {
    const SQL: &str =
        "INSERT INTO segment_rows (segment_id, place, row_id, coverage, source, attributes) ";
    for chunk in rows.chunks(CHUNK) {
        let encoded = chunk
            .iter()
            .map(|row| json::encode(&row.attributes))
            .collect::<Result<Vec<_>>>()?;
        on_db!(tx, |conn| {
            let mut query = QueryBuilder::new(SQL);
            query.push_values(
                chunk.iter().zip(&encoded),
                |mut values, (row, attributes)| {
                    values
                        .push_bind(segment.as_uuid())
                        .push_bind(row.place)
                        .push_bind(row.row_id)
                        .push_bind(row.coverage.as_str())
                        .push_bind(row.source.as_str())
                        .push_bind(attributes);
                },
            );
            query.build().execute(conn).await.map(|_| ())
        })?;
    }
    Ok(())
}

/// Replaces the row at a place of a segment that is not frozen; false if there is none.
pub async fn update(tx: &mut Tx, segment: SegmentId, row: &NewSegmentRow) -> Result<bool> {
    const SQL: &str = "UPDATE segment_rows
         SET row_id = $3, coverage = $4, source = $5, attributes = $6
         WHERE segment_id = $1 AND place = $2";
    let attributes = json::encode(&row.attributes)?;
    let updated = on_db!(tx, |conn| sqlx::query(SQL)
        .bind(segment.as_uuid())
        .bind(row.place)
        .bind(row.row_id)
        .bind(row.coverage.as_str())
        .bind(row.source.as_str())
        .bind(attributes)
        .execute(conn)
        .await
        .map(|done| done.rows_affected()))?;
    Ok(updated > 0)
}

/// Sets the coverage of rows of a segment that is not frozen; answers how many were different.
pub async fn set_coverage(
    tx: &mut Tx,
    segment: SegmentId,
    places: &[i64],
    coverage: Coverage,
) -> Result<u64> {
    let mut changed = 0;
    for chunk in places.chunks(CHUNK) {
        changed += on_db!(tx, |conn| {
            let mut query = QueryBuilder::new("UPDATE segment_rows SET coverage = ");
            query.push_bind(coverage.as_str());
            query
                .push(" WHERE segment_id = ")
                .push_bind(segment.as_uuid());
            query.push(" AND coverage <> ").push_bind(coverage.as_str());
            query.push(" AND place IN (");
            let mut list = query.separated(", ");
            for place in chunk {
                list.push_bind(*place);
            }
            query.push(")");
            query
                .build()
                .execute(conn)
                .await
                .map(|done| done.rows_affected())
        })?;
    }
    Ok(changed)
}

/// Removes the row at a place of a segment that is not frozen; false if there is none.
pub async fn delete(tx: &mut Tx, segment: SegmentId, place: i64) -> Result<bool> {
    const SQL: &str = "DELETE FROM segment_rows WHERE segment_id = $1 AND place = $2";
    let deleted = on_db!(tx, |conn| sqlx::query(SQL)
        .bind(segment.as_uuid())
        .bind(place)
        .execute(conn)
        .await
        .map(|done| done.rows_affected()))?;
    Ok(deleted > 0)
}

/// The last taken place of a segment.
pub async fn last_place(tx: &mut Tx, segment: SegmentId) -> Result<Option<i64>> {
    const SQL: &str = "SELECT MAX(place) FROM segment_rows WHERE segment_id = $1";
    Ok(on_db!(tx, |conn| sqlx::query_scalar(SQL)
        .bind(segment.as_uuid())
        .fetch_one(conn)
        .await)?)
}

/// The rows of a segment from a place on, in their order.
pub async fn list_from(tx: &mut Tx, segment: SegmentId, place: i64) -> Result<Vec<SegmentRow>> {
    const SQL: &str = "SELECT r.place, c.hash, c.kind, c.prompt_key, c.content, r.coverage,
             r.source, r.attributes
         FROM segment_rows r JOIN row_contents c ON c.id = r.row_id
         WHERE r.segment_id = $1 AND r.place >= $2 ORDER BY r.place";
    let rows: Vec<StoredRow> = on_db!(tx, |conn| sqlx::query_as(SQL)
        .bind(segment.as_uuid())
        .bind(place)
        .fetch_all(conn)
        .await)?;
    rows.into_iter().map(TryInto::try_into).collect()
}

/// The rows of a segment without their contents, in their order.
pub async fn list_heads(tx: &mut Tx, segment: SegmentId) -> Result<Vec<RowHead>> {
    const SQL: &str = "SELECT r.place, c.hash, c.kind, c.prompt_key, r.coverage, r.source,
             r.attributes
         FROM segment_rows r JOIN row_contents c ON c.id = r.row_id
         WHERE r.segment_id = $1 ORDER BY r.place";
    let rows: Vec<StoredHead> = on_db!(tx, |conn| sqlx::query_as(SQL)
        .bind(segment.as_uuid())
        .fetch_all(conn)
        .await)?;
    rows.into_iter().map(TryInto::try_into).collect()
}

/// The row at a place of a segment.
pub async fn get(tx: &mut Tx, segment: SegmentId, place: i64) -> Result<Option<SegmentRow>> {
    const SQL: &str = "SELECT r.place, c.hash, c.kind, c.prompt_key, c.content, r.coverage,
             r.source, r.attributes
         FROM segment_rows r JOIN row_contents c ON c.id = r.row_id
         WHERE r.segment_id = $1 AND r.place = $2";
    let row: Option<StoredRow> = on_db!(tx, |conn| sqlx::query_as(SQL)
        .bind(segment.as_uuid())
        .bind(place)
        .fetch_optional(conn)
        .await)?;
    row.map(TryInto::try_into).transpose()
}

/// Which of these contents stand in a list already.
pub async fn present(tx: &mut Tx, list: RowListId, row_ids: &[i64]) -> Result<HashSet<i64>> {
    const SQL: &str = "SELECT DISTINCT r.row_id
         FROM segment_rows r JOIN list_segments l ON l.segment_id = r.segment_id
         WHERE l.list_id = ";
    let mut present = HashSet::new();
    for chunk in row_ids.chunks(CHUNK) {
        let found: Vec<i64> = on_db!(tx, |conn| {
            let mut query = QueryBuilder::new(SQL);
            query.push_bind(list.as_uuid()).push(" AND r.row_id IN (");
            let mut ids = query.separated(", ");
            for id in chunk {
                ids.push_bind(*id);
            }
            query.push(")");
            query.build_query_scalar().fetch_all(conn).await
        })?;
        present.extend(found);
    }
    Ok(present)
}
