//! Queues, and the pairs in them.

use chrono::{DateTime, Utc};
use shared::{
    ids::{PairId, ProjectId, QueueId, SlotId},
    queue::{NewPair, Queue, QueueProgress},
};
use sqlx::FromRow;
use uuid::Uuid;

use crate::{Result, StoreError, Tx, json};

#[derive(FromRow)]
struct QueueRow {
    id: Uuid,
    name: String,
    spec_version_id: Option<Uuid>,
    overlap: i64,
    reservation_minutes: i64,
    created_at: DateTime<Utc>,
}

#[derive(FromRow)]
struct ProgressRow {
    pairs: i64,
    wanted: i64,
    done: i64,
    flagged: i64,
}

impl QueueRow {
    fn with_progress(self, progress: QueueProgress) -> Result<Queue> {
        Ok(Queue {
            id: self.id.into(),
            name: self.name,
            spec_version_id: self.spec_version_id.map(Into::into),
            overlap: u32::try_from(self.overlap).map_err(StoreError::corrupt)?,
            reservation_minutes: u32::try_from(self.reservation_minutes)
                .map_err(StoreError::corrupt)?,
            created_at: self.created_at,
            progress,
        })
    }
}

/// Adds a queue without pairs.
pub async fn insert(tx: &mut Tx, project_id: ProjectId, queue: &Queue) -> Result<()> {
    const SQL: &str = "INSERT INTO queues
             (id, project_id, name, spec_version_id, overlap, reservation_minutes, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7)";
    on_db!(tx, |conn| sqlx::query(SQL)
        .bind(queue.id.as_uuid())
        .bind(project_id.as_uuid())
        .bind(&queue.name)
        .bind(
            queue
                .spec_version_id
                .map(shared::ids::SpecVersionId::as_uuid)
        )
        .bind(i64::from(queue.overlap))
        .bind(i64::from(queue.reservation_minutes))
        .bind(queue.created_at)
        .execute(conn)
        .await
        .map(|_| ()))?;
    Ok(())
}

/// Adds a pair at a position. Its slots are added one by one, with [`insert_slot`].
pub async fn insert_pair(
    tx: &mut Tx,
    queue_id: QueueId,
    id: PairId,
    position: i64,
    pair: &NewPair,
) -> Result<()> {
    const SQL: &str = "INSERT INTO pairs (id, queue_id, position, messages, response_a, response_b,
             source_a, source_b, flagged)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, FALSE)";
    let messages = json::encode(&pair.messages)?;
    on_db!(tx, |conn| sqlx::query(SQL)
        .bind(id.as_uuid())
        .bind(queue_id.as_uuid())
        .bind(position)
        .bind(&messages)
        .bind(&pair.response_a)
        .bind(&pair.response_b)
        .bind(&pair.source_a)
        .bind(&pair.source_b)
        .execute(conn)
        .await
        .map(|_| ()))?;
    Ok(())
}

/// Adds the place of one judgement of a pair.
pub async fn insert_slot(tx: &mut Tx, pair_id: PairId, id: SlotId, slot: i64) -> Result<()> {
    const SQL: &str = "INSERT INTO slots (id, pair_id, slot, done) VALUES ($1, $2, $3, FALSE)";
    on_db!(tx, |conn| sqlx::query(SQL)
        .bind(id.as_uuid())
        .bind(pair_id.as_uuid())
        .bind(slot)
        .execute(conn)
        .await
        .map(|_| ()))?;
    Ok(())
}

/// The position after the last pair. The queue's row stays locked until the end of the transaction,
/// so that no two pairs get the same position.
pub async fn next_position(tx: &mut Tx, queue_id: QueueId) -> Result<i64> {
    const LOCK: &str = "UPDATE queues SET name = name WHERE id = $1";
    const SQL: &str = "SELECT COALESCE(MAX(position) + 1, 0) FROM pairs WHERE queue_id = $1";
    on_db!(tx, |conn| sqlx::query(LOCK)
        .bind(queue_id.as_uuid())
        .execute(conn)
        .await
        .map(|_| ()))?;
    Ok(on_db!(tx, |conn| sqlx::query_scalar(SQL)
        .bind(queue_id.as_uuid())
        .fetch_one(conn)
        .await)?)
}

/// How far a queue is.
pub async fn progress(tx: &mut Tx, queue_id: QueueId) -> Result<QueueProgress> {
    const SQL: &str = "SELECT
         (SELECT COUNT(*) FROM pairs WHERE queue_id = $1) AS pairs,
         (SELECT COUNT(*) FROM pairs WHERE queue_id = $1 AND flagged) AS flagged,
         (SELECT COUNT(*) FROM slots s JOIN pairs p ON p.id = s.pair_id
             WHERE p.queue_id = $1) AS wanted,
         (SELECT COUNT(*) FROM slots s JOIN pairs p ON p.id = s.pair_id
             WHERE p.queue_id = $1 AND s.done) AS done";
    let row: ProgressRow = on_db!(tx, |conn| sqlx::query_as(SQL)
        .bind(queue_id.as_uuid())
        .fetch_one(conn)
        .await)?;
    let ProgressRow {
        pairs,
        wanted,
        done,
        flagged,
    } = row;
    Ok(QueueProgress {
        pairs,
        wanted,
        done,
        flagged,
    })
}

/// The queues of a project, newest first.
pub async fn list(tx: &mut Tx, project_id: ProjectId) -> Result<Vec<Queue>> {
    const SQL: &str = "SELECT * FROM queues WHERE project_id = $1 ORDER BY id DESC";
    let rows: Vec<QueueRow> = on_db!(tx, |conn| sqlx::query_as(SQL)
        .bind(project_id.as_uuid())
        .fetch_all(conn)
        .await)?;
    let mut queues = Vec::with_capacity(rows.len());
    for row in rows {
        let progress = progress(tx, row.id.into()).await?;
        queues.push(row.with_progress(progress)?);
    }
    Ok(queues)
}

/// One queue of a project.
pub async fn get(tx: &mut Tx, project_id: ProjectId, id: QueueId) -> Result<Option<Queue>> {
    const SQL: &str = "SELECT * FROM queues WHERE project_id = $1 AND id = $2";
    let row: Option<QueueRow> = on_db!(tx, |conn| sqlx::query_as(SQL)
        .bind(project_id.as_uuid())
        .bind(id.as_uuid())
        .fetch_optional(conn)
        .await)?;
    let Some(row) = row else { return Ok(None) };
    let progress = progress(tx, id).await?;
    row.with_progress(progress).map(Some)
}

/// Marks a pair as waiting for an engineer, or as fit to be judged again.
pub async fn set_flagged(tx: &mut Tx, pair_id: PairId, flagged: bool) -> Result<()> {
    const SQL: &str = "UPDATE pairs SET flagged = $2 WHERE id = $1";
    on_db!(tx, |conn| sqlx::query(SQL)
        .bind(pair_id.as_uuid())
        .bind(flagged)
        .execute(conn)
        .await
        .map(|_| ()))?;
    Ok(())
}

/// Marks a pair as waiting for an engineer if an annotator's flag still stands, or else as fit.
pub async fn refresh_flagged(tx: &mut Tx, pair_id: PairId) -> Result<()> {
    const SQL: &str = "UPDATE pairs SET flagged = EXISTS (SELECT 1 FROM judgements
             WHERE pair_id = $1 AND choice = 'flag') WHERE id = $1";
    on_db!(tx, |conn| sqlx::query(SQL)
        .bind(pair_id.as_uuid())
        .execute(conn)
        .await
        .map(|_| ()))?;
    Ok(())
}
