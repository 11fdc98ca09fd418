//! Judgements of pairs.

use chrono::{DateTime, Utc};
use shared::{
    ids::{JudgementId, PairId, QueueId, SlotId, UserId},
    queue::{Choice, Judgement},
};
use sqlx::FromRow;
use uuid::Uuid;

use crate::{Result, StoreError, Tx, json};

#[derive(FromRow)]
struct JudgementRow {
    id: Uuid,
    pair_id: Uuid,
    annotator_id: Uuid,
    choice: String,
    strongly: bool,
    a_was_left: bool,
    clauses: String,
    note: String,
    elapsed_ms: i64,
    created_at: DateTime<Utc>,
}

impl TryFrom<JudgementRow> for Judgement {
    type Error = StoreError;

    fn try_from(row: JudgementRow) -> Result<Self> {
        Ok(Self {
            id: row.id.into(),
            pair_id: row.pair_id.into(),
            annotator_id: row.annotator_id.into(),
            choice: parse_choice(&row.choice)?,
            strongly: row.strongly,
            a_was_left: row.a_was_left,
            clauses: json::decode(&row.clauses)?,
            note: row.note,
            elapsed_ms: row.elapsed_ms,
            created_at: row.created_at,
        })
    }
}

fn parse_choice(text: &str) -> Result<Choice> {
    text.parse().map_err(StoreError::corrupt)
}

/// Adds a judgement that fills a slot, or none. A second one of the same annotator on the same pair
/// is a [`StoreError::Conflict`].
pub async fn insert(tx: &mut Tx, judgement: &Judgement, slot_id: Option<SlotId>) -> Result<()> {
    const SQL: &str = "INSERT INTO judgements (id, pair_id, slot_id, annotator_id, repetition,
             choice, strongly, a_was_left, clauses, note, elapsed_ms, created_at)
         VALUES ($1, $2, $3, $4, 1, $5, $6, $7, $8, $9, $10, $11)";
    let clauses = json::encode(&judgement.clauses)?;
    on_db!(tx, |conn| sqlx::query(SQL)
        .bind(judgement.id.as_uuid())
        .bind(judgement.pair_id.as_uuid())
        .bind(slot_id.map(SlotId::as_uuid))
        .bind(judgement.annotator_id.as_uuid())
        .bind(judgement.choice.as_str())
        .bind(judgement.strongly)
        .bind(judgement.a_was_left)
        .bind(&clauses)
        .bind(&judgement.note)
        .bind(judgement.elapsed_ms)
        .bind(judgement.created_at)
        .execute(conn)
        .await
        .map(|_| ()))?;
    Ok(())
}

/// Deletes an annotator's own judgement in a queue. Answers its pair, the slot that it filled and
/// what it said.
pub async fn delete_own(
    tx: &mut Tx,
    queue_id: QueueId,
    id: JudgementId,
    annotator_id: UserId,
) -> Result<Option<(PairId, Option<SlotId>, Choice)>> {
    const SQL: &str = "DELETE FROM judgements WHERE id = $1 AND annotator_id = $2
             AND pair_id IN (SELECT id FROM pairs WHERE queue_id = $3)
         RETURNING pair_id, slot_id, choice";
    let row: Option<(Uuid, Option<Uuid>, String)> = on_db!(tx, |conn| sqlx::query_as(SQL)
        .bind(id.as_uuid())
        .bind(annotator_id.as_uuid())
        .bind(queue_id.as_uuid())
        .fetch_optional(conn)
        .await)?;
    row.map(|(pair_id, slot_id, choice)| {
        Ok((
            pair_id.into(),
            slot_id.map(Into::into),
            parse_choice(&choice)?,
        ))
    })
    .transpose()
}

/// How many pairs of a queue an annotator has judged, skips and flags not counted.
pub async fn count_of_annotator(
    tx: &mut Tx,
    queue_id: QueueId,
    annotator_id: UserId,
) -> Result<i64> {
    const SQL: &str = "SELECT COUNT(*) FROM judgements j JOIN pairs p ON p.id = j.pair_id
         WHERE p.queue_id = $1 AND j.annotator_id = $2 AND j.slot_id IS NOT NULL";
    Ok(on_db!(tx, |conn| sqlx::query_scalar(SQL)
        .bind(queue_id.as_uuid())
        .bind(annotator_id.as_uuid())
        .fetch_one(conn)
        .await)?)
}

/// The judgements of a queue, in the order of their making, after the judgement `after`.
pub async fn list_of_queue(
    tx: &mut Tx,
    queue_id: QueueId,
    after: Option<JudgementId>,
    limit: u32,
) -> Result<Vec<Judgement>> {
    const SQL: &str = "SELECT j.* FROM judgements j JOIN pairs p ON p.id = j.pair_id
         WHERE p.queue_id = $1 AND j.id > $2 ORDER BY j.id LIMIT $3";
    let rows: Vec<JudgementRow> = on_db!(tx, |conn| sqlx::query_as(SQL)
        .bind(queue_id.as_uuid())
        .bind(after.map_or(Uuid::nil(), JudgementId::as_uuid))
        .bind(i64::from(limit))
        .fetch_all(conn)
        .await)?;
    rows.into_iter().map(TryInto::try_into).collect()
}

/// The judgements of a pair, in the order of their making.
pub async fn list_of_pair(tx: &mut Tx, pair_id: PairId) -> Result<Vec<Judgement>> {
    const SQL: &str = "SELECT * FROM judgements WHERE pair_id = $1 ORDER BY id";
    let rows: Vec<JudgementRow> = on_db!(tx, |conn| sqlx::query_as(SQL)
        .bind(pair_id.as_uuid())
        .fetch_all(conn)
        .await)?;
    rows.into_iter().map(TryInto::try_into).collect()
}

/// The verdicts on each pair of a queue, in the order of the pairs, skips and flags included.
pub async fn choices_by_pair(tx: &mut Tx, queue_id: QueueId) -> Result<Vec<(PairId, Vec<Choice>)>> {
    const SQL: &str =
        "SELECT p.id, j.choice FROM pairs p LEFT JOIN judgements j ON j.pair_id = p.id
         WHERE p.queue_id = $1 ORDER BY p.position, j.id";
    let rows: Vec<(Uuid, Option<String>)> = on_db!(tx, |conn| sqlx::query_as(SQL)
        .bind(queue_id.as_uuid())
        .fetch_all(conn)
        .await)?;
    let mut pairs: Vec<(PairId, Vec<Choice>)> = Vec::new();
    for (id, choice) in rows {
        if pairs.last().is_none_or(|(last, _)| last.as_uuid() != id) {
            pairs.push((id.into(), Vec::new()));
        }
        if let (Some(choice), Some((_, choices))) = (choice, pairs.last_mut()) {
            choices.push(parse_choice(&choice)?);
        }
    }
    Ok(pairs)
}
