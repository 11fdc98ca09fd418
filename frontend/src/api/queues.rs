//! Queues, for those who make and read them.

use std::future::Future;

use shared::{
    ids::{PairId, QueueId},
    job::Job,
    page::Page,
    queue::{
        AddPairs, CreatePreferenceDataset, CreateQueue, Judgement, PreferenceDataset, Queue,
        QueuePair, QueueResults, SamplePairs,
    },
};

use super::{
    ApiResult,
    client::{self, Method},
    projects::path_of,
    segment,
};

/// Where a queue is.
pub(super) fn path(project: &str, queue: QueueId) -> String {
    format!("{}/queues/{queue}", path_of(project))
}

fn page(after: Option<&str>, limit: u32) -> String {
    let after = after.map_or_else(String::new, |after| format!("&after={}", segment(after)));
    format!("?limit={limit}{after}")
}

/// The queues of a project, newest first.
pub fn list_queues(project: &str) -> impl Future<Output = ApiResult<Vec<Queue>>> + use<> {
    client::get(format!("{}/queues", path_of(project)))
}

/// One queue.
pub fn get_queue(project: &str, queue: QueueId) -> impl Future<Output = ApiResult<Queue>> + use<> {
    client::get(path(project, queue))
}

/// Makes a queue without pairs.
pub async fn create_queue(project: String, request: CreateQueue) -> ApiResult<Queue> {
    client::send(
        Method::Post,
        format!("{}/queues", path_of(&project)),
        &request,
    )
    .await
}

/// Adds pairs to a queue.
pub async fn add_pairs(project: String, queue: QueueId, request: AddPairs) -> ApiResult<Queue> {
    let path = format!("{}/pairs", path(&project, queue));
    client::send(Method::Post, path, &request).await
}

/// Starts a job that fills a queue with pairs sampled from models.
pub async fn sample_pairs(project: String, queue: QueueId, request: SamplePairs) -> ApiResult<Job> {
    let path = format!("{}/sample", path(&project, queue));
    client::send(Method::Post, path, &request).await
}

/// Makes a preference dataset version from the judgements of a queue.
pub async fn create_preference_dataset(
    project: String,
    queue: QueueId,
    request: CreatePreferenceDataset,
) -> ApiResult<PreferenceDataset> {
    let path = format!("{}/dataset", path(&project, queue));
    client::send(Method::Post, path, &request).await
}

/// Pairs with the judgements on them, in their order.
pub fn list_pairs(
    project: &str,
    queue: QueueId,
    flagged: bool,
    after: Option<&str>,
    limit: u32,
) -> impl Future<Output = ApiResult<Page<QueuePair>>> + use<> {
    let flagged = if flagged { "&flagged=true" } else { "" };
    let page = page(after, limit);
    client::get(format!("{}/pairs{page}{flagged}", path(project, queue)))
}

/// Lets a flagged pair be judged again.
pub async fn unflag_pair(project: String, queue: QueueId, pair: PairId) -> ApiResult<()> {
    let path = format!("{}/pairs/{pair}/flag", path(&project, queue));
    client::send_empty(Method::Delete, path).await
}

/// What the judgements of a queue come to.
pub fn get_queue_results(
    project: &str,
    queue: QueueId,
) -> impl Future<Output = ApiResult<QueueResults>> + use<> {
    client::get(format!("{}/results", path(project, queue)))
}

/// The judgements of a queue, in the order of their making.
pub fn list_judgements(
    project: &str,
    queue: QueueId,
    after: Option<&str>,
    limit: u32,
) -> impl Future<Output = ApiResult<Page<Judgement>>> + use<> {
    let page = page(after, limit);
    client::get(format!("{}/judgements{page}", path(project, queue)))
}
