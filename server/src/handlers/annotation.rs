//! What an annotator does in a queue.

use axum::{extract::State, http::StatusCode};
use serde::Deserialize;
use shared::{
    ids::{JudgementId, QueueId},
    queue::{AnnotationTasks, CreateJudgement, MadeJudgement},
};
use utoipa::IntoParams;

use super::queues::QueuePath;
use crate::{
    app::App,
    error::ApiResult,
    extract::{Json, Path, ProjectAccess, Query},
    services::annotation,
};

/// The parameters of one judgement's address.
#[derive(Clone, Copy, Debug, Deserialize)]
pub struct JudgementPath {
    queue_id: QueueId,
    judgement_id: JudgementId,
}

/// How many pairs to hold.
#[derive(Clone, Copy, Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct TasksQuery {
    /// The pair to judge and those to load ahead, 1 to 5.
    count: Option<usize>,
}

/// Holds the next pairs of a queue for the person who asks.
#[utoipa::path(post, path = "/api/projects/{project}/queues/{queue_id}/tasks",
    operation_id = "take_tasks", tag = "annotation",
    params(("project" = String, Path), ("queue_id" = QueueId, Path), TasksQuery),
    responses((status = 200, body = AnnotationTasks)))]
pub async fn take_tasks(
    State(app): State<App>,
    access: ProjectAccess,
    Path(path): Path<QueuePath>,
    Query(query): Query<TasksQuery>,
) -> ApiResult<Json<AnnotationTasks>> {
    let count = query.count.unwrap_or(2);
    annotation::take_tasks(&app, &access, path.queue_id, count)
        .await
        .map(Json)
}

/// Judges a pair.
#[utoipa::path(post, path = "/api/projects/{project}/queues/{queue_id}/judgements",
    operation_id = "create_judgement", tag = "annotation",
    params(("project" = String, Path), ("queue_id" = QueueId, Path)),
    request_body = CreateJudgement, responses((status = 201, body = MadeJudgement)))]
pub async fn create_judgement(
    State(app): State<App>,
    access: ProjectAccess,
    Path(path): Path<QueuePath>,
    Json(request): Json<CreateJudgement>,
) -> ApiResult<(StatusCode, Json<MadeJudgement>)> {
    let made = annotation::create_judgement(&app, &access, path.queue_id, request).await?;
    Ok((StatusCode::CREATED, Json(made)))
}

/// Takes back an own judgement.
#[utoipa::path(delete,
    path = "/api/projects/{project}/queues/{queue_id}/judgements/{judgement_id}",
    operation_id = "delete_judgement", tag = "annotation",
    params(("project" = String, Path), ("queue_id" = QueueId, Path),
        ("judgement_id" = JudgementId, Path)),
    responses((status = 204)))]
pub async fn delete_judgement(
    State(app): State<App>,
    access: ProjectAccess,
    Path(path): Path<JudgementPath>,
) -> ApiResult<StatusCode> {
    annotation::delete_judgement(&app, &access, path.queue_id, path.judgement_id).await?;
    Ok(StatusCode::NO_CONTENT)
}
