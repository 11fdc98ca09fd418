//! The pairs of a queue with what was said of them.

use shared::{
    ids::{PairId, QueueId},
    page::Page,
    queue::{Choice, QueuePair, consensus},
};
use store::{judgements, queue_pairs};

use crate::{
    app::App,
    error::ApiResult,
    extract::{PageQuery, ProjectAccess, next_cursor},
    services::queues::find,
};

/// Lists pairs with their judgements: all of them, or those that wait for an engineer.
pub async fn list_pairs(
    app: &App,
    access: &ProjectAccess,
    id: QueueId,
    only_flagged: bool,
    page: PageQuery,
) -> ApiResult<Page<QueuePair>> {
    let mut tx = app.store.read().await?;
    let queue = find(&mut tx, access, id).await?;
    let after = page.after.map(PairId::from);
    let mut stored = queue_pairs::list(&mut tx, id, only_flagged, after, page.probe()).await?;
    let next = next_cursor(&mut stored, page.limit(), |pair| pair.id.as_uuid());
    let mut items = Vec::with_capacity(stored.len());
    for pair in stored {
        let judgements = judgements::list_of_pair(&mut tx, pair.id).await?;
        let choices: Vec<Choice> = judgements.iter().map(|made| made.choice).collect();
        items.push(QueuePair {
            id: pair.id,
            pair: pair.pair,
            flagged: pair.flagged,
            consensus: consensus(&choices, queue.overlap),
            judgements,
        });
    }
    Ok(Page { items, next })
}
