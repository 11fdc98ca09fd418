//! Queues of pairs, for those who make and read them.

use axum::{body::Body, extract::State, http::StatusCode, response::IntoResponse};
use serde::Deserialize;
use shared::{
    ids::{PairId, QueueId},
    job::Job,
    page::Page,
    queue::{
        AddPairs, CreatePreferenceDataset, CreateQueue, Judgement, PreferenceDataset, Queue,
        QueuePair, QueueResults, SamplePairs,
    },
};

use crate::{
    app::App,
    error::ApiResult,
    extract::{Json, PageQuery, Path, ProjectAccess, Query},
    services::{pair_sampling, preference_datasets, queue_pairs, queues},
};

/// The parameters of one queue's address.
#[derive(Clone, Copy, Debug, Deserialize)]
pub struct QueuePath {
    pub(super) queue_id: QueueId,
}

/// The parameters of one pair's address.
#[derive(Clone, Copy, Debug, Deserialize)]
pub struct PairPath {
    queue_id: QueueId,
    pair_id: PairId,
}

/// Lists the queues of a project, newest first.
#[utoipa::path(get, path = "/api/projects/{project}/queues", operation_id = "list_queues",
    tag = "queues", params(("project" = String, Path)),
    responses((status = 200, body = Vec<Queue>)))]
pub async fn list_queues(
    State(app): State<App>,
    access: ProjectAccess,
) -> ApiResult<Json<Vec<Queue>>> {
    queues::list_queues(&app, &access).await.map(Json)
}

/// One queue.
#[utoipa::path(get, path = "/api/projects/{project}/queues/{queue_id}",
    operation_id = "get_queue", tag = "queues",
    params(("project" = String, Path), ("queue_id" = QueueId, Path)),
    responses((status = 200, body = Queue)))]
pub async fn get_queue(
    State(app): State<App>,
    access: ProjectAccess,
    Path(path): Path<QueuePath>,
) -> ApiResult<Json<Queue>> {
    queues::get_queue(&app, &access, path.queue_id)
        .await
        .map(Json)
}

/// Makes a queue without pairs.
#[utoipa::path(post, path = "/api/projects/{project}/queues", operation_id = "create_queue",
    tag = "queues", params(("project" = String, Path)), request_body = CreateQueue,
    responses((status = 201, body = Queue)))]
pub async fn create_queue(
    State(app): State<App>,
    access: ProjectAccess,
    Json(request): Json<CreateQueue>,
) -> ApiResult<(StatusCode, Json<Queue>)> {
    let queue = queues::create_queue(&app, &access, request).await?;
    Ok((StatusCode::CREATED, Json(queue)))
}

/// Adds pairs to a queue.
#[utoipa::path(post, path = "/api/projects/{project}/queues/{queue_id}/pairs",
    operation_id = "add_pairs", tag = "queues",
    params(("project" = String, Path), ("queue_id" = QueueId, Path)), request_body = AddPairs,
    responses((status = 201, body = Queue)))]
pub async fn add_pairs(
    State(app): State<App>,
    access: ProjectAccess,
    Path(path): Path<QueuePath>,
    Json(request): Json<AddPairs>,
) -> ApiResult<(StatusCode, Json<Queue>)> {
    let queue = queues::add_pairs(&app, &access, path.queue_id, request).await?;
    Ok((StatusCode::CREATED, Json(queue)))
}

/// Asks for pairs to be sampled from models into a queue.
#[utoipa::path(post, path = "/api/projects/{project}/queues/{queue_id}/sample",
    operation_id = "sample_pairs", tag = "queues",
    params(("project" = String, Path), ("queue_id" = QueueId, Path)), request_body = SamplePairs,
    responses((status = 201, body = Job)))]
pub async fn sample_pairs(
    State(app): State<App>,
    access: ProjectAccess,
    Path(path): Path<QueuePath>,
    Json(request): Json<SamplePairs>,
) -> ApiResult<(StatusCode, Json<Job>)> {
    let job = pair_sampling::sample_pairs(&app, &access, path.queue_id, request).await?;
    Ok((StatusCode::CREATED, Json(job)))
}

/// Which pairs of a queue.
#[derive(Clone, Copy, Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct PairsQuery {
    /// Whether to list only the pairs that wait for an engineer.
    #[serde(default)]
    flagged: bool,
}

/// Lists the pairs of a queue with the judgements on them, in the order in which they were added.
#[utoipa::path(get, path = "/api/projects/{project}/queues/{queue_id}/pairs",
    operation_id = "list_pairs", tag = "queues",
    params(("project" = String, Path), ("queue_id" = QueueId, Path), PairsQuery, PageQuery),
    responses((status = 200, body = Page<QueuePair>)))]
pub async fn list_pairs(
    State(app): State<App>,
    access: ProjectAccess,
    Path(path): Path<QueuePath>,
    Query(query): Query<PairsQuery>,
    Query(page): Query<PageQuery>,
) -> ApiResult<Json<Page<QueuePair>>> {
    queue_pairs::list_pairs(&app, &access, path.queue_id, query.flagged, page)
        .await
        .map(Json)
}

/// Lets a flagged pair be judged again.
#[utoipa::path(delete, path = "/api/projects/{project}/queues/{queue_id}/pairs/{pair_id}/flag",
    operation_id = "unflag_pair", tag = "queues",
    params(("project" = String, Path), ("queue_id" = QueueId, Path), ("pair_id" = PairId, Path)),
    responses((status = 204)))]
pub async fn unflag_pair(
    State(app): State<App>,
    access: ProjectAccess,
    Path(path): Path<PairPath>,
) -> ApiResult<StatusCode> {
    queues::unflag_pair(&app, &access, path.queue_id, path.pair_id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// What the judgements of a queue come to.
#[utoipa::path(get, path = "/api/projects/{project}/queues/{queue_id}/results",
    operation_id = "get_queue_results", tag = "queues",
    params(("project" = String, Path), ("queue_id" = QueueId, Path)),
    responses((status = 200, body = QueueResults)))]
pub async fn get_queue_results(
    State(app): State<App>,
    access: ProjectAccess,
    Path(path): Path<QueuePath>,
) -> ApiResult<Json<QueueResults>> {
    queues::get_results(&app, &access, path.queue_id)
        .await
        .map(Json)
}

/// Lists the judgements of a queue, in the order of their making.
#[utoipa::path(get, path = "/api/projects/{project}/queues/{queue_id}/judgements",
    operation_id = "list_judgements", tag = "queues",
    params(("project" = String, Path), ("queue_id" = QueueId, Path), PageQuery),
    responses((status = 200, body = Page<Judgement>)))]
pub async fn list_judgements(
    State(app): State<App>,
    access: ProjectAccess,
    Path(path): Path<QueuePath>,
    Query(page): Query<PageQuery>,
) -> ApiResult<Json<Page<Judgement>>> {
    queues::list_judgements(&app, &access, path.queue_id, page)
        .await
        .map(Json)
}

/// Makes a preference dataset version from the judgements of a queue.
#[utoipa::path(post, path = "/api/projects/{project}/queues/{queue_id}/dataset",
    operation_id = "create_preference_dataset", tag = "queues",
    params(("project" = String, Path), ("queue_id" = QueueId, Path)),
    request_body = CreatePreferenceDataset,
    responses((status = 201, body = PreferenceDataset)))]
pub async fn create_preference_dataset(
    State(app): State<App>,
    access: ProjectAccess,
    Path(path): Path<QueuePath>,
    Json(request): Json<CreatePreferenceDataset>,
) -> ApiResult<(StatusCode, Json<PreferenceDataset>)> {
    let made =
        preference_datasets::create_preference_dataset(&app, &access, path.queue_id, request)
            .await?;
    Ok((StatusCode::CREATED, Json(made)))
}

/// Writes the judged pairs of a queue with their judgements as JSONL.
#[utoipa::path(get, path = "/api/projects/{project}/queues/{queue_id}/judgements.jsonl",
    operation_id = "export_judgements", tag = "queues",
    params(("project" = String, Path), ("queue_id" = QueueId, Path)),
    responses((status = 200, body = String, content_type = "application/jsonl")))]
pub async fn export_judgements(
    State(app): State<App>,
    access: ProjectAccess,
    Path(path): Path<QueuePath>,
) -> ApiResult<impl IntoResponse> {
    let export = preference_datasets::export_judgements(&app, &access, path.queue_id).await?;
    Ok(super::file(
        &export.file_name,
        Body::from_stream(export.lines),
    ))
}
