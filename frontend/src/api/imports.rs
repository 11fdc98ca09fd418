//! Files on their way into a dataset.

use std::future::Future;

use leptos::prelude::RwSignal;
use shared::{
    dataset::{CreateImport, Import, ImportPreview, PreviewRequest, Rejection, Upload},
    ids::{DatasetId, ImportId, UploadId},
    page::Page,
};

use super::{
    ApiResult,
    client::{self, Method},
    datasets,
    projects::path_of,
};
use crate::address::query;

/// Sends a file to be looked at.
pub async fn create_upload(
    project: String,
    file: web_sys::File,
    sent: RwSignal<Option<f64>>,
) -> ApiResult<Upload> {
    let name = file.name();
    let query = query([("filename", name.as_str())]);
    client::send_file(format!("{}/uploads{query}", path_of(&project)), file, sent).await
}

/// What an import would make of a file.
pub async fn preview_upload(
    project: String,
    upload: UploadId,
    request: PreviewRequest,
) -> ApiResult<ImportPreview> {
    let path = format!("{}/uploads/{upload}/preview", path_of(&project));
    client::send(Method::Post, path, &request).await
}

/// Removes a file that shall not be imported.
pub async fn delete_upload(project: String, upload: UploadId) -> ApiResult<()> {
    let path = format!("{}/uploads/{upload}", path_of(&project));
    client::send_empty(Method::Delete, path).await
}

/// Starts an import.
pub async fn create_import(
    project: String,
    dataset: DatasetId,
    request: CreateImport,
) -> ApiResult<Import> {
    let path = format!("{}/imports", datasets::path(&project, dataset));
    client::send(Method::Post, path, &request).await
}

/// The imports into a dataset, newest first.
pub fn list_imports(
    project: &str,
    dataset: DatasetId,
    after: &str,
) -> impl Future<Output = ApiResult<Page<Import>>> + use<> {
    let query = query([("limit", "50"), ("after", after)]);
    client::get(format!(
        "{}/imports{query}",
        datasets::path(project, dataset)
    ))
}

fn path_of_import(project: &str, dataset: DatasetId, import: ImportId) -> String {
    format!("{}/imports/{import}", datasets::path(project, dataset))
}

/// One import and how it goes.
pub fn get_import(
    project: &str,
    dataset: DatasetId,
    import: ImportId,
) -> impl Future<Output = ApiResult<Import>> + use<> {
    client::get(path_of_import(project, dataset, import))
}

/// The records that an import rejected, in the order of the file.
pub fn list_rejections(
    project: &str,
    dataset: DatasetId,
    import: ImportId,
    after: &str,
) -> impl Future<Output = ApiResult<Page<Rejection>>> + use<> {
    let query = query([("limit", "50"), ("after", after)]);
    let path = path_of_import(project, dataset, import);
    client::get(format!("{path}/rejections{query}"))
}

/// Takes the rows of an import out of the draft again.
pub async fn take_back_import(
    project: String,
    dataset: DatasetId,
    import: ImportId,
) -> ApiResult<Import> {
    let path = path_of_import(&project, dataset, import);
    client::send_plain(Method::Post, format!("{path}/take-back")).await
}
