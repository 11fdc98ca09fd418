//! Queues of pairs: made, filled, and what their judgements come to.

use shared::{
    error::FieldError,
    ids::{JudgementId, PairId, QueueId, SpecVersionId},
    page::Page,
    queue::{
        AddPairs, Consensus, CreateQueue, Judgement, MAX_OVERLAP, MAX_PAIRS_PER_REQUEST, NewPair,
        Queue, QueueProgress, QueueResults, consensus,
    },
};
use store::{Tx, judgements, queues, specs};

use crate::{
    app::App,
    error::{ApiError, ApiResult},
    extract::{PageQuery, ProjectAccess, next_cursor},
    services::change::Change,
};

/// The longest reservation, in minutes.
const MAX_RESERVATION_MINUTES: u32 = 24 * 60;

/// The queues of a project, newest first.
pub async fn list_queues(app: &App, access: &ProjectAccess) -> ApiResult<Vec<Queue>> {
    let mut tx = app.store.read().await?;
    Ok(queues::list(&mut tx, access.project_id()).await?)
}

/// One queue.
pub async fn get_queue(app: &App, access: &ProjectAccess, id: QueueId) -> ApiResult<Queue> {
    let mut tx = app.store.read().await?;
    find(&mut tx, access, id).await
}

/// One queue, within a transaction.
pub(super) async fn find(tx: &mut Tx, access: &ProjectAccess, id: QueueId) -> ApiResult<Queue> {
    let queue = queues::get(tx, access.project_id(), id).await?;
    queue.ok_or(ApiError::NotFound("queue"))
}

/// Makes a queue without pairs.
pub async fn create_queue(
    app: &App,
    access: &ProjectAccess,
    request: CreateQueue,
) -> ApiResult<Queue> {
    validate(&request)?;
    let mut change = Change::begin_in(app, access).await?;
    let queue = Queue {
        id: app.context.id(),
        name: request.name.trim().to_owned(),
        spec_version_id: spec_version(change.tx(), access, request.spec_version).await?,
        overlap: request.overlap,
        reservation_minutes: request.reservation_minutes,
        created_at: app.context.now(),
        progress: QueueProgress::default(),
    };
    queues::insert(change.tx(), access.project_id(), &queue).await?;
    change
        .commit("create_queue", format!("queue {}", queue.id), &queue.name)
        .await?;
    Ok(queue)
}

fn validate(request: &CreateQueue) -> ApiResult<()> {
    let mut errors = Vec::new();
    if request.name.trim().is_empty() || request.name.chars().count() > 100 {
        errors.push(FieldError::new("name", "must have 1 to 100 characters"));
    }
    if !(1..=MAX_OVERLAP).contains(&request.overlap) {
        errors.push(FieldError::new(
            "overlap",
            format!("must be from 1 to {MAX_OVERLAP}"),
        ));
    }
    if !(1..=MAX_RESERVATION_MINUTES).contains(&request.reservation_minutes) {
        let message = format!("must be from 1 to {MAX_RESERVATION_MINUTES}");
        errors.push(FieldError::new("reservation_minutes", message));
    }
    if errors.is_empty() {
        Ok(())
    } else {
        Err(ApiError::invalid_fields(errors))
    }
}

/// The version with this number, or the newest one, if the project has a spec.
async fn spec_version(
    tx: &mut Tx,
    access: &ProjectAccess,
    number: Option<i64>,
) -> ApiResult<Option<SpecVersionId>> {
    let Some(number) = number else {
        let latest = specs::latest(tx, access.project_id()).await?;
        return Ok(latest.map(|version| version.id));
    };
    let version = specs::get(tx, access.project_id(), number).await?;
    let missing = || ApiError::invalid("spec_version", format!("the spec has no version {number}"));
    version
        .map(|version| Some(version.summary.id))
        .ok_or_else(missing)
}

/// Adds pairs to a queue, each with its places for judgements.
pub async fn add_pairs(
    app: &App,
    access: &ProjectAccess,
    id: QueueId,
    request: AddPairs,
) -> ApiResult<Queue> {
    validate_pairs(&request.pairs)?;
    let mut change = Change::begin_in(app, access).await?;
    let queue = find(change.tx(), access, id).await?;
    insert_pairs(app, change.tx(), &queue, &request.pairs).await?;
    let progress = queues::progress(change.tx(), id).await?;
    let detail = format!("{} pairs to {}", request.pairs.len(), queue.name);
    change
        .commit("add_pairs", format!("queue {id}"), &detail)
        .await?;
    Ok(Queue { progress, ..queue })
}

/// Puts pairs at the end of a queue, each with its places for judgements.
pub async fn insert_pairs(
    app: &App,
    tx: &mut Tx,
    queue: &Queue,
    pairs: &[NewPair],
) -> store::error::Result<()> {
    let first = queues::next_position(tx, queue.id).await?;
    for (position, pair) in (first..).zip(pairs) {
        let pair_id: PairId = app.context.id();
        queues::insert_pair(tx, queue.id, pair_id, position, pair).await?;
        for slot in 0..i64::from(queue.overlap) {
            queues::insert_slot(tx, pair_id, app.context.id(), slot).await?;
        }
    }
    Ok(())
}

fn validate_pairs(pairs: &[NewPair]) -> ApiResult<()> {
    if pairs.is_empty() || pairs.len() > MAX_PAIRS_PER_REQUEST {
        return Err(ApiError::invalid(
            "pairs",
            format!("must be 1 to {MAX_PAIRS_PER_REQUEST}"),
        ));
    }
    let mut errors = Vec::new();
    for (index, pair) in pairs.iter().enumerate() {
        if pair
            .messages
            .iter()
            .all(|message| message.content.trim().is_empty())
        {
            let message = "must hold what was asked";
            errors.push(FieldError::new(format!("pairs.{index}.messages"), message));
        }
        if pair.response_a == pair.response_b {
            let message = "is the same as response_a, so there is nothing to judge";
            errors.push(FieldError::new(
                format!("pairs.{index}.response_b"),
                message,
            ));
        }
    }
    errors.truncate(50);
    if errors.is_empty() {
        Ok(())
    } else {
        Err(ApiError::invalid_fields(errors))
    }
}

/// Lets a flagged pair be judged again.
pub async fn unflag_pair(
    app: &App,
    access: &ProjectAccess,
    id: QueueId,
    pair_id: PairId,
) -> ApiResult<()> {
    let mut change = Change::begin_in(app, access).await?;
    find(change.tx(), access, id).await?;
    let pairs = judgements::choices_by_pair(change.tx(), id).await?;
    if !pairs.iter().any(|(known, _)| *known == pair_id) {
        return Err(ApiError::NotFound("pair"));
    }
    queues::set_flagged(change.tx(), pair_id, false).await?;
    change
        .commit("unflag_pair", format!("pair {pair_id}"), "")
        .await
}

/// What the judgements of a queue come to.
pub async fn get_results(
    app: &App,
    access: &ProjectAccess,
    id: QueueId,
) -> ApiResult<QueueResults> {
    let mut tx = app.store.read().await?;
    let queue = find(&mut tx, access, id).await?;
    let mut results = QueueResults::default();
    for (_, choices) in judgements::choices_by_pair(&mut tx, id).await? {
        *match consensus(&choices, queue.overlap) {
            Consensus::A | Consensus::B => &mut results.decided,
            Consensus::Tie => &mut results.ties,
            Consensus::BothBad => &mut results.both_bad,
            Consensus::Split => &mut results.splits,
            Consensus::Unfinished => &mut results.unfinished,
        } += 1;
    }
    Ok(results)
}

/// The judgements of a queue, in the order of their making.
pub async fn list_judgements(
    app: &App,
    access: &ProjectAccess,
    id: QueueId,
    page: PageQuery,
) -> ApiResult<Page<Judgement>> {
    let mut tx = app.store.read().await?;
    find(&mut tx, access, id).await?;
    let after = page.after.map(JudgementId::from);
    let mut items = judgements::list_of_queue(&mut tx, id, after, page.probe()).await?;
    let next = next_cursor(&mut items, page.limit(), |judgement| judgement.id.as_uuid());
    Ok(Page { items, next })
}
