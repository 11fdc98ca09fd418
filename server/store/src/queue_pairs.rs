//! The pairs of queues with the judgements on them, for those who make and read queues.

use shared::{
    ids::{PairId, QueueId},
    message::Message,
    queue::NewPair,
};
use sqlx::FromRow;
use uuid::Uuid;

use crate::{Result, StoreError, Tx, json};

/// A pair as it is stored.
#[derive(Clone, Debug)]
pub struct StoredPair {
    /// The pair.
    pub id: PairId,
    /// What it says.
    pub pair: NewPair,
    /// Whether it waits for an engineer.
    pub flagged: bool,
}

#[derive(FromRow)]
struct PairRow {
    id: Uuid,
    messages: String,
    response_a: String,
    response_b: String,
    source_a: String,
    source_b: String,
    flagged: bool,
}

impl TryFrom<PairRow> for StoredPair {
    type Error = StoreError;

    fn try_from(row: PairRow) -> Result<Self> {
        let messages: Vec<Message> = json::decode(&row.messages)?;
        Ok(Self {
            id: row.id.into(),
            pair: NewPair {
                messages,
                response_a: row.response_a,
                response_b: row.response_b,
                source_a: row.source_a,
                source_b: row.source_b,
            },
            flagged: row.flagged,
        })
    }
}

/// The pairs of a queue in the order in which they were added, after the pair `after`; all of them,
/// or those that wait for an engineer.
pub async fn list(
    tx: &mut Tx,
    queue_id: QueueId,
    only_flagged: bool,
    after: Option<PairId>,
    limit: u32,
) -> Result<Vec<StoredPair>> {
    const SQL: &str =
        "SELECT id, messages, response_a, response_b, source_a, source_b, flagged FROM pairs
         WHERE queue_id = $1 AND id > $2 AND (flagged OR NOT $3) ORDER BY id LIMIT $4";
    let rows: Vec<PairRow> = on_db!(tx, |conn| sqlx::query_as(SQL)
        .bind(queue_id.as_uuid())
        .bind(after.map_or(Uuid::nil(), PairId::as_uuid))
        .bind(only_flagged)
        .bind(i64::from(limit))
        .fetch_all(conn)
        .await)?;
    rows.into_iter().map(TryInto::try_into).collect()
}
