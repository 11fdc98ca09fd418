//! Identifiers: one newtype for each kind of record, so that one can not be passed for another.
//!
//! An id is a version 7 UUID. It sorts by the time it was made, so an id is also a page cursor.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

macro_rules! id {
    ($( $(#[$meta:meta])* $name:ident )+) => { $(
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl $name {
            /// The id as a plain UUID, for binding to a statement.
            #[must_use]
            pub const fn as_uuid(self) -> Uuid {
                self.0
            }
        }

        impl From<Uuid> for $name {
            fn from(uuid: Uuid) -> Self {
                Self(uuid)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(formatter)
            }
        }

        impl FromStr for $name {
            type Err = uuid::Error;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                text.parse().map(Self)
            }
        }
    )+ };
}

id! {
    /// A person with an account.
    UserId
    /// A signed-in browser.
    SessionId
    /// A token for programs.
    ApiTokenId
    /// A project.
    ProjectId
    /// One immutable version of a project's behaviour spec.
    SpecVersionId
    /// A dataset; its content is in its versions.
    DatasetId
    /// One immutable version of a dataset.
    DatasetVersionId
    /// A suite of held-out items.
    SuiteId
    /// One item of a suite.
    SuiteItemId
    /// A prompt; its text is in its versions.
    PromptId
    /// One immutable version of a prompt.
    PromptVersionId
    /// A model in the registry.
    ModelId
    /// One version of a model: base weights, or an adapter on them.
    ModelVersionId
    /// A model version written for other programs.
    ModelExportId
    /// A queue of pairs to judge.
    QueueId
    /// Two responses to one prompt.
    PairId
    /// One of the judgements wanted for a pair.
    SlotId
    /// One person's judgement of one pair.
    JudgementId
    /// A unit of background work.
    JobId
    /// A training run.
    RunId
    /// A checkpoint of a run.
    CheckpointId
    /// One evaluation of a model version on a suite.
    EvaluationId
    /// A regression report.
    ReportId
    /// An uploaded file that waits to be imported.
    UploadId
    /// One import of an uploaded file into a dataset.
    ImportId
    /// A read-only link to a report.
    ShareLinkId
}
