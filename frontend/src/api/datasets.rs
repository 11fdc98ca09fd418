//! Datasets and their versions.

use std::future::Future;

use shared::{
    dataset::{
        CreateDataset, CreateDatasetVersion, Dataset, DatasetVersion, ExportFormat, RowCounts,
    },
    ids::DatasetId,
};

use super::{
    ApiResult,
    client::{self, Method},
    projects::path_of,
};
use crate::address::query;

pub(super) fn path(project: &str, dataset: DatasetId) -> String {
    format!("{}/datasets/{dataset}", path_of(project))
}

/// The datasets of a project, by name.
pub fn list_datasets(project: &str) -> impl Future<Output = ApiResult<Vec<Dataset>>> + use<> {
    client::get(format!("{}/datasets", path_of(project)))
}

/// Makes an empty dataset.
pub async fn create_dataset(project: String, request: CreateDataset) -> ApiResult<Dataset> {
    let path = format!("{}/datasets", path_of(&project));
    client::send(Method::Post, path, &request).await
}

/// One dataset.
pub fn get_dataset(
    project: &str,
    dataset: DatasetId,
) -> impl Future<Output = ApiResult<Dataset>> + use<> {
    client::get(path(project, dataset))
}

/// What the draft of a dataset holds.
pub fn count_draft(
    project: &str,
    dataset: DatasetId,
) -> impl Future<Output = ApiResult<RowCounts>> + use<> {
    client::get(format!("{}/draft/counts", path(project, dataset)))
}

/// The versions of a dataset, newest first.
pub fn list_dataset_versions(
    project: &str,
    dataset: DatasetId,
) -> impl Future<Output = ApiResult<Vec<DatasetVersion>>> + use<> {
    client::get(format!("{}/versions", path(project, dataset)))
}

/// One version of a dataset.
pub fn get_dataset_version(
    project: &str,
    dataset: DatasetId,
    number: i64,
) -> impl Future<Output = ApiResult<DatasetVersion>> + use<> {
    client::get(format!("{}/versions/{number}", path(project, dataset)))
}

/// Cuts a version from a draft.
pub async fn create_dataset_version(
    project: String,
    dataset: DatasetId,
    request: CreateDatasetVersion,
) -> ApiResult<DatasetVersion> {
    let path = format!("{}/versions", path(&project, dataset));
    client::send(Method::Post, path, &request).await
}

/// Where a version is written as a file: a link for the browser, not a call.
#[must_use]
pub fn export_link(
    project: &str,
    dataset: DatasetId,
    number: i64,
    format: ExportFormat,
    split: &str,
) -> String {
    let query = query([("format", format.as_str()), ("split", split)]);
    format!("{}/versions/{number}/export{query}", path(project, dataset))
}
