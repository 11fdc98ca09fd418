//! The places of judgements: reserved for an annotator for a while, filled once.
//!
//! Every statement that takes or fills a place names its state in its `WHERE`, so of two that race
//! one changes nothing.

use chrono::{DateTime, Utc};
use shared::{
    ids::{PairId, QueueId, SlotId, UserId},
    message::Message,
};
use sqlx::FromRow;
use uuid::Uuid;

use crate::{Result, Tx, dialect, json};

/// A place that is held for an annotator, with its pair.
#[derive(Clone, Debug)]
pub struct Reservation {
    /// The place.
    pub slot_id: SlotId,
    /// The pair.
    pub pair_id: PairId,
    /// What was asked.
    pub messages: Vec<Message>,
    /// Response A.
    pub response_a: String,
    /// Response B.
    pub response_b: String,
    /// Until when it is held.
    pub reserved_until: DateTime<Utc>,
}

#[derive(FromRow)]
struct ReservationRow {
    slot_id: Uuid,
    pair_id: Uuid,
    messages: String,
    response_a: String,
    response_b: String,
    reserved_until: DateTime<Utc>,
}

impl TryFrom<ReservationRow> for Reservation {
    type Error = crate::StoreError;

    fn try_from(row: ReservationRow) -> Result<Self> {
        Ok(Self {
            slot_id: row.slot_id.into(),
            pair_id: row.pair_id.into(),
            messages: json::decode(&row.messages)?,
            response_a: row.response_a,
            response_b: row.response_b,
            reserved_until: row.reserved_until,
        })
    }
}

/// Holds the next place of a queue for an annotator: of a pair that is not flagged, that they have
/// not judged, and of which they hold no place. False if there is none.
pub async fn reserve(
    tx: &mut Tx,
    queue_id: QueueId,
    annotator_id: UserId,
    until: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<bool> {
    let sql = dialect::reserve_slot(tx);
    let reserved = on_db!(tx, |conn| sqlx::query(sql)
        .bind(queue_id.as_uuid())
        .bind(annotator_id.as_uuid())
        .bind(until)
        .bind(now)
        .execute(conn)
        .await
        .map(|done| done.rows_affected()))?;
    Ok(reserved > 0)
}

/// The places that are held for an annotator in a queue, in the order of the pairs.
pub async fn list_reserved(
    tx: &mut Tx,
    queue_id: QueueId,
    annotator_id: UserId,
    now: DateTime<Utc>,
) -> Result<Vec<Reservation>> {
    const SQL: &str = "SELECT s.id AS slot_id, s.pair_id, p.messages, p.response_a, p.response_b,
             s.reserved_until
         FROM slots s JOIN pairs p ON p.id = s.pair_id
         WHERE p.queue_id = $1 AND s.reserved_by = $2 AND s.reserved_until > $3
             AND NOT s.done AND NOT p.flagged
         ORDER BY p.position";
    let rows: Vec<ReservationRow> = on_db!(tx, |conn| sqlx::query_as(SQL)
        .bind(queue_id.as_uuid())
        .bind(annotator_id.as_uuid())
        .bind(now)
        .fetch_all(conn)
        .await)?;
    rows.into_iter().map(TryInto::try_into).collect()
}

/// The pair of a place in a queue.
pub async fn pair_of(tx: &mut Tx, queue_id: QueueId, id: SlotId) -> Result<Option<PairId>> {
    const SQL: &str = "SELECT s.pair_id FROM slots s JOIN pairs p ON p.id = s.pair_id
         WHERE p.queue_id = $1 AND s.id = $2";
    let pair: Option<Uuid> = on_db!(tx, |conn| sqlx::query_scalar(SQL)
        .bind(queue_id.as_uuid())
        .bind(id.as_uuid())
        .fetch_optional(conn)
        .await)?;
    Ok(pair.map(Into::into))
}

/// Fills a place that was held for an annotator, even if its time is up, as long as nobody else
/// took it. False if somebody did.
pub async fn fill(tx: &mut Tx, id: SlotId, annotator_id: UserId) -> Result<bool> {
    const SQL: &str = "UPDATE slots SET done = TRUE
         WHERE id = $1 AND reserved_by = $2 AND NOT done";
    let filled = on_db!(tx, |conn| sqlx::query(SQL)
        .bind(id.as_uuid())
        .bind(annotator_id.as_uuid())
        .execute(conn)
        .await
        .map(|done| done.rows_affected()))?;
    Ok(filled > 0)
}

/// Fills any place of a pair that nobody holds, for an annotator who lost theirs.
pub async fn fill_any(
    tx: &mut Tx,
    pair_id: PairId,
    annotator_id: UserId,
    now: DateTime<Utc>,
) -> Result<Option<SlotId>> {
    let sql = dialect::fill_free_slot(tx);
    let id: Option<Uuid> = on_db!(tx, |conn| sqlx::query_scalar(sql)
        .bind(pair_id.as_uuid())
        .bind(annotator_id.as_uuid())
        .bind(now)
        .fetch_optional(conn)
        .await)?;
    Ok(id.map(Into::into))
}

/// Gives up a place that is held for an annotator and not filled.
pub async fn release(tx: &mut Tx, id: SlotId, annotator_id: UserId) -> Result<()> {
    const SQL: &str = "UPDATE slots SET reserved_by = NULL, reserved_until = NULL
         WHERE id = $1 AND reserved_by = $2 AND NOT done";
    on_db!(tx, |conn| sqlx::query(SQL)
        .bind(id.as_uuid())
        .bind(annotator_id.as_uuid())
        .execute(conn)
        .await
        .map(|_| ()))?;
    Ok(())
}

/// Holds a filled place again: its judgement was undone.
pub async fn reopen(
    tx: &mut Tx,
    id: SlotId,
    annotator_id: UserId,
    until: DateTime<Utc>,
) -> Result<()> {
    const SQL: &str = "UPDATE slots SET done = FALSE, reserved_by = $2, reserved_until = $3
         WHERE id = $1 AND done";
    on_db!(tx, |conn| sqlx::query(SQL)
        .bind(id.as_uuid())
        .bind(annotator_id.as_uuid())
        .bind(until)
        .execute(conn)
        .await
        .map(|_| ()))?;
    Ok(())
}
