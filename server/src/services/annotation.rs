//! What an annotator does: take the next pairs, judge, undo.

use chrono::TimeDelta;
use sha2::{Digest, Sha256};
use shared::{
    ids::{JudgementId, PairId, QueueId, SlotId, UserId},
    queue::{
        AnnotationTask, AnnotationTasks, Choice, CreateJudgement, Judgement, MadeJudgement, Queue,
        ShownChoice,
    },
};
use store::{StoreError, Tx, judgements, queues, slots, slots::Reservation};

use crate::{
    app::App,
    error::{ApiError, ApiResult},
    extract::ProjectAccess,
    services::{change::Change, queues::find},
};

/// The most pairs that are held for one annotator: the one they look at, and what is preloaded.
const MAX_HELD: usize = 5;

/// Holds pairs for an annotator until they have `count` of them, or nothing is left for them.
/// Those that they hold already come first, so that a reload shows the same pair.
pub async fn take_tasks(
    app: &App,
    access: &ProjectAccess,
    id: QueueId,
    count: usize,
) -> ApiResult<AnnotationTasks> {
    let (now, me) = (app.context.now(), access.user_id());
    let count = count.clamp(1, MAX_HELD);
    let mut change = Change::begin_in(app, access).await?;
    let queue = find(change.tx(), access, id).await?;
    let until = now + reservation(&queue);
    let mut held = slots::list_reserved(change.tx(), id, me, now).await?;
    let before = held.len();
    while held.len() < count && slots::reserve(change.tx(), id, me, until, now).await? {
        held = slots::list_reserved(change.tx(), id, me, now).await?;
    }
    let progress = queues::progress(change.tx(), id).await?;
    let judged_by_me = judgements::count_of_annotator(change.tx(), id, me).await?;
    let detail = format!("{} new", held.len() - before);
    change
        .commit("take_tasks", format!("queue {id}"), &detail)
        .await?;
    let tasks = held
        .into_iter()
        .map(|reservation| shown(me, reservation))
        .collect();
    Ok(AnnotationTasks {
        tasks,
        progress,
        judged_by_me,
    })
}

fn reservation(queue: &Queue) -> TimeDelta {
    TimeDelta::minutes(i64::from(queue.reservation_minutes))
}

/// A pair as its annotator sees it: left and right, and nothing of where they came from.
fn shown(annotator_id: UserId, reservation: Reservation) -> AnnotationTask {
    let Reservation {
        slot_id,
        pair_id,
        messages,
        response_a,
        response_b,
        reserved_until,
    } = reservation;
    let (left, right) = if a_is_left(annotator_id, pair_id) {
        (response_a, response_b)
    } else {
        (response_b, response_a)
    };
    AnnotationTask {
        slot_id,
        pair_id,
        messages,
        left,
        right,
        reserved_until,
    }
}

/// Whether an annotator sees response A on the left: one bit of a hash of both ids, so that it is
/// even over pairs and annotators, and the same after a reload.
fn a_is_left(annotator_id: UserId, pair_id: PairId) -> bool {
    let mut hash = Sha256::new();
    hash.update(annotator_id.as_uuid().as_bytes());
    hash.update(pair_id.as_uuid().as_bytes());
    hash.finalize()[0] & 1 == 0
}

const fn canonical(choice: ShownChoice, a_is_left: bool) -> Choice {
    match (choice, a_is_left) {
        (ShownChoice::Left, true) | (ShownChoice::Right, false) => Choice::A,
        (ShownChoice::Left, false) | (ShownChoice::Right, true) => Choice::B,
        (ShownChoice::Tie, _) => Choice::Tie,
        (ShownChoice::BothBad, _) => Choice::BothBad,
        (ShownChoice::Skip, _) => Choice::Skip,
        (ShownChoice::Flag, _) => Choice::Flag,
    }
}

/// Judges a pair.
pub async fn create_judgement(
    app: &App,
    access: &ProjectAccess,
    id: QueueId,
    request: CreateJudgement,
) -> ApiResult<MadeJudgement> {
    let me = access.user_id();
    let mut change = Change::begin_in(app, access).await?;
    find(change.tx(), access, id).await?;
    let pair_id = slots::pair_of(change.tx(), id, request.slot_id).await?;
    let pair_id = pair_id.ok_or(ApiError::NotFound("pair in this queue"))?;
    let a_was_left = a_is_left(me, pair_id);
    let judgement = Judgement {
        id: app.context.id(),
        pair_id,
        annotator_id: me,
        choice: canonical(request.choice, a_was_left),
        strongly: request.strongly
            && matches!(request.choice, ShownChoice::Left | ShownChoice::Right),
        a_was_left,
        clauses: request.clauses,
        note: request.note.trim().to_owned(),
        elapsed_ms: request.elapsed_ms.max(0),
        created_at: app.context.now(),
    };
    let slot_id = settle_slot(app, change.tx(), request.slot_id, &judgement).await?;
    judgements::insert(change.tx(), &judgement, slot_id)
        .await
        .map_err(|error| match error {
            StoreError::Conflict(_) => {
                ApiError::Conflict("you have judged this pair already".into())
            }
            other => other.into(),
        })?;
    let subject = format!("judgement {}", judgement.id);
    change
        .commit("create_judgement", subject, judgement.choice.as_str())
        .await?;
    Ok(MadeJudgement {
        id: judgement.id,
        pair_id,
    })
}

/// Fills the place of a verdict, or gives it back for a skip or a flag.
async fn settle_slot(
    app: &App,
    tx: &mut Tx,
    held: SlotId,
    judgement: &Judgement,
) -> ApiResult<Option<SlotId>> {
    let (pair_id, me) = (judgement.pair_id, judgement.annotator_id);
    if matches!(judgement.choice, Choice::Skip | Choice::Flag) {
        slots::release(tx, held, me).await?;
        if judgement.choice == Choice::Flag {
            queues::set_flagged(tx, pair_id, true).await?;
        }
        return Ok(None);
    }
    if slots::fill(tx, held, me).await? {
        return Ok(Some(held));
    }
    let free = slots::fill_any(tx, pair_id, me, app.context.now()).await?;
    free.map(Some).ok_or_else(|| {
        ApiError::Conflict(
            "the time held for this pair ran out and others have judged it since: go on with the \
             next one"
                .to_owned(),
        )
    })
}

/// Takes back an own judgement; its pair is held for its annotator again.
pub async fn delete_judgement(
    app: &App,
    access: &ProjectAccess,
    id: QueueId,
    judgement_id: JudgementId,
) -> ApiResult<()> {
    let me = access.user_id();
    let mut change = Change::begin_in(app, access).await?;
    let queue = find(change.tx(), access, id).await?;
    let deleted = judgements::delete_own(change.tx(), id, judgement_id, me).await?;
    let (pair_id, slot_id, choice) = deleted.ok_or(ApiError::NotFound("judgement of yours"))?;
    if let Some(slot_id) = slot_id {
        let until = app.context.now() + reservation(&queue);
        slots::reopen(change.tx(), slot_id, me, until).await?;
    }
    if choice == Choice::Flag {
        queues::refresh_flagged(change.tx(), pair_id).await?;
    }
    change
        .commit(
            "delete_judgement",
            format!("judgement {judgement_id}"),
            choice.as_str(),
        )
        .await
}
