//! What an annotator does in a queue.

use shared::{
    ids::{JudgementId, QueueId},
    queue::{AnnotationTasks, CreateJudgement, MadeJudgement},
};

use super::{
    ApiResult,
    client::{self, Method},
    queues::path,
};

/// Holds the next pairs of a queue.
pub async fn take_tasks(
    project: String,
    queue: QueueId,
    count: usize,
) -> ApiResult<AnnotationTasks> {
    let path = format!("{}/tasks?count={count}", path(&project, queue));
    client::send_plain(Method::Post, path).await
}

/// Judges a pair.
pub async fn create_judgement(
    project: String,
    queue: QueueId,
    request: CreateJudgement,
) -> ApiResult<MadeJudgement> {
    let path = format!("{}/judgements", path(&project, queue));
    client::send(Method::Post, path, &request).await
}

/// Takes back an own judgement.
pub async fn delete_judgement(
    project: String,
    queue: QueueId,
    judgement: JudgementId,
) -> ApiResult<()> {
    let path = format!("{}/judgements/{judgement}", path(&project, queue));
    client::send_empty(Method::Delete, path).await
}
