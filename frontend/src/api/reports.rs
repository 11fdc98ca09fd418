//! Regression reports and links to them.

use std::future::Future;

use shared::{
    ids::ShareLinkId,
    report::{CreateReport, CreateShareLink, CreatedShareLink, Report, ReportSummary, ShareLink},
};

use super::{
    ApiResult,
    client::{self, Method},
    projects::path_of,
};

/// The reports of a project, newest first.
pub fn list_reports(project: &str) -> impl Future<Output = ApiResult<Vec<ReportSummary>>> + use<> {
    client::get(format!("{}/reports", path_of(project)))
}

/// A report as HTML that the server wrote, every text in it escaped.
pub fn get_report_page(
    project: &str,
    number: i64,
) -> impl Future<Output = ApiResult<String>> + use<> {
    client::get_text(format!("{}/reports/{number}/page", path_of(project)))
}

/// Compares evaluations.
pub async fn create_report(project: String, request: CreateReport) -> ApiResult<Report> {
    let path = format!("{}/reports", path_of(&project));
    client::send(Method::Post, path, &request).await
}

/// The links to a report that have not ended.
pub fn list_share_links(
    project: &str,
    number: i64,
) -> impl Future<Output = ApiResult<Vec<ShareLink>>> + use<> {
    client::get(format!("{}/reports/{number}/shares", path_of(project)))
}

/// Makes a link.
pub async fn create_share_link(
    project: String,
    number: i64,
    request: CreateShareLink,
) -> ApiResult<CreatedShareLink> {
    let path = format!("{}/reports/{number}/shares", path_of(&project));
    client::send(Method::Post, path, &request).await
}

/// Ends a link.
pub async fn delete_share_link(project: String, number: i64, id: ShareLinkId) -> ApiResult<()> {
    let path = format!("{}/reports/{number}/shares/{id}", path_of(&project));
    client::send_empty(Method::Delete, path).await
}
