//! The registry of models.

use std::{
    io::ErrorKind,
    path::{Component, Path, PathBuf},
};

use shared::{
    hub::HubModel,
    ids::{ModelVersionId, ProjectId, UserId},
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
    let name = usable_name(&request.name)?.to_owned();
    let contents = inspect(models_folder(app).join(inside(&request.path)?)).await;
    let contents = contents.map_err(|reason| ApiError::invalid("path", reason))?;
    let change = Change::begin_in(app, access).await?;
    let base = NewBase {
        name,
        kind: ModelKind::Base,
        path: request.path.trim().to_owned(),
        hub: None,
        contents,
    };
    add_base(
        app,
        change,
        access.project_id(),
        Some(access.user_id()),
        base,
    )
    .await
}

/// A base model that is about to be registered.
#[derive(Clone, Debug)]
pub struct NewBase {
    /// What to call it.
    pub name: String,
    /// Whether it has learned anything: a base, or a blank one.
    pub kind: ModelKind,
    /// Where its files are in the folder of models.
    pub path: String,
    /// Where it comes from, at its commit.
    pub hub: Option<HubModel>,
    /// What is in its files.
    pub contents: Contents,
}

/// Adds the next version of a base model and ends the change.
pub async fn add_base(
    app: &App,
    mut change: Change<'_>,
    project_id: ProjectId,
    created_by: Option<UserId>,
    base: NewBase,
) -> ApiResult<ModelVersion> {
    let (model_id, number) =
        models::next_version(change.tx(), project_id, app.context.id(), &base.name).await?;
    let version = ModelVersion {
        id: app.context.id(),
        model_id,
        name: base.name,
        number,
        kind: base.kind,
        path: base.path,
        hub: base.hub,
        content_hash: base.contents.hash,
        description: base.contents.description,
        base_id: None,
        run_id: None,
        prompt_version_id: None,
        created_by,
        created_at: app.context.now(),
    };
    models::insert_version(change.tx(), &version).await?;
    let hub = version.hub.as_ref().map(ToString::to_string);
    let source = hub.as_ref().unwrap_or(&version.path);
    let detail = format!("{} v{number} from {source}", version.name);
    change
        .commit(
            "register_model",
            format!("model version {}", version.id),
            &detail,
        )
        .await?;
    Ok(version)
}

/// A name without spaces around it, of a length that can be shown.
pub fn usable_name(name: &str) -> ApiResult<&str> {
    let name = name.trim();
    if name.is_empty() || name.chars().count() > 100 {
        return Err(ApiError::invalid("name", "must have 1 to 100 characters"));
    }
    Ok(name)
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
        ModelKind::Base | ModelKind::Blank => models_folder(app).join(&version.path),
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
        let name = entry.file_name().into_string();
        // What begins with a dot is not for people, such as what came from the hub.
        if let Some(path) = name.ok().filter(|name| !name.starts_with('.')) {
            let size_bytes = metadata.is_file().then_some(metadata.len());
            files.push(ModelFile { path, size_bytes });
        }
    }
    files.sort_by(|one, other| one.path.cmp(&other.path));
    Ok(files)
}

/// What is in the files of a base model.
#[derive(Clone, Debug)]
pub struct Contents {
    /// The SHA-256 of its weights.
    pub hash: String,
    /// What it is, in a few words.
    pub description: String,
}

/// Loads a model on a thread of its own, to see what it is. The error says why it cannot be used.
pub async fn inspect(path: PathBuf) -> Result<Contents, String> {
    let load = move || load(&path, &Device::Cpu).map(Contents::of);
    let loaded = tokio::task::spawn_blocking(load).await;
    let loaded = loaded.map_err(|error| format!("loading it ended in an error: {error}"))?;
    loaded.map_err(|error: trainer::TrainerError| error.to_string())
}

impl Contents {
    /// What a model is.
    #[must_use]
    pub fn of(model: LoadedModel) -> Self {
        Self {
            description: describe(&model),
            hash: model.content_hash,
        }
    }
}

fn describe(model: &LoadedModel) -> String {
    let parameters = model.weights.parameter_count() as f64 / 1e6;
    let form = if model.path.is_dir() {
        "safetensors"
    } else {
        "GGUF"
    };
    let layers = model.config.layers;
    let family = model.config.architecture.label();
    format!("{family}, {parameters:.1} M parameters, {layers} layers, {form}")
}
