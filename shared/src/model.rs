//! The registry: model versions, where they came from, and which one is in production.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::{
    evaluation::{BestOf, Decoding},
    hub::HubModel,
    ids::{ModelId, ModelVersionId, PromptVersionId, RunId, UserId},
    job::Job,
    message::Message,
};

text_enum! {
    /// What a model version consists of.
    pub enum ModelKind {
        /// Whole weights, as somebody made them.
        Base = "base",
        /// Random weights that have learned nothing yet, to be pretrained from scratch.
        Blank = "blank",
        /// An adapter on a base.
        Adapter = "adapter",
        /// Whole weights that a run made of those of a base.
        Tuned = "tuned",
        /// An adapter on a base with a head that scores answers; it writes none.
        Reward = "reward",
    }
}

impl ModelKind {
    /// Whether it can be asked; a reward model can not, and a blank one would answer with noise.
    #[must_use]
    pub const fn writes_answers(self) -> bool {
        !matches!(self, Self::Reward | Self::Blank)
    }

    /// Whether it is used together with a base.
    #[must_use]
    pub const fn is_on_base(self) -> bool {
        !self.is_whole()
    }

    /// Whether it has weights of its own, so that a run can begin with it.
    #[must_use]
    pub const fn is_whole(self) -> bool {
        matches!(self, Self::Base | Self::Blank | Self::Tuned)
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
    /// Where its files are: for a base seen from the server's folder of models, for what a run made
    /// from its data folder.
    pub path: String,
    /// For a base from a hub: its name there with the commit, such as `owner/name@commit`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>))]
    pub hub: Option<HubModel>,
    /// The SHA-256 of its weights, in hexadecimal.
    pub content_hash: String,
    /// What it is, in a few words, such as `Llama, 134.5 M parameters`.
    pub description: String,
    /// The version of the base that it was trained on: an adapter belongs to it.
    pub base_id: Option<ModelVersionId>,
    /// The run that made it.
    pub run_id: Option<RunId>,
    /// The prompt it was trained with, which it should be asked with.
    pub prompt_version_id: Option<PromptVersionId>,
    /// Who registered it, or asked for the run.
    pub created_by: Option<UserId>,
    /// When.
    pub created_at: DateTime<Utc>,
}

impl ModelVersion {
    /// The version whose weights it computes with: its base, or itself where it has weights of its own,
    /// whatever base these were made from.
    #[must_use]
    pub fn weights_id(&self) -> ModelVersionId {
        let base_id = self.base_id.filter(|_| self.kind.is_on_base());
        base_id.unwrap_or(self.id)
    }
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

/// Downloads a base model from the hub and registers it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DownloadModel {
    /// What to call it. A name that exists gets its next version.
    pub name: String,
    /// What to download: `owner/name`, then `@revision` for another one than `main`, then `:file` for
    /// a GGUF file of the repository.
    pub hub: String,
}

/// A download of a base model. Its job ends when the model is registered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ModelDownload {
    /// The job that downloads it.
    pub job: Job,
    /// What the model will be called.
    pub name: String,
    /// What is downloaded.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub hub: HubModel,
}

/// Where this server downloads base models from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct HubSource {
    /// The hub's address; absent where downloads are not possible.
    pub endpoint: Option<String>,
    /// Whether the server has a token, which gated and private repositories need.
    pub has_token: bool,
    /// Why downloads are not possible, and what to do instead; absent where they are.
    pub refusal: Option<String>,
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

/// The name under which a version is served to the world.
pub const PRODUCTION: &str = "production";

/// A name that points to a model version, and where it pointed before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Alias {
    /// The name; so far only `production`.
    pub name: String,
    /// Its moves, newest first. The first one is where it points; a rolled-back one stays listed.
    pub moves: Vec<AliasMove>,
}

/// One move of an alias.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AliasMove {
    /// Where it points since.
    pub model_version_id: ModelVersionId,
    /// The number of the passed report that allowed it.
    pub report: Option<i64>,
    /// Why it was moved without one.
    pub override_reason: Option<String>,
    /// Whether it went back to where it was before.
    pub rollback: bool,
    /// Who moved it.
    pub moved_by: Option<UserId>,
    /// When.
    pub moved_at: DateTime<Utc>,
}

/// Moves an alias: by a passed report whose candidate the version is, or else with a reason.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct MoveAlias {
    /// Where it shall point.
    pub model_version_id: ModelVersionId,
    /// The number of the passed report.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub report: Option<i64>,
    /// Why it is moved without one; recorded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub override_reason: Option<String>,
}

/// Says something to a model version.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Chat {
    /// The conversation so far, ending with a turn of the user.
    pub messages: Vec<Message>,
    /// The prompt put before it; absent for none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prompt_version_id: Option<PromptVersionId>,
    /// How the answer is generated.
    #[serde(default)]
    pub decoding: Decoding,
    /// Gives the best of several answers, which needs a temperature; absent for one answer, which
    /// comes as it grows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub best_of: Option<BestOf>,
}

/// An answer with what a reward model gives it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ScoredAnswer {
    /// The text.
    pub text: String,
    /// Its score, to be compared with those of the other answers to the same question only; absent
    /// where the reward model cannot read it whole.
    pub score: Option<f64>,
    /// Tokens of the answer.
    pub output_tokens: u64,
}

/// What the answer to a [`Chat`] consists of, as server-sent events.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ChatPiece {
    /// More of the answer.
    Text {
        /// The text that follows.
        text: String,
    },
    /// How far several answers are, of which one will be given.
    Drawing {
        /// How many have ended.
        ended: u32,
        /// How many are drawn.
        answers: u32,
        /// Tokens that those under way have by now.
        tokens: u32,
    },
    /// What the answer was chosen for, behind its text.
    Chosen {
        /// Its score; absent where the reward model could read none of them whole.
        score: Option<f64>,
        /// The other answers, the best first.
        others: Vec<ScoredAnswer>,
    },
    /// The end of the answer.
    Done {
        /// Tokens of the rendered conversation.
        prompt_tokens: u64,
        /// Tokens of the answer.
        output_tokens: u64,
        /// Seconds that it took.
        seconds: f64,
    },
    /// The answer failed.
    Error {
        /// What went wrong and what to do.
        message: String,
    },
}
