//! Asks suites of a model.

use leptos::prelude::*;
use leptos_router::{NavigateOptions, hooks::use_navigate};
use shared::{
    evaluation::{CreateEvaluation, Decoding},
    ids::{ModelVersionId, PromptVersionId, SuiteId},
    model::ModelVersion,
    prompt::Prompt,
    suite::Suite,
};

use crate::{
    address::{Address, Place},
    api::{self, ApiResult},
    components::{
        Button, ButtonKind, Checkbox, Choice, EmptyState, Form, FormActions, LinkButton,
        PageHeader, Select, TextInput,
    },
    frame::{Activity, CurrentProject},
    pages::models::best_of::{BestOfChoice, BestOfDraft},
    remote::{Loaded, Remote},
    submit::Submit,
};

/// What can be asked of what.
#[derive(Clone, Debug, PartialEq)]
struct Options {
    /// Those that write answers.
    models: Vec<ModelVersion>,
    /// Every one.
    all_models: Vec<ModelVersion>,
    suites: Vec<Suite>,
    prompts: Vec<Prompt>,
}

/// The form for new evaluations.
#[component]
pub fn NewEvaluationPage() -> impl IntoView {
    let slug = CurrentProject::expect().slug();
    let options = Remote::new({
        let slug = slug.clone();
        move || {
            let models = api::models::list_model_versions(&slug);
            let suites = api::suites::list_suites(&slug);
            let prompts = api::prompts::list_prompts(&slug);
            async move {
                let mut suites: Vec<Suite> = suites.await?;
                suites.retain(|suite| suite.locked_at.is_some());
                let all_models = models.await?;
                let mut models = all_models.clone();
                models.retain(|model| model.kind.writes_answers());
                Ok(Options {
                    models,
                    all_models,
                    suites,
                    prompts: prompts.await?,
                })
            }
        }
    });
    let lead = "Each suite becomes an evaluation of its own. An evaluation can be repeated: the most probable answers are always the same, and drawn ones are the same for one seed.";
    view! {
        <div class="page page--narrow">
            <PageHeader
                title=Signal::stored("New evaluation".to_owned())
                lead=Signal::stored(lead.to_owned())
            />
            <Loaded remote=options let:options>
                {form(slug.clone(), options.get_untracked())}
            </Loaded>
        </div>
    }
}

fn form(slug: String, options: Options) -> AnyView {
    let missing = if options.models.is_empty() {
        Some((
            "No model yet",
            "Register a base model first.",
            Address::at(&slug, Place::Models),
        ))
    } else if options.suites.is_empty() {
        let text = "Only a locked suite is asked, so that nobody can change it to fit an answer.";
        Some((
            "No locked suite yet",
            text,
            Address::at(&slug, Place::Suites),
        ))
    } else {
        None
    };
    if let Some((title, text, address)) = missing {
        let href = address.to_string();
        return view! {
            <EmptyState title text>
                <LinkButton href>"Go there"</LinkButton>
            </EmptyState>
        }
        .into_any();
    }
    view! { <Choices slug options /> }.into_any()
}

#[component]
fn Choices(slug: String, options: Options) -> impl IntoView {
    let model = RwSignal::new(options.models[0].id);
    let prompt = RwSignal::new(None::<PromptVersionId>);
    let max_new_tokens = RwSignal::new(Decoding::default().max_new_tokens.to_string());
    let best_of = BestOfDraft::default();
    let all_models = StoredValue::new(options.all_models.clone());
    let suites: Vec<(SuiteId, String, RwSignal<bool>)> = options
        .suites
        .iter()
        .map(|suite| {
            let label = format!(
                "{} {}, {} items",
                suite.name, suite.version, suite.item_count
            );
            (suite.id, label, RwSignal::new(true))
        })
        .collect();
    // A model is asked with the prompt that it was trained with, unless somebody chooses another.
    let models = StoredValue::new(options.models.clone());
    Effect::new(move |_| {
        let id = model.get();
        let own = models.with_value(|all| all.iter().find(|one| one.id == id)?.prompt_version_id);
        prompt.set(own);
    });
    let navigate = use_navigate();
    let activity = Activity::expect();
    let list = Address::at(&slug, Place::Evaluations).to_string();
    let cancel = list.clone();
    let create = Submit::new(
        move |requests: Vec<CreateEvaluation>| create_all(slug.clone(), requests),
        move |()| {
            activity.reload();
            navigate(&list, NavigateOptions::default());
        },
    );
    let chosen = suites.clone();
    let submit = move |()| {
        let requests = chosen.iter().filter(|(_, _, on)| on.get_untracked());
        let decoding = Decoding {
            max_new_tokens: max_new_tokens.get_untracked().trim().parse().unwrap_or(0),
            ..Decoding::default()
        };
        let (best_of, decoding) = best_of.read(decoding);
        let requests = requests.map(|(suite_id, ..)| CreateEvaluation {
            model_version_id: model.get_untracked(),
            suite_id: *suite_id,
            prompt_version_id: prompt.get_untracked(),
            decoding,
            best_of,
        });
        create.send(requests.collect());
    };
    let boxes = suites.into_iter();
    let boxes = boxes.map(|(_, label, value)| view! { <Checkbox label value /> });
    view! {
        <Form on_submit=submit message=create.message(&["decoding.max_new_tokens", "decoding.temperature"])>
            <Select
                label="Model"
                choices=model_choices(&options.models)
                value=model
                on_change=move |id| model.set(id)
            />
            <Select
                label="Prompt"
                help="The system message before each input. A tuned model is asked with the prompt of its training, the baseline with the team's best one."
                choices=prompt_choices(&options.prompts)
                value=prompt
                on_change=move |id| prompt.set(id)
            />
            <fieldset class="clause-choice">
                <legend class="field__label">"Suites"</legend>
                {boxes.collect_view()}
            </fieldset>
            <TextInput
                label="Most tokens of an answer"
                help="256 is enough for short answers and JSON. Longer ones are cut, and counted as cut."
                value=max_new_tokens
                error=create.field("decoding.max_new_tokens")
            />
            <BestOfChoice
                draft=best_of
                models=all_models
                model
                error=create.field("decoding.temperature")
            />
            <FormActions>
                <Button kind=ButtonKind::Primary submit=true pending=create.is_pending()>
                    "Evaluate"
                </Button>
                <LinkButton href=cancel>"Cancel"</LinkButton>
            </FormActions>
        </Form>
    }
}

/// One after the other: the first that is refused ends it with its reason.
async fn create_all(slug: String, requests: Vec<CreateEvaluation>) -> ApiResult<()> {
    for request in requests {
        api::evaluations::create_evaluation(slug.clone(), request).await?;
    }
    Ok(())
}

/// Model versions to choose from, the newest first.
#[must_use]
pub fn model_choices(models: &[ModelVersion]) -> Vec<Choice<ModelVersionId>> {
    let choice = |one: &ModelVersion| Choice::new(one.id, format!("{} {}", one.name, one.number));
    models.iter().map(choice).collect()
}

/// Prompt versions to choose from, and none.
#[must_use]
pub fn prompt_choices(prompts: &[Prompt]) -> Vec<Choice<Option<PromptVersionId>>> {
    let none = Choice::new(None, "No prompt");
    let versions = prompts.iter().flat_map(|prompt| {
        let named = |number| format!("{} {number}", prompt.name);
        let versions = prompt.versions.iter();
        versions.map(move |version| Choice::new(Some(version.id), named(version.number)))
    });
    std::iter::once(none).chain(versions).collect()
}
