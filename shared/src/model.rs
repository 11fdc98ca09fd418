//! The registry: model versions, where they came from, and which one is in production.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::ids::{ModelId, ModelVersionId, PromptVersionId, RunId, UserId};

text_enum! {
    /// What a model version consists of.
    pub enum ModelKind {
        /// Whole weights, as somebody made them.
        Base = "base",
        /// An adapter on a base.
        Adapter = "adapter",
    }
}

/// One version of a model. It never changes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ModelVersion {
    /// The version.
    pub id: ModelVersionId,
    /// The model it is a version of.
    pub model_id: ModelId,
    /// The model's name.
    pub name: String,
    /// From 1, without gaps in a model.
    pub number: i64,
    /// What it consists of.
    pub kind: ModelKind,
    /// Where its files are: for a base seen from the server's folder of models, for an adapter from
    /// its data folder.
    pub path: String,
    /// The SHA-256 of its weights, in hexadecimal.
    pub content_hash: String,
    /// What it is, in a few words, such as `Llama, 134.5 M parameters`.
    pub description: String,
    /// For an adapter: the version of the base it belongs to.
    pub base_id: Option<ModelVersionId>,
    /// For an adapter: the run that made it.
    pub run_id: Option<RunId>,
    /// The prompt it was trained with, which it should be asked with.
    pub prompt_version_id: Option<PromptVersionId>,
    /// Who registered it, or asked for the run.
    pub created_by: Option<UserId>,
    /// When.
    pub created_at: DateTime<Utc>,
}

/// Registers a base model from files that are on the server's disk.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RegisterModel {
    /// What to call it. A name that exists gets its next version.
    pub name: String,
    /// A GGUF file, or a folder with `config.json`, `tokenizer.json` and safetensors, in the
    /// `models` folder of the server's data folder.
    pub path: String,
}

/// Something in the server's folder of base models.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ModelFile {
    /// Its name, to register it by.
    pub path: String,
    /// Its size; absent for a folder.
    pub size_bytes: Option<u64>,
}
