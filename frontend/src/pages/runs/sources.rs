//! What a run, or a sampling, can be made of: dataset versions, models, prompts.

use shared::{
    dataset::{Dataset, DatasetVersion, RowKind},
    ids::{DatasetVersionId, ModelVersionId, PromptVersionId, SpecVersionId},
    model::{ModelKind, ModelVersion},
    prompt::Prompt,
};

use crate::{
    api::{self, ApiResult},
    components::Choice,
};

/// A version of a dataset with the name of its dataset.
#[derive(Clone, Debug, PartialEq)]
pub struct NamedVersion {
    /// The dataset's name.
    pub name: String,
    /// The version.
    pub version: DatasetVersion,
}

impl NamedVersion {
    /// Whether it has rows of a kind that is asked for.
    #[must_use]
    pub fn has(&self, is_wanted: impl Fn(RowKind) -> bool) -> bool {
        let counts = &self.version.counts.by_kind;
        counts
            .iter()
            .any(|count| is_wanted(count.kind) && count.rows > 0)
    }
}

/// Everything there is to choose from.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sources {
    /// The versions of all datasets, the newest of each first.
    pub versions: Vec<NamedVersion>,
    /// The same, to be chosen.
    pub data: Vec<Choice<DatasetVersionId>>,
    /// Every model version.
    pub known_models: Vec<ModelVersion>,
    /// Those that write answers, to be chosen.
    pub models: Vec<Choice<ModelVersionId>>,
    /// Every prompt version, the newest of each prompt first.
    pub prompts: Vec<Choice<PromptVersionId>>,
    /// Every version of the spec, newest first.
    pub specs: Vec<Choice<SpecVersionId>>,
}

/// Reads all of it.
pub async fn read(slug: String) -> ApiResult<Sources> {
    let mut versions = Vec::new();
    for dataset in api::datasets::list_datasets(&slug).await? {
        let Dataset { id, name, .. } = dataset;
        let known = api::datasets::list_dataset_versions(&slug, id).await?;
        versions.extend(known.into_iter().map(|version| NamedVersion {
            name: name.clone(),
            version,
        }));
    }
    let known_models = api::models::list_model_versions(&slug).await?;
    let prompts = api::prompts::list_prompts(&slug).await?;
    let specs = api::specs::list_spec_versions(&slug).await?.into_iter();
    Ok(Sources {
        data: versions.iter().map(data_choice).collect(),
        models: known_models
            .iter()
            .filter(|model| model.kind.writes_answers())
            .map(model_choice)
            .collect(),
        specs: specs
            .map(|spec| Choice::new(spec.id, format!("Spec {}", spec.number)))
            .collect(),
        prompts: prompts.iter().flat_map(prompt_choices).collect(),
        versions,
        known_models,
    })
}

fn data_choice(named: &NamedVersion) -> Choice<DatasetVersionId> {
    let DatasetVersion {
        id, number, counts, ..
    } = &named.version;
    Choice::new(
        *id,
        format!(
            "{} {number}: {} to learn, {} held back",
            named.name, counts.train, counts.validation
        ),
    )
}

/// A model version's name.
#[must_use]
pub fn model_name(model: &ModelVersion) -> String {
    let kind = match model.kind {
        ModelKind::Base => "base",
        ModelKind::Blank => "blank",
        ModelKind::Adapter => "adapter",
        ModelKind::Tuned => "all weights trained",
        ModelKind::Reward => "reward model",
    };
    format!("{} {} ({kind})", model.name, model.number)
}

fn model_choice(model: &ModelVersion) -> Choice<ModelVersionId> {
    Choice::new(model.id, model_name(model))
}

fn prompt_choices(prompt: &Prompt) -> Vec<Choice<PromptVersionId>> {
    let versions = prompt.versions.iter();
    versions
        .map(|version| Choice::new(version.id, format!("{} {}", prompt.name, version.number)))
        .collect()
}

/// The same choices, and before them none.
#[must_use]
pub fn or_none<T>(choices: Vec<Choice<T>>, none: &str) -> Vec<Choice<Option<T>>> {
    let some = choices.into_iter();
    let some = some.map(|choice| Choice::new(Some(choice.value), choice.label));
    std::iter::once(Choice::new(None, none))
        .chain(some)
        .collect()
}
