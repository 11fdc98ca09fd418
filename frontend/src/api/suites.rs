//! Held-out suites.

use std::future::Future;

use shared::{
    ids::SuiteId,
    suite::{CreateSuite, Suite, SuiteItem},
};

use super::{
    ApiResult,
    client::{self, Method},
    projects::path_of,
};

/// The suites of a project, by key, newest version first.
pub fn list_suites(project: &str) -> impl Future<Output = ApiResult<Vec<Suite>>> + use<> {
    client::get(format!("{}/suites", path_of(project)))
}

fn path(project: &str, suite: SuiteId) -> String {
    format!("{}/suites/{suite}", path_of(project))
}

/// One version of a suite.
pub fn get_suite(project: &str, suite: SuiteId) -> impl Future<Output = ApiResult<Suite>> + use<> {
    client::get(path(project, suite))
}

/// Items of a suite, in their order.
pub fn list_suite_items(
    project: &str,
    suite: SuiteId,
    offset: usize,
    limit: usize,
) -> impl Future<Output = ApiResult<Vec<SuiteItem>>> + use<> {
    let path = path(project, suite);
    client::get(format!("{path}/items?offset={offset}&limit={limit}"))
}

/// Makes a suite, or the next version of one.
pub async fn create_suite(project: String, request: CreateSuite) -> ApiResult<Suite> {
    let path = format!("{}/suites", path_of(&project));
    client::send(Method::Post, path, &request).await
}

/// Locks a suite for good.
pub async fn lock_suite(project: String, suite: SuiteId) -> ApiResult<Suite> {
    client::send_plain(Method::Post, format!("{}/lock", path(&project, suite))).await
}

/// Deletes a suite that was never locked.
pub async fn delete_suite(project: String, suite: SuiteId) -> ApiResult<()> {
    client::send_empty(Method::Delete, path(&project, suite)).await
}
