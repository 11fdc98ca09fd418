//! The behaviour spec.

use std::future::Future;

use shared::spec::{CreateSpecVersion, SpecComparison, SpecVersion, SpecVersionSummary};

use super::{
    ApiResult,
    client::{self, Method},
    projects::path_of,
};

/// The versions of the spec, newest first.
pub fn list_spec_versions(
    project: &str,
) -> impl Future<Output = ApiResult<Vec<SpecVersionSummary>>> + use<> {
    client::get(format!("{}/spec/versions", path_of(project)))
}

/// One version of the spec.
pub fn get_spec_version(
    project: &str,
    number: i64,
) -> impl Future<Output = ApiResult<SpecVersion>> + use<> {
    client::get(format!("{}/spec/versions/{number}", path_of(project)))
}

/// What differs between two versions.
pub fn compare_spec_versions(
    project: &str,
    before: i64,
    after: i64,
) -> impl Future<Output = ApiResult<SpecComparison>> + use<> {
    let path = path_of(project);
    client::get(format!(
        "{path}/spec/comparison?before={before}&after={after}"
    ))
}

/// Makes the next version.
pub async fn create_spec_version(
    project: String,
    request: CreateSpecVersion,
) -> ApiResult<SpecVersion> {
    let path = format!("{}/spec/versions", path_of(&project));
    client::send(Method::Post, path, &request).await
}
