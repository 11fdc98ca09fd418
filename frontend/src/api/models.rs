//! The registry of models.

use std::future::Future;

use shared::model::ModelVersion;

use super::{ApiResult, client, projects::path_of};

/// The model versions of a project, newest first.
pub fn list_model_versions(
    project: &str,
) -> impl Future<Output = ApiResult<Vec<ModelVersion>>> + use<> {
    client::get(format!("{}/models", path_of(project)))
}
