//! Evaluations of model versions.

use axum::{body::Body, extract::State, http::StatusCode, response::IntoResponse};
use serde::Deserialize;
use shared::{
    evaluation::{CreateEvaluation, Evaluation, EvaluationResult},
    page::Page,
};

use crate::{
    app::App,
    error::ApiResult,
    extract::{Json, PageQuery, Path, ProjectAccess, Query},
    services::{
        evaluation_results::{self, ResultQuery},
        evaluations,
    },
};

/// The parameters of one evaluation's address.
#[derive(Clone, Copy, Debug, Deserialize)]
pub struct EvaluationPath {
    number: i64,
}

/// The parameters of one answer's address.
#[derive(Clone, Copy, Debug, Deserialize)]
pub struct ResultPath {
    number: i64,
    position: i64,
}

/// Asks for an evaluation.
#[utoipa::path(post, path = "/api/projects/{project}/evaluations",
    operation_id = "create_evaluation", tag = "evaluations",
    params(("project" = String, Path)), request_body = CreateEvaluation,
    responses((status = 201, body = Evaluation)))]
pub async fn create_evaluation(
    State(app): State<App>,
    access: ProjectAccess,
    Json(request): Json<CreateEvaluation>,
) -> ApiResult<(StatusCode, Json<Evaluation>)> {
    let evaluation = evaluations::create_evaluation(&app, &access, request).await?;
    Ok((StatusCode::CREATED, Json(evaluation)))
}

/// Lists the evaluations of a project, newest first.
#[utoipa::path(get, path = "/api/projects/{project}/evaluations",
    operation_id = "list_evaluations", tag = "evaluations",
    params(("project" = String, Path), PageQuery),
    responses((status = 200, body = Page<Evaluation>)))]
pub async fn list_evaluations(
    State(app): State<App>,
    access: ProjectAccess,
    Query(page): Query<PageQuery>,
) -> ApiResult<Json<Page<Evaluation>>> {
    evaluations::list_evaluations(&app, &access, page)
        .await
        .map(Json)
}

/// One evaluation and how it goes.
#[utoipa::path(get, path = "/api/projects/{project}/evaluations/{number}",
    operation_id = "get_evaluation", tag = "evaluations",
    params(("project" = String, Path), ("number" = i64, Path)),
    responses((status = 200, body = Evaluation)))]
pub async fn get_evaluation(
    State(app): State<App>,
    access: ProjectAccess,
    Path(path): Path<EvaluationPath>,
) -> ApiResult<Json<Evaluation>> {
    evaluations::get_evaluation(&app, &access, path.number)
        .await
        .map(Json)
}

/// Lists the answers of an evaluation, in the order of the suite.
#[utoipa::path(get, path = "/api/projects/{project}/evaluations/{number}/results",
    operation_id = "list_evaluation_results", tag = "evaluations",
    params(("project" = String, Path), ("number" = i64, Path), ResultQuery),
    responses((status = 200, body = Page<EvaluationResult>)))]
pub async fn list_evaluation_results(
    State(app): State<App>,
    access: ProjectAccess,
    Path(path): Path<EvaluationPath>,
    Query(query): Query<ResultQuery>,
) -> ApiResult<Json<Page<EvaluationResult>>> {
    evaluation_results::list_results(&app, &access, path.number, query)
        .await
        .map(Json)
}

/// The answer to one item of the suite.
#[utoipa::path(get, path = "/api/projects/{project}/evaluations/{number}/results/{position}",
    operation_id = "get_evaluation_result", tag = "evaluations",
    params(("project" = String, Path), ("number" = i64, Path), ("position" = i64, Path)),
    responses((status = 200, body = EvaluationResult)))]
pub async fn get_evaluation_result(
    State(app): State<App>,
    access: ProjectAccess,
    Path(path): Path<ResultPath>,
) -> ApiResult<Json<EvaluationResult>> {
    evaluation_results::get_result(&app, &access, path.number, path.position)
        .await
        .map(Json)
}

/// Writes the answers of an evaluation as JSONL.
#[utoipa::path(get, path = "/api/projects/{project}/evaluations/{number}/results.jsonl",
    operation_id = "export_evaluation_results", tag = "evaluations",
    params(("project" = String, Path), ("number" = i64, Path)),
    responses((status = 200, body = String, content_type = "application/jsonl")))]
pub async fn export_evaluation_results(
    State(app): State<App>,
    access: ProjectAccess,
    Path(path): Path<EvaluationPath>,
) -> ApiResult<impl IntoResponse> {
    let export = evaluation_results::export_results(&app, &access, path.number).await?;
    Ok(super::file(
        &export.file_name,
        Body::from_stream(export.lines),
    ))
}
