//! Regression reports.

use axum::{extract::State, http::StatusCode};
use maud::Markup;
use serde::Deserialize;
use shared::report::{CreateReport, Report, ReportSummary};

use crate::{
    app::App,
    error::ApiResult,
    extract::{Json, Path, ProjectAccess},
    pages,
    services::reports,
};

/// The parameters of one report's address.
#[derive(Clone, Copy, Debug, Deserialize)]
pub struct ReportPath {
    /// The report's number in its project.
    pub number: i64,
}

/// Lists the reports of a project, newest first.
#[utoipa::path(get, path = "/api/projects/{project}/reports", operation_id = "list_reports",
    tag = "reports", params(("project" = String, Path)),
    responses((status = 200, body = Vec<ReportSummary>)))]
pub async fn list_reports(
    State(app): State<App>,
    access: ProjectAccess,
) -> ApiResult<Json<Vec<ReportSummary>>> {
    reports::list_reports(&app, &access).await.map(Json)
}

/// One report with its numbers.
#[utoipa::path(get, path = "/api/projects/{project}/reports/{number}",
    operation_id = "get_report", tag = "reports",
    params(("project" = String, Path), ("number" = i64, Path)),
    responses((status = 200, body = Report)))]
pub async fn get_report(
    State(app): State<App>,
    access: ProjectAccess,
    Path(path): Path<ReportPath>,
) -> ApiResult<Json<Report>> {
    reports::get_report(&app, &access, path.number)
        .await
        .map(Json)
}

/// One report as HTML, to be shown in a page.
#[utoipa::path(get, path = "/api/projects/{project}/reports/{number}/page",
    operation_id = "get_report_page", tag = "reports",
    params(("project" = String, Path), ("number" = i64, Path)),
    responses((status = 200, body = String, content_type = "text/html")))]
pub async fn get_report_page(
    State(app): State<App>,
    access: ProjectAccess,
    Path(path): Path<ReportPath>,
) -> ApiResult<Markup> {
    let report = reports::get_report(&app, &access, path.number).await?;
    Ok(pages::render_report(&report))
}

/// Compares finished evaluations and freezes the result.
#[utoipa::path(post, path = "/api/projects/{project}/reports", operation_id = "create_report",
    tag = "reports", params(("project" = String, Path)), request_body = CreateReport,
    responses((status = 201, body = Report)))]
pub async fn create_report(
    State(app): State<App>,
    access: ProjectAccess,
    Json(request): Json<CreateReport>,
) -> ApiResult<(StatusCode, Json<Report>)> {
    let report = reports::create_report(&app, &access, request).await?;
    Ok((StatusCode::CREATED, Json(report)))
}
