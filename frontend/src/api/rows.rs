//! The rows of drafts and versions.

use std::future::Future;

use shared::{
    dataset::{ChangedRows, CreateRow, DatasetRow, SetCoverage, UpdateRow},
    ids::DatasetId,
    page::Page,
};

use super::{
    ApiResult,
    client::{self, Method},
    datasets::path,
};

/// The rows of a draft, or of a version; `query` begins with its question mark.
pub fn list_rows(
    project: &str,
    dataset: DatasetId,
    version: Option<i64>,
    query: &str,
) -> impl Future<Output = ApiResult<Page<DatasetRow>>> + use<> {
    let path = path(project, dataset);
    client::get(match version {
        Some(number) => format!("{path}/versions/{number}/rows{query}"),
        None => format!("{path}/draft/rows{query}"),
    })
}

/// Adds a row to a draft, or puts a deleted one back.
pub async fn create_row(
    project: String,
    dataset: DatasetId,
    request: CreateRow,
) -> ApiResult<DatasetRow> {
    let path = format!("{}/draft/rows", path(&project, dataset));
    client::send(Method::Post, path, &request).await
}

/// Replaces a row of a draft.
pub async fn update_row(
    project: String,
    dataset: DatasetId,
    position: i64,
    request: UpdateRow,
) -> ApiResult<DatasetRow> {
    let path = format!("{}/draft/rows/{position}", path(&project, dataset));
    client::send(Method::Put, path, &request).await
}

/// Removes a row from a draft.
pub async fn delete_row(project: String, dataset: DatasetId, position: i64) -> ApiResult<()> {
    let path = format!("{}/draft/rows/{position}", path(&project, dataset));
    client::send_empty(Method::Delete, path).await
}

/// Sets the coverage of rows of a draft.
pub async fn set_coverage(
    project: String,
    dataset: DatasetId,
    request: SetCoverage,
) -> ApiResult<ChangedRows> {
    let path = format!("{}/draft/coverage", path(&project, dataset));
    client::send(Method::Post, path, &request).await
}
