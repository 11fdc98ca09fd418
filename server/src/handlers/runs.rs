//! Training runs.

use axum::{extract::State, http::StatusCode};
use serde::Deserialize;
use shared::{
    page::{MAX_PAGE_SIZE, Page},
    run::{
        CreateRun, NumberedEvent, Preflight, RenderRows, RenderedRow, Run, RunHistory, RunSummary,
    },
};
use utoipa::IntoParams;

use crate::{
    app::App,
    error::ApiResult,
    extract::{Json, PageQuery, Path, ProjectAccess, Query},
    services::{preflight, renders, runs},
};

/// The parameters of one run's address.
#[derive(Clone, Copy, Debug, Deserialize)]
pub struct RunPath {
    number: i64,
}

/// Which events of a run.
#[derive(Clone, Copy, Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct EventQuery {
    /// The place behind which they are.
    pub after: Option<i64>,
    /// How many events, at most 200.
    pub limit: Option<u32>,
}

/// Says what is known of a run before it starts.
#[utoipa::path(post, path = "/api/projects/{project}/runs/preflight",
    operation_id = "preflight_run", tag = "runs", params(("project" = String, Path)),
    request_body = CreateRun, responses((status = 200, body = Preflight)))]
pub async fn preflight_run(
    State(app): State<App>,
    access: ProjectAccess,
    Json(request): Json<CreateRun>,
) -> ApiResult<Json<Preflight>> {
    preflight::preflight_run(&app, &access, request)
        .await
        .map(Json)
}

/// Shows rows as the model will see them.
#[utoipa::path(post, path = "/api/projects/{project}/runs/render", operation_id = "render_rows",
    tag = "runs", params(("project" = String, Path)), request_body = RenderRows,
    responses((status = 200, body = Vec<RenderedRow>)))]
pub async fn render_rows(
    State(app): State<App>,
    access: ProjectAccess,
    Json(request): Json<RenderRows>,
) -> ApiResult<Json<Vec<RenderedRow>>> {
    renders::render_rows(&app, &access, request).await.map(Json)
}

/// Asks for a run.
#[utoipa::path(post, path = "/api/projects/{project}/runs", operation_id = "create_run",
    tag = "runs", params(("project" = String, Path)), request_body = CreateRun,
    responses((status = 201, body = Run)))]
pub async fn create_run(
    State(app): State<App>,
    access: ProjectAccess,
    Json(request): Json<CreateRun>,
) -> ApiResult<(StatusCode, Json<Run>)> {
    let run = runs::create_run(&app, &access, request).await?;
    Ok((StatusCode::CREATED, Json(run)))
}

/// Lists the runs of a project, newest first.
#[utoipa::path(get, path = "/api/projects/{project}/runs", operation_id = "list_runs",
    tag = "runs", params(("project" = String, Path), PageQuery),
    responses((status = 200, body = Page<RunSummary>)))]
pub async fn list_runs(
    State(app): State<App>,
    access: ProjectAccess,
    Query(page): Query<PageQuery>,
) -> ApiResult<Json<Page<RunSummary>>> {
    runs::list_runs(&app, &access, page).await.map(Json)
}

/// One run with everything that decided it.
#[utoipa::path(get, path = "/api/projects/{project}/runs/{number}", operation_id = "get_run",
    tag = "runs", params(("project" = String, Path), ("number" = i64, Path)),
    responses((status = 200, body = Run)))]
pub async fn get_run(
    State(app): State<App>,
    access: ProjectAccess,
    Path(path): Path<RunPath>,
) -> ApiResult<Json<Run>> {
    runs::get_run(&app, &access, path.number).await.map(Json)
}

/// Takes up a run again that failed or was cancelled, from its newest checkpoint.
#[utoipa::path(post, path = "/api/projects/{project}/runs/{number}/resume",
    operation_id = "resume_run", tag = "runs",
    params(("project" = String, Path), ("number" = i64, Path)),
    responses((status = 200, body = Run)))]
pub async fn resume_run(
    State(app): State<App>,
    access: ProjectAccess,
    Path(path): Path<RunPath>,
) -> ApiResult<Json<Run>> {
    runs::resume_run(&app, &access, path.number).await.map(Json)
}

/// The history of a run: few enough points to draw.
#[utoipa::path(get, path = "/api/projects/{project}/runs/{number}/history",
    operation_id = "get_run_history", tag = "runs",
    params(("project" = String, Path), ("number" = i64, Path)),
    responses((status = 200, body = RunHistory)))]
pub async fn get_run_history(
    State(app): State<App>,
    access: ProjectAccess,
    Path(path): Path<RunPath>,
) -> ApiResult<Json<RunHistory>> {
    runs::get_history(&app, &access, path.number)
        .await
        .map(Json)
}

/// Lists the events of a run, in their order.
#[utoipa::path(get, path = "/api/projects/{project}/runs/{number}/events",
    operation_id = "list_run_events", tag = "runs",
    params(("project" = String, Path), ("number" = i64, Path), EventQuery),
    responses((status = 200, body = Page<NumberedEvent>)))]
pub async fn list_run_events(
    State(app): State<App>,
    access: ProjectAccess,
    Path(path): Path<RunPath>,
    Query(query): Query<EventQuery>,
) -> ApiResult<Json<Page<NumberedEvent>>> {
    let limit = query.limit.unwrap_or(MAX_PAGE_SIZE).clamp(1, MAX_PAGE_SIZE);
    let after = query.after.unwrap_or_default();
    runs::list_events(&app, &access, path.number, after, limit)
        .await
        .map(Json)
}
