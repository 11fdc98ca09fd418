//! Adapters as files that other programs read: PEFT's two, in a ZIP archive.

use std::{
    fs::File,
    io::{self, Seek, Write},
    path::Path,
};

use serde_json::Value;
use shared::{ids::ModelVersionId, model::ModelVersion};
use store::models;
use zip::{CompressionMethod, ZipWriter, write::SimpleFileOptions};

use crate::{
    app::App,
    error::{ApiError, ApiResult},
    extract::ProjectAccess,
    services::models::get_model_version,
};

/// The two files of PEFT's format.
const CONFIG: &str = "adapter_config.json";
const WEIGHTS: &str = "adapter_model.safetensors";

/// An archive that is ready to be sent.
#[derive(Debug)]
pub struct Archive {
    /// What it is called.
    pub file_name: String,
    /// Its bytes, from the first one on. The file has no name any more.
    pub file: File,
    /// How many they are.
    pub size_bytes: u64,
}

/// Packs the adapter of a model version. Its weights hardly shrink, so they are only stored.
pub async fn export_adapter(
    app: &App,
    access: &ProjectAccess,
    id: ModelVersionId,
) -> ApiResult<Archive> {
    let version = get_model_version(app, access, id).await?;
    let base_id = version.base_id.filter(|_| version.kind.is_on_base());
    let base_id = base_id.ok_or_else(|| {
        let message =
            "only adapters can be downloaded as they are: ask for an export of a whole model";
        ApiError::Conflict(message.to_owned())
    })?;
    let mut tx = app.store.read().await?;
    let base = models::get_version(&mut tx, access.project_id(), base_id).await?;
    drop(tx);
    let base_name = BaseName::of(base);
    let (folder, scratch) = (app.data_dir.join(&version.path), app.data_dir.clone());
    let packed = tokio::task::spawn_blocking(move || pack(&folder, &scratch, &base_name))
        .await
        .map_err(anyhow::Error::from)?;
    let (file, size_bytes) = packed.map_err(|error| failed(&error))?;
    Ok(Archive {
        file_name: format!("{}.zip", file_stem(&version)),
        file,
        size_bytes,
    })
}

/// What files of a model version are called, without their ending.
#[must_use]
pub fn file_stem(version: &ModelVersion) -> String {
    let name = version.name.chars();
    let name: String = name
        .map(|c| if c.is_ascii_alphanumeric() { c } else { '-' })
        .collect();
    format!("{name}-v{}", version.number)
}

/// How other programs find the base.
#[derive(Clone, Debug, Default)]
struct BaseName {
    /// Its name on the hub, or else what it is registered by.
    name: String,
    /// Its commit on the hub.
    revision: Option<String>,
}

impl BaseName {
    fn of(base: Option<ModelVersion>) -> Self {
        match base {
            None => Self::default(),
            Some(ModelVersion {
                hub: Some(mut hub), ..
            }) => {
                let revision = hub.revision.take();
                let name = hub.to_string();
                Self { name, revision }
            }
            Some(base) => Self {
                name: base.path,
                revision: None,
            },
        }
    }
}

/// Writes the archive into a file without a name.
fn pack(folder: &Path, scratch: &Path, base_name: &BaseName) -> io::Result<(File, u64)> {
    let config = config_for_others(&folder.join(CONFIG), base_name)?;
    let mut archive = ZipWriter::new(tempfile::tempfile_in(scratch)?);
    archive.start_file(CONFIG, stored())?;
    archive.write_all(config.as_bytes())?;
    store_file(&mut archive, WEIGHTS, &folder.join(WEIGHTS))?;
    let mut file = archive.finish()?;
    let size_bytes = file.stream_position()?;
    file.rewind()?;
    Ok((file, size_bytes))
}

/// Puts a file into an archive. Weights hardly shrink, so files are only stored.
pub fn store_file(archive: &mut ZipWriter<File>, name: &str, path: &Path) -> io::Result<()> {
    let mut file = File::open(path)?;
    let large = file.metadata()?.len() > u64::from(u32::MAX / 2);
    archive.start_file(name, stored().large_file(large))?;
    io::copy(&mut file, archive)?;
    Ok(())
}

fn stored() -> SimpleFileOptions {
    SimpleFileOptions::default().compression_method(CompressionMethod::Stored)
}

/// The configuration, naming the base as it is registered instead of by its place on the server.
fn config_for_others(path: &Path, base_name: &BaseName) -> io::Result<String> {
    let mut config: Value = serde_json::from_slice(&std::fs::read(path)?)?;
    config["base_model_name_or_path"] = Value::from(base_name.name.as_str());
    config["revision"] = Value::from(base_name.revision.clone());
    Ok(serde_json::to_string_pretty(&config)? + "\n")
}

fn failed(error: &io::Error) -> ApiError {
    match error.kind() {
        io::ErrorKind::StorageFull => ApiError::StorageFull,
        io::ErrorKind::NotFound => {
            let message = "the adapter's files are not on the server any more";
            ApiError::Conflict(message.to_owned())
        }
        _ => ApiError::Internal(anyhow::anyhow!("cannot pack an adapter: {error}")),
    }
}
