//! What a request for a run names: looked up, and put into the trainer's configuration.

use std::path::PathBuf;

use checks::Checker;
use shared::{
    check::Check,
    dataset::Split,
    error::FieldError,
    ids::{DatasetVersionId, ModelVersionId, ProjectId},
    model::{ModelKind, ModelVersion},
    run::CreateRun,
    spec::Clause,
    training::{Lesson, TrainingConfig},
};
use store::{
    Tx,
    dataset_versions::{self, VersionRecord},
    models, prompts, specs,
};

use crate::{
    app::App,
    error::{ApiError, ApiResult},
    services::{models::files_of, row_files},
};

/// Everything that a request names.
#[derive(Clone, Debug)]
pub struct RunSetup {
    /// What was asked for.
    pub request: CreateRun,
    /// The base model.
    pub base: ModelVersion,
    /// The rows to learn from.
    pub dataset: VersionRecord,
    /// The rows to measure on instead of the version's own validation side.
    pub validation: Option<VersionRecord>,
    /// The general rows.
    pub general: Option<VersionRecord>,
    /// The text of the prompt.
    pub system_prompt: Option<String>,
    /// The adapter to go on from.
    pub initial: Option<ModelVersion>,
    /// The reward model that rewards answers.
    pub reward_model: Option<ModelVersion>,
    /// The checks on generated answers.
    pub checks: Vec<Check>,
}

/// Looks up what a request names, and refuses what is not in the project by its field.
pub async fn resolve(app: &App, project_id: ProjectId, request: CreateRun) -> ApiResult<RunSetup> {
    let mut errors = filled_paths(&request.config);
    let mut tx = app.store.read().await?;
    let base = model(&mut tx, project_id, request.base_id, ModelKind::is_whole).await?;
    let base = or_error(
        base,
        "base_id",
        "names no model with weights of its own",
        &mut errors,
    );
    let dataset = version(&mut tx, project_id, request.dataset_version_id).await?;
    let dataset = or_error(dataset, "dataset_version_id", NO_VERSION, &mut errors);
    let mut validation = None;
    if let Some(id) = request.validation_version_id {
        let field = "validation_version_id";
        let found = version(&mut tx, project_id, id).await?;
        validation = or_error(found, field, NO_VERSION, &mut errors);
        if id == request.dataset_version_id {
            let message = "is what the run learns from: leave it empty to measure on the rows \
                           that the version holds back";
            errors.push(FieldError::new(field, message));
        }
    }
    let mut general = None;
    if let Some(id) = request.general_version_id {
        let found = version(&mut tx, project_id, id).await?;
        general = or_error(found, "general_version_id", NO_VERSION, &mut errors);
    }
    let mut system_prompt = None;
    if let Some(id) = request.prompt_version_id {
        let found = prompts::get_version(&mut tx, project_id, id).await?;
        let found = or_error(found, "prompt_version_id", "names no prompt", &mut errors);
        system_prompt = found.map(|(_, version)| version.system);
    }
    let mut initial = None;
    if let Some(id) = request.initial_adapter_id {
        let found = model(&mut tx, project_id, id, ModelKind::is_on_base).await?;
        initial = or_error(found, "initial_adapter_id", "names no adapter", &mut errors);
    }
    let mut reward_model = None;
    if let Some(id) = request.reward_model_id {
        let is_reward = |kind| kind == ModelKind::Reward;
        let found = model(&mut tx, project_id, id, is_reward).await?;
        reward_model = or_error(
            found,
            "reward_model_id",
            "names no reward model",
            &mut errors,
        );
    }
    let mut checks = request.config.evaluation.checks.clone();
    if let Some(id) = request.spec_version_id {
        let found = specs::get_by_id(&mut tx, project_id, id).await?;
        let found = or_error(found, "spec_version_id", "names no spec", &mut errors);
        checks = found.map_or_else(Vec::new, |version| checks_of(&version.clauses));
    }
    if let Err(error) = Checker::new(&checks) {
        errors.push(FieldError::new(
            "config.evaluation.checks",
            error.to_string(),
        ));
    }
    match (base, dataset) {
        (Some(base), Some(dataset)) if errors.is_empty() => Ok(RunSetup {
            request,
            base,
            dataset,
            validation,
            general,
            system_prompt,
            initial,
            reward_model,
            checks,
        }),
        _ => Err(ApiError::invalid_fields(errors)),
    }
}

const NO_VERSION: &str = "names no version of a dataset";

async fn model(
    tx: &mut Tx,
    project_id: ProjectId,
    id: ModelVersionId,
    fits: impl Fn(ModelKind) -> bool,
) -> ApiResult<Option<ModelVersion>> {
    let found = models::get_version(tx, project_id, id).await?;
    Ok(found.filter(|version| fits(version.kind)))
}

async fn version(
    tx: &mut Tx,
    project_id: ProjectId,
    id: DatasetVersionId,
) -> ApiResult<Option<VersionRecord>> {
    Ok(dataset_versions::get(tx, project_id, id).await?)
}

fn or_error<T>(
    found: Option<T>,
    field: &str,
    problem: &str,
    errors: &mut Vec<FieldError>,
) -> Option<T> {
    if found.is_none() {
        errors.push(FieldError::new(field, format!("{problem} of this project")));
    }
    found
}

/// The settings that the server fills in must come empty: nobody may name files of the server.
fn filled_paths(config: &TrainingConfig) -> Vec<FieldError> {
    let data = &config.data;
    let adapter = config.adapter.adapter();
    let filled = [
        ("config.model", !config.model.is_empty()),
        ("config.data.train", !data.train.is_empty()),
        ("config.data.validation", data.validation.is_some()),
        ("config.data.general", data.general.is_some()),
        (
            "config.data.general_validation",
            data.general_validation.is_some(),
        ),
        ("config.data.system_prompt", data.system_prompt.is_some()),
        (
            "config.adapter.initial",
            adapter.is_some_and(|adapter| adapter.initial.is_some()),
        ),
        (
            "config.grpo.reward_model",
            config.grpo.reward_model.is_some(),
        ),
    ];
    let message = "must be left empty: the server fills it in from what the run names";
    let filled = filled.into_iter().filter(|(_, is_filled)| *is_filled);
    filled
        .map(|(field, _)| FieldError::new(field, message))
        .collect()
}

/// The checks of all clauses, each with its clause. A name that two clauses use gets the clause's
/// key in front.
fn checks_of(clauses: &[Clause]) -> Vec<Check> {
    let mut all: Vec<Check> = Vec::new();
    for clause in clauses {
        for check in &clause.checks {
            let taken = all.iter().any(|other| other.name == check.name);
            let name = if taken {
                format!("{}: {}", clause.key, check.name)
            } else {
                check.name.clone()
            };
            all.push(Check {
                name,
                clause: check.clause.clone().or_else(|| Some(clause.key.clone())),
                ..check.clone()
            });
        }
    }
    all
}

impl RunSetup {
    /// Where the base model is.
    #[must_use]
    pub fn base_path(&self, app: &App) -> PathBuf {
        files_of(app, &self.base)
    }

    /// Where the adapter to go on from is.
    #[must_use]
    pub fn initial_path(&self, app: &App) -> Option<PathBuf> {
        let initial = self.initial.as_ref()?;
        Some(files_of(app, initial))
    }

    /// Where the reward model's adapter is.
    #[must_use]
    pub fn reward_model_path(&self, app: &App) -> Option<PathBuf> {
        let reward_model = self.reward_model.as_ref()?;
        Some(files_of(app, reward_model))
    }

    /// The rows to measure on, if there are any: a version, or a side of it.
    #[must_use]
    pub fn measured(&self) -> Option<(&VersionRecord, Option<Split>)> {
        let held_back = self.dataset.version.counts.validation;
        let own = (&self.dataset, Some(Split::Validation), held_back);
        let given = self.validation.as_ref();
        let given = given.map(|record| (record, None, record.version.counts.rows));
        let (record, split, rows) = given.unwrap_or(own);
        (rows > 0).then_some((record, split))
    }

    /// The general rows to mix in, if any are: those that their version does not hold back.
    #[must_use]
    pub fn mixed(&self) -> Option<(&VersionRecord, Option<Split>)> {
        let config = &self.request.config;
        let mixes = config.data.general_share > 0.0 && config.method.lesson() != Lesson::Prompts;
        let record = self.general.as_ref().filter(|_| mixes)?;
        let holds_back = record.version.counts.validation > 0;
        Some((record, holds_back.then_some(Split::Train)))
    }

    /// The general rows whose loss tells what is forgotten, if any are: those that are held back.
    #[must_use]
    pub fn remembered(&self) -> Option<&VersionRecord> {
        let writes = self.request.config.method.writes_answers();
        let general = self.general.as_ref();
        general.filter(|record| writes && record.version.counts.validation > 0)
    }

    /// The trainer's configuration, with the files of rows written.
    pub async fn config(&self, app: &App) -> ApiResult<TrainingConfig> {
        let text = |path: PathBuf| path.to_string_lossy().into_owned();
        let train = row_files::write_of(app, &self.dataset, Some(Split::Train)).await?;
        let mut validation = None;
        if let Some((record, split)) = self.measured() {
            let file = row_files::write_of(app, record, split).await?;
            validation = Some(text(file));
        }
        let mut general = None;
        if let Some((record, split)) = self.mixed() {
            general = Some(text(row_files::write_of(app, record, split).await?));
        }
        let mut general_validation = None;
        if let Some(record) = self.remembered() {
            let file = row_files::write_of(app, record, Some(Split::Validation)).await?;
            general_validation = Some(text(file));
        }
        let mut config = self.request.config.clone();
        config.model = text(self.base_path(app));
        config.data.train = text(train);
        config.data.validation = validation;
        config.data.general = general;
        config.data.general_validation = general_validation;
        config.data.system_prompt.clone_from(&self.system_prompt);
        if let Some(adapter) = config.adapter.adapter_mut() {
            adapter.initial = self.initial_path(app).map(text);
        }
        config.grpo.reward_model = self.reward_model_path(app).map(text);
        config.evaluation.checks.clone_from(&self.checks);
        Ok(config)
    }
}

#[cfg(test)]
mod tests {
    use shared::spec::{ClauseKind, Priority};

    use super::*;

    #[test]
    fn checks_of_clauses_get_names_of_their_own() {
        let check = serde_json::json!({ "name": "json", "type": "valid_json" });
        let clause = |key: &str| Clause {
            key: key.to_owned(),
            text: "text".to_owned(),
            kind: ClauseKind::Format,
            priority: Priority::Must,
            good_examples: Vec::new(),
            bad_examples: Vec::new(),
            checks: vec![serde_json::from_value(check.clone()).unwrap()],
        };
        let all = checks_of(&[clause("one"), clause("two")]);
        let names: Vec<_> = all.iter().map(|check| check.name.as_str()).collect();
        assert_eq!(names, ["json", "two: json"]);
        assert_eq!(all[1].clause.as_deref(), Some("two"));
        assert!(Checker::new(&all).is_ok());
    }

    #[test]
    fn a_path_of_the_server_is_refused() {
        let mut config = TrainingConfig {
            model: "/etc".to_owned(),
            ..TrainingConfig::default()
        };
        config.data.validation = Some(String::new());
        let fields: Vec<_> = filled_paths(&config)
            .into_iter()
            .map(|error| error.field)
            .collect();
        assert_eq!(fields, ["config.model", "config.data.validation"]);
    }
}
