//! The registry of models, what is in production, and conversations with a model.

use std::future::Future;

use shared::{
    blank::{BlankModel, CreateBlankModel},
    ids::{ModelExportId, ModelVersionId},
    model::{
        Alias, Chat, ChatPiece, DownloadModel, HubSource, ModelDownload, ModelFile, ModelVersion,
        MoveAlias, RegisterModel,
    },
    model_export::{CreateModelExport, ModelExport, ModelExportFormat},
};

use super::{
    ApiResult,
    client::{self, Method, Stop},
    projects::path_of,
    stream,
};

/// The model versions of a project, newest first.
pub fn list_model_versions(
    project: &str,
) -> impl Future<Output = ApiResult<Vec<ModelVersion>>> + use<> {
    client::get(format!("{}/models", path_of(project)))
}

/// What can be registered as a base model.
pub fn list_model_files(project: &str) -> impl Future<Output = ApiResult<Vec<ModelFile>>> + use<> {
    client::get(format!("{}/model-files", path_of(project)))
}

/// Registers a base model.
pub async fn register_model(project: String, request: RegisterModel) -> ApiResult<ModelVersion> {
    let path = format!("{}/models", path_of(&project));
    client::send(Method::Post, path, &request).await
}

/// Where the server downloads base models from.
pub fn get_hub(project: &str) -> impl Future<Output = ApiResult<HubSource>> + use<> {
    client::get(format!("{}/hub", path_of(project)))
}

/// The newest downloads of base models, newest first.
pub fn list_model_downloads(
    project: &str,
) -> impl Future<Output = ApiResult<Vec<ModelDownload>>> + use<> {
    client::get(format!("{}/model-downloads", path_of(project)))
}

/// Asks for a base model from the hub.
pub async fn create_model_download(
    project: String,
    request: DownloadModel,
) -> ApiResult<ModelDownload> {
    let path = format!("{}/model-downloads", path_of(&project));
    client::send(Method::Post, path, &request).await
}

/// The newest blank models, newest first.
pub fn list_blank_models(
    project: &str,
) -> impl Future<Output = ApiResult<Vec<BlankModel>>> + use<> {
    client::get(format!("{}/blank-models", path_of(project)))
}

/// Asks for a model with random weights.
pub async fn create_blank_model(
    project: String,
    request: CreateBlankModel,
) -> ApiResult<BlankModel> {
    let path = format!("{}/blank-models", path_of(&project));
    client::send(Method::Post, path, &request).await
}

/// The aliases of a project with their moves.
pub fn list_aliases(project: &str) -> impl Future<Output = ApiResult<Vec<Alias>>> + use<> {
    client::get(format!("{}/aliases", path_of(project)))
}

/// Puts a version into production.
pub async fn move_production(project: String, request: MoveAlias) -> ApiResult<Alias> {
    let path = format!("{}/aliases/production", path_of(&project));
    client::send(Method::Post, path, &request).await
}

/// Puts the version back that was in production before.
pub async fn roll_back_production(project: String) -> ApiResult<Alias> {
    let path = format!("{}/aliases/production/rollback", path_of(&project));
    client::send(Method::Post, path, &serde_json::json!({})).await
}

/// The address of an adapter's files.
#[must_use]
pub fn adapter_href(project: &str, id: ModelVersionId) -> String {
    format!("{}/models/{id}/adapter", path_of(project))
}

/// The exports of a model version.
pub fn list_model_exports(
    project: &str,
    id: ModelVersionId,
) -> impl Future<Output = ApiResult<Vec<ModelExport>>> + use<> {
    client::get(format!("{}/models/{id}/exports", path_of(project)))
}

/// Asks for an export.
pub async fn create_model_export(
    project: String,
    id: ModelVersionId,
    format: ModelExportFormat,
) -> ApiResult<ModelExport> {
    let path = format!("{}/models/{id}/exports", path_of(&project));
    client::send(Method::Post, path, &CreateModelExport { format }).await
}

/// Removes an export and its file.
pub async fn delete_model_export(
    project: String,
    id: ModelVersionId,
    export: ModelExportId,
) -> ApiResult<()> {
    let path = format!("{}/models/{id}/exports/{export}", path_of(&project));
    client::send_empty(Method::Delete, path).await
}

/// The address of an export's file.
#[must_use]
pub fn export_href(project: &str, id: ModelVersionId, export: ModelExportId) -> String {
    format!("{}/models/{id}/exports/{export}/file", path_of(project))
}

/// Says something to a model; `heard` gets the answer piece by piece, until somebody stops it.
pub async fn chat(
    project: String,
    id: ModelVersionId,
    request: Chat,
    stop: &Stop,
    heard: impl FnMut(ChatPiece) + 'static,
) -> ApiResult<()> {
    let path = format!("{}/models/{id}/chat", path_of(&project));
    stream::post(path, &request, stop, heard).await
}
