//! The sample project, which comes inside the program.
//!
//! Loading goes on where an earlier, interrupted loading ended: each step looks first whether its
//! result is there.

/// A file of the sample project.
macro_rules! sample_file {
    ($path:literal) => {
        include_str!(concat!("../../../../samples/support_desk_intake/", $path))
    };
}

mod rows;

use anyhow::Context as _;
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, json};
use shared::{
    account::{Role, User},
    ids::SuiteId,
    model::RegisterModel,
    project::CreateProject,
    prompt::CreatePrompt,
    spec::{Clause, CreateSpecVersion},
    suite::CreateSuite,
};
use store::projects::ProjectRecord;

use crate::{
    app::App,
    error::ApiResult,
    extract::ProjectAccess,
    services::{models, projects, prompts, specs, suites},
};

const PROJECT: &str = sample_file!("project.json");
const SPEC: &str = sample_file!("spec.json");
const PROMPTS: &str = sample_file!("prompts.json");

/// Each suite's description and items.
const SUITES: [(&str, &str); 3] = [
    (
        sample_file!("suites/domain.json"),
        sample_file!("suites/domain.jsonl"),
    ),
    (
        sample_file!("suites/general_ability.json"),
        sample_file!("suites/general_ability.jsonl"),
    ),
    (
        sample_file!("suites/over_refusal.json"),
        sample_file!("suites/over_refusal.jsonl"),
    ),
];

#[derive(Deserialize)]
struct Spec {
    clauses: Vec<Clause>,
}

/// Loads the sample project for a person, who becomes its owner, and registers a base model whose
/// files are in the server's folder of models. Answers the project's address.
pub async fn load(app: &App, user: &User, model: Option<String>) -> ApiResult<String> {
    let request: CreateProject = parse("project.json", PROJECT)?;
    let known = projects::list_projects(app, user).await?;
    let project = match known
        .into_iter()
        .find(|project| project.name == request.name)
    {
        Some(project) => project,
        None => projects::create_project(app, user, request).await?,
    };
    let slug = project.slug.clone();
    let access = ProjectAccess {
        project: ProjectRecord {
            id: project.id,
            slug: project.slug,
            name: project.name,
            description: project.description,
            created_at: project.created_at,
        },
        role: Role::Owner,
        user: user.clone(),
    };
    load_spec(app, &access).await?;
    load_prompts(app, &access).await?;
    load_suites(app, &access).await?;
    rows::load_datasets(app, &access).await?;
    rows::load_queue(app, &access).await?;
    if let Some(path) = model {
        load_model(app, &access, path).await?;
    }
    Ok(slug)
}

async fn load_model(app: &App, access: &ProjectAccess, path: String) -> ApiResult<()> {
    let known = models::list_model_versions(app, access).await?;
    if known.iter().any(|version| version.path == path) {
        return Ok(());
    }
    let name = path
        .split_once(".gguf")
        .map_or(path.as_str(), |(name, _)| name)
        .to_owned();
    models::register_model(app, access, RegisterModel { name, path }).await?;
    Ok(())
}

async fn load_spec(app: &App, access: &ProjectAccess) -> ApiResult<()> {
    if !specs::list_spec_versions(app, access).await?.is_empty() {
        return Ok(());
    }
    let Spec { clauses } = parse("spec.json", SPEC)?;
    let note = "The sample project's first version".to_owned();
    let request = CreateSpecVersion {
        based_on: None,
        note,
        clauses,
    };
    specs::create_spec_version(app, access, request).await?;
    Ok(())
}

async fn load_prompts(app: &App, access: &ProjectAccess) -> ApiResult<()> {
    let known = prompts::list_prompts(app, access).await?;
    let requests: Vec<CreatePrompt> = parse("prompts.json", PROMPTS)?;
    for request in requests {
        if known.iter().all(|prompt| prompt.name != request.name) {
            prompts::create_prompt(app, access, request).await?;
        }
    }
    Ok(())
}

async fn load_suites(app: &App, access: &ProjectAccess) -> ApiResult<()> {
    let known = suites::list_suites(app, access).await?;
    for (description, items) in SUITES {
        let request = suite(description, items)?;
        let existing = known.iter().find(|suite| suite.key == request.key);
        let unlocked: Option<SuiteId> = match existing {
            None => Some(suites::create_suite(app, access, request).await?.id),
            Some(suite) => suite.locked_at.is_none().then_some(suite.id),
        };
        if let Some(id) = unlocked {
            suites::lock_suite(app, access, id).await?;
        }
    }
    Ok(())
}

fn suite(description: &str, items: &str) -> anyhow::Result<CreateSuite> {
    let mut description: Value = parse("a suite", description)?;
    let items = items
        .lines()
        .filter(|line| !line.trim().is_empty())
        .map(|line| parse("a suite's item", line))
        .collect::<anyhow::Result<Vec<Value>>>()?;
    description["items"] = json!(items);
    serde_json::from_value(description).context("the sample project's suite is damaged")
}

fn parse<T: DeserializeOwned>(name: &str, text: &str) -> anyhow::Result<T> {
    serde_json::from_str(text).with_context(|| format!("the sample project's {name} is damaged"))
}
