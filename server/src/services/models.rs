//! The registry of models.

use std::{
    io::ErrorKind,
    path::{Component, Path, PathBuf},
};

use shared::{
    ids::ModelVersionId,
    model::{ModelFile, ModelKind, ModelVersion, RegisterModel},
};
use store::models;
use trainer::{
    device::Device,
    model::{LoadedModel, load},
};

use crate::{
    app::App,
    error::{ApiError, ApiResult},
    extract::ProjectAccess,
    services::change::Change,
};

/// The model versions of a project, newest first.
pub async fn list_model_versions(
    app: &App,
    access: &ProjectAccess,
) -> ApiResult<Vec<ModelVersion>> {
    let mut tx = app.store.read().await?;
    Ok(models::list_versions(&mut tx, access.project_id()).await?)
}

/// One model version.
pub async fn get_model_version(
    app: &App,
    access: &ProjectAccess,
    id: ModelVersionId,
) -> ApiResult<ModelVersion> {
    let mut tx = app.store.read().await?;
    let version = models::get_version(&mut tx, access.project_id(), id).await?;
    version.ok_or(ApiError::NotFound("model version"))
}

/// Registers a base model whose files are on the server's disk. It is loaded once, so that what
/// cannot be used is refused now and not when a run starts.
pub async fn register_model(
    app: &App,
    access: &ProjectAccess,
    request: RegisterModel,
) -> ApiResult<ModelVersion> {
    let name = request.name.trim();
    if name.is_empty() || name.chars().count() > 100 {
        return Err(ApiError::invalid("name", "must have 1 to 100 characters"));
    }
    let (content_hash, description) =
        inspect(models_folder(app).join(inside(&request.path)?)).await?;
    let mut change = Change::begin_in(app, access).await?;
    let model_id = app.context.id();
    let (model_id, number) =
        models::next_version(change.tx(), access.project_id(), model_id, name).await?;
    let version = ModelVersion {
        id: app.context.id(),
        model_id,
        name: name.to_owned(),
        number,
        kind: ModelKind::Base,
        path: request.path.trim().to_owned(),
        content_hash,
        description,
        base_id: None,
        run_id: None,
        prompt_version_id: None,
        created_by: Some(access.user_id()),
        created_at: app.context.now(),
    };
    models::insert_version(change.tx(), &version).await?;
    let detail = format!("{name} v{number} from {}", version.path);
    change
        .commit(
            "register_model",
            format!("model version {}", version.id),
            &detail,
        )
        .await?;
    Ok(version)
}

/// The folder in which the operator puts base models.
#[must_use]
pub fn models_folder(app: &App) -> PathBuf {
    app.data_dir.join("models")
}

/// Where the files of a model version are: the operator's, or those that a run has written.
#[must_use]
pub fn files_of(app: &App, version: &ModelVersion) -> PathBuf {
    match version.kind {
        ModelKind::Base => models_folder(app).join(&version.path),
        ModelKind::Adapter | ModelKind::Tuned | ModelKind::Reward => {
            app.data_dir.join(&version.path)
        }
    }
}

/// A path that stays inside the folder it is joined to, so that nobody can ask for other files of
/// the server by their names. Links in the folder are the operator's own.
fn inside(path: &str) -> ApiResult<&Path> {
    let path = Path::new(path.trim());
    let plain = path
        .components()
        .all(|part| matches!(part, Component::Normal(_)));
    if plain && path.components().next().is_some() {
        return Ok(path);
    }
    let message = "must be a file or folder in the `models` folder of the server's data folder";
    Err(ApiError::invalid("path", message))
}

/// The files and folders in the folder of base models, by name.
pub async fn list_model_files(app: &App) -> ApiResult<Vec<ModelFile>> {
    let folder = models_folder(app);
    let mut files = Vec::new();
    let mut entries = match tokio::fs::read_dir(&folder).await {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(files),
        Err(error) => return Err(anyhow::Error::from(error).into()),
    };
    while let Some(entry) = entries.next_entry().await.map_err(anyhow::Error::from)? {
        let Ok(metadata) = tokio::fs::metadata(entry.path()).await else {
            continue;
        };
        if let Ok(path) = entry.file_name().into_string() {
            let size_bytes = metadata.is_file().then_some(metadata.len());
            files.push(ModelFile { path, size_bytes });
        }
    }
    files.sort_by(|one, other| one.path.cmp(&other.path));
    Ok(files)
}

/// Loads a model on a thread of its own, and answers its hash and what it is.
async fn inspect(path: PathBuf) -> ApiResult<(String, String)> {
    let load = move || {
        let model = load(&path, &Device::Cpu)?;
        let description = describe(&model, &path);
        Ok((model.content_hash, description))
    };
    let loaded = tokio::task::spawn_blocking(load)
        .await
        .map_err(anyhow::Error::from)?;
    loaded.map_err(|error: trainer::TrainerError| ApiError::invalid("path", error.to_string()))
}

fn describe(model: &LoadedModel, path: &Path) -> String {
    let parameters = model.weights.parameter_count() as f64 / 1e6;
    let form = if path.is_dir() { "safetensors" } else { "GGUF" };
    let layers = model.config.layers;
    let family = model.config.architecture.label();
    format!("{family}, {parameters:.1} M parameters, {layers} layers, {form}")
}
