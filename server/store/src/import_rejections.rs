//! The records of imported files that could not be made rows, every one of them.

use shared::{dataset::Rejection, ids::ImportId};
use sqlx::{FromRow, QueryBuilder};

use crate::{Result, Tx};

/// Rows of a statement.
const CHUNK: usize = 500;

#[derive(FromRow)]
struct RejectionRow {
    record: i64,
    line: i64,
    reason: String,
    excerpt: String,
}

impl From<RejectionRow> for Rejection {
    fn from(row: RejectionRow) -> Self {
        Self {
            record: row.record,
            line: row.line,
            reason: row.reason,
            excerpt: row.excerpt,
        }
    }
}

/// Adds rejections.
pub async fn insert(tx: &mut Tx, import_id: ImportId, rejections: &[Rejection]) -> Result<()> {
    const SQL: &str = "INSERT INTO import_rejections (import_id, record, line, reason, excerpt) ";
    for chunk in rejections.chunks(CHUNK) {
        on_db!(tx, |conn| {
            let mut query = QueryBuilder::new(SQL);
            query.push_values(chunk, |mut values, rejection| {
                values
                    .push_bind(import_id.as_uuid())
                    .push_bind(rejection.record)
                    .push_bind(rejection.line)
                    .push_bind(&rejection.reason)
                    .push_bind(&rejection.excerpt);
            });
            query.build().execute(conn).await.map(|_| ())
        })?;
    }
    Ok(())
}

/// The rejections of an import, in the order of the file, after a record.
pub async fn list_of_import(
    tx: &mut Tx,
    import_id: ImportId,
    after: i64,
    limit: u32,
) -> Result<Vec<Rejection>> {
    const SQL: &str = "SELECT record, line, reason, excerpt FROM import_rejections
         WHERE import_id = $1 AND record > $2 ORDER BY record LIMIT $3";
    let rows: Vec<RejectionRow> = on_db!(tx, |conn| sqlx::query_as(SQL)
        .bind(import_id.as_uuid())
        .bind(after)
        .bind(i64::from(limit))
        .fetch_all(conn)
        .await)?;
    Ok(rows.into_iter().map(Into::into).collect())
}
