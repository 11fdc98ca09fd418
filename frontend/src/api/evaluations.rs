//! Evaluations and the answers in them.

use std::future::Future;

use shared::{
    evaluation::{CreateEvaluation, Evaluation, EvaluationResult},
    page::Page,
};

use super::{
    ApiResult,
    client::{self, Method},
    projects::path_of,
};

/// The evaluations of a project, newest first, a page of them.
pub fn list_evaluations(
    project: &str,
    after: Option<&str>,
    limit: u32,
) -> impl Future<Output = ApiResult<Page<Evaluation>>> + use<> {
    let after = after.map_or_else(String::new, |after| {
        format!("&after={}", super::segment(after))
    });
    client::get(format!(
        "{}/evaluations?limit={limit}{after}",
        path_of(project)
    ))
}

/// One evaluation.
pub fn get_evaluation(
    project: &str,
    number: i64,
) -> impl Future<Output = ApiResult<Evaluation>> + use<> {
    client::get(format!("{}/evaluations/{number}", path_of(project)))
}

/// Answers of an evaluation; `query` chooses which, as in the page's own address.
pub fn list_results(
    project: &str,
    number: i64,
    query: &str,
) -> impl Future<Output = ApiResult<Page<EvaluationResult>>> + use<> {
    client::get(format!(
        "{}/evaluations/{number}/results?{query}",
        path_of(project)
    ))
}

/// Asks for an evaluation.
pub async fn create_evaluation(
    project: String,
    request: CreateEvaluation,
) -> ApiResult<Evaluation> {
    let path = format!("{}/evaluations", path_of(&project));
    client::send(Method::Post, path, &request).await
}
