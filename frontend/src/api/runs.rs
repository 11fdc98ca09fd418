//! Training runs.

use std::future::Future;

use shared::{
    page::Page,
    run::{
        CreateRun, NumberedEvent, Preflight, RenderRows, RenderedRow, Run, RunHistory, RunSummary,
    },
};

use super::{
    ApiResult,
    client::{self, Method},
    projects::path_of,
    segment,
};

fn path(project: &str) -> String {
    format!("{}/runs", path_of(project))
}

/// The runs of a project, newest first.
pub fn list_runs(
    project: &str,
    after: Option<&str>,
    limit: u32,
) -> impl Future<Output = ApiResult<Page<RunSummary>>> + use<> {
    let after = after.map_or_else(String::new, |after| format!("&after={}", segment(after)));
    client::get(format!("{}?limit={limit}{after}", path(project)))
}

/// Asks for a run.
pub async fn create_run(project: String, request: CreateRun) -> ApiResult<Run> {
    client::send(Method::Post, path(&project), &request).await
}

/// What is known of a run before it starts.
pub async fn preflight_run(project: String, request: CreateRun) -> ApiResult<Preflight> {
    client::send(
        Method::Post,
        format!("{}/preflight", path(&project)),
        &request,
    )
    .await
}

/// Rows of a run as the model will see them.
pub async fn render_rows(project: String, request: RenderRows) -> ApiResult<Vec<RenderedRow>> {
    client::send(Method::Post, format!("{}/render", path(&project)), &request).await
}

/// One run.
pub fn get_run(project: &str, number: i64) -> impl Future<Output = ApiResult<Run>> + use<> {
    client::get(format!("{}/{number}", path(project)))
}

/// The history of a run, few enough points to draw.
pub fn get_run_history(
    project: &str,
    number: i64,
) -> impl Future<Output = ApiResult<RunHistory>> + use<> {
    client::get(format!("{}/{number}/history", path(project)))
}

/// Takes up a run again that failed or was cancelled.
pub async fn resume_run(project: String, number: i64) -> ApiResult<Run> {
    client::send(
        Method::Post,
        format!("{}/{number}/resume", path(&project)),
        &(),
    )
    .await
}

/// Events of a run behind a place.
pub fn list_run_events(
    project: &str,
    number: i64,
    after: i64,
) -> impl Future<Output = ApiResult<Page<NumberedEvent>>> + use<> {
    client::get(format!("{}/{number}/events?after={after}", path(project)))
}

/// Where to listen to a run, behind a place.
#[must_use]
pub fn live_path(project: &str, number: i64, after: i64) -> String {
    format!("{}/live?run={number}&after={after}", path_of(project))
}
