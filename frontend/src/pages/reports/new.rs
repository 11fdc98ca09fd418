//! Compares the finished evaluations of two models.

use std::collections::BTreeMap;

use leptos::prelude::*;
use leptos_router::{NavigateOptions, hooks::use_navigate};
use shared::{
    evaluation::{BestOf, Evaluation},
    ids::{ModelVersionId, PromptVersionId},
    job::JobState,
    page::{MAX_PAGE_SIZE, Page},
    report::{CreateReport, EvaluationPair, Report},
};

use crate::{
    address::{Address, Place},
    api,
    components::{
        Button, ButtonKind, Checkbox, Choice, EmptyState, Form, FormActions, LinkButton, Notice,
        NoticeKind, PageHeader, Select, TextInput,
    },
    frame::CurrentProject,
    pages::evaluations::asked,
    remote::{Loaded, Remote},
    submit::Submit,
    words,
};

/// A model version with a prompt and a choice among answers: what an evaluation asked.
type SubjectKey = (ModelVersionId, Option<PromptVersionId>, Option<BestOf>);

/// The form for a new report.
#[component]
pub fn NewReportPage() -> impl IntoView {
    let slug = CurrentProject::expect().slug();
    let evaluations = Remote::new({
        let slug = slug.clone();
        move || api::evaluations::list_evaluations(&slug, None, MAX_PAGE_SIZE)
    });
    let lead = "Choose what is in production, or would be without training, and what may replace it. Suites on which both were evaluated are compared.";
    view! {
        <div class="page page--narrow">
            <PageHeader
                title=Signal::stored("New report".to_owned())
                lead=Signal::stored(lead.to_owned())
            />
            <Loaded remote=evaluations let:page>
                {form(slug.clone(), page)}
            </Loaded>
        </div>
    }
}

fn form(slug: String, page: Signal<Page<Evaluation>>) -> AnyView {
    let finished: Vec<Evaluation> = page
        .get_untracked()
        .items
        .into_iter()
        .filter(|evaluation| evaluation.state == JobState::Succeeded)
        .collect();
    let subjects = subjects(&finished);
    if subjects.len() < 2 {
        let href = Address::at(&slug, Place::NewEvaluation).to_string();
        let text = "A report compares two models, or one model with two prompts, or with and without the best of several answers. Evaluate both on the same suites first.";
        return view! {
            <EmptyState title="Not enough evaluations yet" text>
                <LinkButton href>"New evaluation"</LinkButton>
            </EmptyState>
        }
        .into_any();
    }
    view! { <Comparison slug finished subjects /> }.into_any()
}

#[component]
fn Comparison(
    slug: String,
    finished: Vec<Evaluation>,
    subjects: Vec<(SubjectKey, String)>,
) -> impl IntoView {
    // The newest evaluated is the likely candidate, the first evaluated the likely baseline.
    let candidate = RwSignal::new(subjects[0].0);
    let baseline = RwSignal::new(subjects[subjects.len() - 1].0);
    let name = RwSignal::new(String::new());
    let clauses = RwSignal::new(BTreeMap::<String, bool>::new());
    let finished = StoredValue::new(finished);
    let matched = Memo::new(move |_| {
        finished.with_value(|all| matched(all, baseline.get(), candidate.get()))
    });
    let navigate = use_navigate();
    let create = Submit::new(
        {
            let slug = slug.clone();
            move |request| api::reports::create_report(slug.clone(), request)
        },
        {
            let slug = slug.clone();
            move |report: Report| {
                let address = Address::at(&slug, Place::Report(report.summary.number));
                navigate(&address.to_string(), NavigateOptions::default());
            }
        },
    );
    let submit = move |()| {
        let chosen = clauses.get_untracked().into_iter();
        create.send(CreateReport {
            name: name.get_untracked(),
            pairs: matched
                .get_untracked()
                .into_iter()
                .map(|(_, pair)| pair)
                .collect(),
            clauses: chosen.filter(|(_, on)| *on).map(|(key, _)| key).collect(),
        });
    };
    let choices: Vec<Choice<SubjectKey>> = subjects
        .into_iter()
        .map(|(key, label)| Choice::new(key, label))
        .collect();
    let cancel = Address::at(&slug, Place::Reports).to_string();
    view! {
        <Form on_submit=submit message=create.message(&["name"])>
            <TextInput
                label="Name"
                help="What is decided with it, such as the release it is for."
                value=name
                error=create.field("name")
                focused=true
            />
            <Select
                label="Baseline"
                choices=choices.clone()
                value=baseline
                on_change=move |key| baseline.set(key)
            />
            <Select label="Candidate" choices value=candidate on_change=move |key| candidate.set(key) />
            {move || compared(&matched.get())}
            {move || clause_boxes(finished, candidate.get(), clauses)}
            <FormActions>
                <Button kind=ButtonKind::Primary submit=true pending=create.is_pending()>
                    "Make the report"
                </Button>
                <LinkButton href=cancel>"Cancel"</LinkButton>
            </FormActions>
        </Form>
    }
}

/// What was evaluated, the newest first.
fn subjects(finished: &[Evaluation]) -> Vec<(SubjectKey, String)> {
    let mut found: Vec<(SubjectKey, String)> = Vec::new();
    for evaluation in finished {
        let key = key_of(evaluation);
        if found.iter().all(|(known, _)| *known != key) {
            let asked = asked(evaluation);
            found.push((key, format!("{} {asked}", evaluation.model_name)));
        }
    }
    found
}

const fn key_of(evaluation: &Evaluation) -> SubjectKey {
    let request = &evaluation.request;
    (
        request.model_version_id,
        request.prompt_version_id,
        request.best_of,
    )
}

/// The newest evaluations of both on each suite that can be compared, under the suite's name.
fn matched(
    finished: &[Evaluation],
    baseline: SubjectKey,
    candidate: SubjectKey,
) -> Vec<(String, EvaluationPair)> {
    let mut pairs: Vec<(String, EvaluationPair)> = Vec::new();
    if baseline == candidate {
        return pairs;
    }
    for new in finished
        .iter()
        .filter(|evaluation| key_of(evaluation) == candidate)
    {
        if pairs.iter().any(|(name, _)| *name == new.suite_name) {
            continue;
        }
        let old = finished.iter().find(|old| {
            key_of(old) == baseline
                && old.request.suite_id == new.request.suite_id
                && old.request.is_comparable_to(&new.request)
        });
        if let Some(old) = old {
            let pair = EvaluationPair {
                baseline: old.id,
                candidate: new.id,
            };
            pairs.push((new.suite_name.clone(), pair));
        }
    }
    pairs
}

fn compared(matched: &[(String, EvaluationPair)]) -> AnyView {
    if matched.is_empty() {
        let text =
            "There is no suite on which both were evaluated with the same decoding settings.";
        return view! { <Notice kind=NoticeKind::Warning text /> }.into_any();
    }
    let names: Vec<&str> = matched.iter().map(|(name, _)| name.as_str()).collect();
    let text = format!(
        "{} will be compared: {}.",
        words::count(names.len(), "suite", "suites"),
        names.join(", ")
    );
    view! { <Notice text /> }.into_any()
}

/// The clauses that the candidate's evaluations tested, to be named in the report.
fn clause_boxes(
    finished: StoredValue<Vec<Evaluation>>,
    candidate: SubjectKey,
    chosen: RwSignal<BTreeMap<String, bool>>,
) -> AnyView {
    let keys = finished.with_value(|all| {
        let of_candidate = all
            .iter()
            .filter(|evaluation| key_of(evaluation) == candidate);
        let summaries = of_candidate.filter_map(|evaluation| evaluation.summary.as_ref());
        let clauses = summaries.flat_map(|summary| &summary.clauses);
        clauses
            .map(|clause| clause.name.clone())
            .collect::<std::collections::BTreeSet<_>>()
    });
    if keys.is_empty() {
        return ().into_any();
    }
    let boxes = keys.into_iter().map(|key| {
        let value = RwSignal::new(chosen.with_untracked(|all| all.get(&key) == Some(&true)));
        let label = key.clone();
        Effect::new(move |_| {
            let on = value.get();
            chosen.update(|all| {
                all.insert(key.clone(), on);
            });
        });
        view! { <Checkbox label value /> }
    });
    view! {
        <fieldset class="clause-choice">
            <legend class="field__label">"Clauses to decide on their own"</legend>
            <p class="field__help">
                "Name those that matter to this decision. Each one makes the correction for multiple tests stricter for all."
            </p>
            {boxes.collect_view()}
        </fieldset>
    }
    .into_any()
}
