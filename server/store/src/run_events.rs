//! What happened in runs, in order. What a later attempt tells anew is kept, but passed over by
//! every question of this file.

use chrono::{DateTime, Utc};
use shared::{
    ids::RunId,
    run::NumberedEvent,
    training::{EvaluationMetrics, RunEvent},
};
use sqlx::FromRow;
use uuid::Uuid;

use crate::{Result, StoreError, Tx, json};

#[derive(FromRow)]
struct EventRow {
    seq: i64,
    attempt: i64,
    at: DateTime<Utc>,
    event: String,
}

impl TryFrom<EventRow> for NumberedEvent {
    type Error = StoreError;

    fn try_from(row: EventRow) -> Result<Self> {
        Ok(Self {
            seq: row.seq,
            attempt: row.attempt,
            at: row.at,
            event: json::decode(&row.event)?,
        })
    }
}

fn read(rows: Vec<EventRow>) -> Result<Vec<NumberedEvent>> {
    rows.into_iter().map(TryInto::try_into).collect()
}

/// The place of a run's newest event; 0 without one.
pub async fn last_seq(tx: &mut Tx, run_id: RunId) -> Result<i64> {
    const SQL: &str = "SELECT COALESCE(MAX(seq), 0) FROM run_events WHERE run_id = $1";
    Ok(on_db!(tx, |conn| sqlx::query_scalar(SQL)
        .bind(run_id.as_uuid())
        .fetch_one(conn)
        .await)?)
}

/// How many events each attempt has told.
pub async fn count_by_attempt(tx: &mut Tx, run_id: RunId) -> Result<Vec<(i64, i64)>> {
    const SQL: &str = "SELECT attempt, COUNT(*) FROM run_events WHERE run_id = $1 GROUP BY attempt";
    Ok(on_db!(tx, |conn| sqlx::query_as(SQL)
        .bind(run_id.as_uuid())
        .fetch_all(conn)
        .await)?)
}

/// Adds an event. A taken place is a [`StoreError::Conflict`].
pub async fn insert(tx: &mut Tx, run_id: RunId, numbered: &NumberedEvent) -> Result<()> {
    const SQL: &str = "INSERT INTO run_events
             (run_id, seq, attempt, at, kind, step, superseded, event)
         VALUES ($1, $2, $3, $4, $5, $6, FALSE, $7)";
    let event = &numbered.event;
    let text = json::encode(event)?;
    let step = i64::try_from(event.step()).map_err(StoreError::corrupt)?;
    on_db!(tx, |conn| sqlx::query(SQL)
        .bind(run_id.as_uuid())
        .bind(numbered.seq)
        .bind(numbered.attempt)
        .bind(numbered.at)
        .bind(event.kind())
        .bind(step)
        .bind(&text)
        .execute(conn)
        .await
        .map(|_| ()))?;
    Ok(())
}

/// Passes over what earlier attempts told of the steps behind `from_step`, which `attempt` makes
/// anew. That they had begun is kept; that they had ended is not, because they did not.
pub async fn supersede(tx: &mut Tx, run_id: RunId, attempt: i64, from_step: i64) -> Result<()> {
    const SQL: &str = "UPDATE run_events SET superseded = TRUE
         WHERE run_id = $1 AND attempt < $2 AND kind <> 'started' AND NOT superseded
             AND (step > $3 OR $3 = 0 OR kind = 'finished')";
    on_db!(tx, |conn| sqlx::query(SQL)
        .bind(run_id.as_uuid())
        .bind(attempt)
        .bind(from_step)
        .execute(conn)
        .await
        .map(|_| ()))?;
    Ok(())
}

/// The events of a run behind a place, in their order.
pub async fn list_after(
    tx: &mut Tx,
    run_id: RunId,
    after: i64,
    limit: u32,
) -> Result<Vec<NumberedEvent>> {
    const SQL: &str = "SELECT seq, attempt, at, event FROM run_events
         WHERE run_id = $1 AND seq > $2 AND NOT superseded ORDER BY seq LIMIT $3";
    let rows: Vec<EventRow> = on_db!(tx, |conn| sqlx::query_as(SQL)
        .bind(run_id.as_uuid())
        .bind(after)
        .bind(i64::from(limit))
        .fetch_all(conn)
        .await)?;
    read(rows)
}

/// About `points` steps of a run up to a place, evenly spread, with its first and its last one.
pub async fn thinned_steps(
    tx: &mut Tx,
    run_id: RunId,
    until: i64,
    points: i64,
) -> Result<Vec<NumberedEvent>> {
    const RANGE: &str = "SELECT COALESCE(MIN(step), 0), COALESCE(MAX(step), 0) FROM run_events
         WHERE run_id = $1 AND kind = 'step' AND seq <= $2 AND NOT superseded";
    const SQL: &str = "SELECT seq, attempt, at, event FROM run_events
         WHERE run_id = $1 AND kind = 'step' AND seq <= $2 AND NOT superseded
             AND (step % $3 = 0 OR step = $4 OR step = $5)
         ORDER BY seq";
    let (first, last): (i64, i64) = on_db!(tx, |conn| sqlx::query_as(RANGE)
        .bind(run_id.as_uuid())
        .bind(until)
        .fetch_one(conn)
        .await)?;
    let stride = (last - first).max(0) / points.max(1) + 1;
    let rows: Vec<EventRow> = on_db!(tx, |conn| sqlx::query_as(SQL)
        .bind(run_id.as_uuid())
        .bind(until)
        .bind(stride)
        .bind(first)
        .bind(last)
        .fetch_all(conn)
        .await)?;
    read(rows)
}

/// Every event of a run up to a place that is no step, in their order.
pub async fn list_others(tx: &mut Tx, run_id: RunId, until: i64) -> Result<Vec<NumberedEvent>> {
    const SQL: &str = "SELECT seq, attempt, at, event FROM run_events
         WHERE run_id = $1 AND kind <> 'step' AND seq <= $2 AND NOT superseded ORDER BY seq";
    let rows: Vec<EventRow> = on_db!(tx, |conn| sqlx::query_as(SQL)
        .bind(run_id.as_uuid())
        .bind(until)
        .fetch_all(conn)
        .await)?;
    read(rows)
}

/// The newest step of a run, and every evaluation: what its summary is made of.
pub async fn measurements(
    tx: &mut Tx,
    run_id: RunId,
) -> Result<(Option<f64>, Vec<EvaluationMetrics>)> {
    const LAST: &str = "SELECT seq, attempt, at, event FROM run_events
         WHERE run_id = $1 AND kind = 'step' AND NOT superseded ORDER BY seq DESC LIMIT 1";
    const EVALUATIONS: &str = "SELECT seq, attempt, at, event FROM run_events
         WHERE run_id = $1 AND kind = 'evaluation' AND NOT superseded ORDER BY seq";
    let id: Uuid = run_id.as_uuid();
    let last: Vec<EventRow> = on_db!(tx, |conn| sqlx::query_as(LAST)
        .bind(id)
        .fetch_all(conn)
        .await)?;
    let evaluations: Vec<EventRow> = on_db!(tx, |conn| sqlx::query_as(EVALUATIONS)
        .bind(id)
        .fetch_all(conn)
        .await)?;
    let loss = read(last)?.into_iter().find_map(|one| match one.event {
        RunEvent::Step(step) => step.loss,
        _ => None,
    });
    let evaluations = read(evaluations)?
        .into_iter()
        .filter_map(|one| match one.event {
            RunEvent::Evaluation(metrics) => Some(metrics),
            _ => None,
        });
    Ok((loss, evaluations.collect()))
}
