//! Models in the forms that other programs read.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::{
    ids::{ModelExportId, ModelVersionId, UserId},
    job::Job,
};

text_enum! {
    /// What a model is written as.
    pub enum ModelExportFormat {
        /// A Hugging Face folder with safetensors in 32 bits.
        Safetensors = "safetensors",
        /// The same in bfloat16, half as large.
        SafetensorsBf16 = "safetensors_bf16",
        /// A GGUF file in 16 bits, for llama.cpp and what is built on it.
        GgufF16 = "gguf_f16",
        /// The same with 8 bits a weight.
        GgufQ8_0 = "gguf_q8_0",
        /// The same with 4 to 6 bits a weight, as llama.cpp mixes them under the name `Q4_K_M`.
        GgufQ4KM = "gguf_q4_k_m",
        /// The adapter alone as GGUF, for a base that llama.cpp already has.
        GgufAdapter = "gguf_adapter",
    }
}

impl ModelExportFormat {
    /// What it is called on pages.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Safetensors => "Safetensors, 32 bits",
            Self::SafetensorsBf16 => "Safetensors, bfloat16",
            Self::GgufF16 => "GGUF F16",
            Self::GgufQ8_0 => "GGUF Q8_0",
            Self::GgufQ4KM => "GGUF Q4_K_M",
            Self::GgufAdapter => "GGUF adapter",
        }
    }

    /// Whether it is a folder, which is packed into a ZIP archive, and not a single file.
    #[must_use]
    pub const fn is_folder(self) -> bool {
        matches!(self, Self::Safetensors | Self::SafetensorsBf16)
    }

    /// Whether it holds an adapter alone.
    #[must_use]
    pub const fn is_adapter(self) -> bool {
        matches!(self, Self::GgufAdapter)
    }
}

/// How the logits of an export, read back, differ from the original's on a few texts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ExportCheck {
    /// Tokens after which the logits were compared.
    pub tokens: u32,
    /// The largest difference of a logit.
    pub largest_difference: f64,
    /// The mean Kullback-Leibler divergence of the next token from the original's, in nats.
    pub mean_divergence: f64,
    /// After how many of the tokens both choose the same next one.
    pub same_first_choice: u32,
}

/// Asks for an export.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CreateModelExport {
    /// What to write.
    pub format: ModelExportFormat,
}

/// An export of a model version. A version has at most one of each format.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ModelExport {
    /// The export.
    pub id: ModelExportId,
    /// What it is an export of.
    pub model_version_id: ModelVersionId,
    /// What it is written as.
    pub format: ModelExportFormat,
    /// The job that makes it.
    pub job: Job,
    /// What is there once the job succeeded.
    pub file: Option<ExportedFile>,
    /// Who asked for it.
    pub created_by: Option<UserId>,
    /// When.
    pub created_at: DateTime<Utc>,
}

/// The file of an export.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ExportedFile {
    /// What it is called when it is downloaded.
    pub name: String,
    /// Its size.
    pub size_bytes: i64,
    /// Its SHA-256 in hexadecimal.
    pub content_hash: String,
    /// What reading it back showed.
    pub check: ExportCheck,
}
