//! What to teach, from what, on what: the decisions of a run that have no default.

use leptos::prelude::*;
use shared::{
    ids::{DatasetVersionId, ModelVersionId},
    model::{ModelKind, ModelVersion},
    training::{Lesson, Method},
};

use super::{
    draft::{Draft, fitting, general_rows, likeliest},
    sources::{Sources, model_name, or_none},
    words,
};
use crate::components::{Choice, Select};

/// What to teach, from what, on what.
pub(super) fn decisions(draft: Draft, sources: Sources) -> AnyView {
    let methods = Method::ALL
        .iter()
        .map(|method| method_choice(draft, *method));
    let methods = methods.collect::<Vec<_>>();
    let all = StoredValue::new(sources);
    let data = move || {
        let method = draft.method.get();
        let choices = all.with_value(|all| fitting(all, method));
        let otherwise = all.with_value(|all| likeliest(all, &choices));
        keep_fitting(draft.data, &choices, otherwise);
        let none = match method.lesson() {
            Lesson::Answers => "No version has answers to imitate",
            Lesson::Texts => "No version has plain texts to read",
            Lesson::Pairs => "No version has pairs to prefer",
            Lesson::Comparisons => "No version has pairs to compare",
            Lesson::Unpaired => "No version has answers that are wanted or not, or pairs",
            Lesson::Prompts => "No version has prompts",
        };
        let choices = if choices.is_empty() {
            or_none(choices, none)
        } else {
            choices
                .into_iter()
                .map(|one| Choice::new(Some(one.value), one.label))
                .collect()
        };
        let change = move |id| draft.data.set(id);
        view! {
            <Select
                label="From which data"
                help="Its training side is learned, its validation side only measured. A version never changes, so the run can be repeated."
                choices
                value=draft.data
                on_change=change
            />
        }
    };
    let bases = all.with_value(|all| named(all, |model| model.kind.is_whole()));
    view! {
        <fieldset class="decision">
            <legend class="decision__name">"What to teach"</legend>
            <div class="decision__choices">{methods}</div>
        </fieldset>
        {data}
        <Select
            label="On which base"
            help="It stays as it is, whatever is trained."
            choices=bases
            value=draft.base
            on_change=move |id| {
                all.with_value(|all| {
                    let chosen = all.known_models.iter().find(|model| Some(model.id) == id);
                    if let Some(base) = chosen {
                        draft.take_base(base);
                    }
                });
            }
        />
        {trained(draft)}
        {rewards(draft, all)}
        {details(draft, all)}
    }
    .into_any()
}

/// Whether an adapter or all weights are trained.
fn trained(draft: Draft) -> AnyView {
    let choices = [false, true].map(|is_whole| Choice::new(is_whole, words::trained(is_whole)));
    view! {
        <Select
            label="What is trained"
            help="An adapter is small, needs little memory and stays beside the base. Training all weights can teach more, needs about 16 bytes of memory for each of them, and makes a model of its own."
            choices=choices.to_vec()
            value=Signal::derive(move || draft.is_whole())
            on_change=move |is_whole| draft.train_whole(is_whole)
        />
    }
    .into_any()
}

/// What rewards the answers that a run draws; nothing where it draws none.
fn rewards(draft: Draft, all: StoredValue<Sources>) -> AnyView {
    let shown = move || {
        (draft.method.get().lesson() == Lesson::Prompts).then(|| {
            let base = draft.base.get();
            let fits =
                |model: &ModelVersion| model.kind == ModelKind::Reward && model.base_id == base;
            let chosen = draft.reward_model;
            let choices = all.with_value(|all| named_or_none(all, "No reward model", fits, chosen));
            view! {
                <Select
                    label="Rewarded by"
                    help="A reward model on the same base gives each answer a score. It is learned from pairs by its own kind of run."
                    choices
                    value=chosen
                    on_change=move |id| chosen.set(id)
                />
                {spec(draft, all, "Its checks reward an answer by the share that it passes, and judge those of evaluation points.")}
            }
        })
    };
    shown.into_any()
}

/// The spec whose checks look at answers.
fn spec(draft: Draft, all: StoredValue<Sources>, help: &'static str) -> AnyView {
    let specs = all.with_value(|all| or_none(all.specs.clone(), "None"));
    view! {
        <Select
            label="Spec"
            help
            choices=specs
            value=draft.spec
            on_change=move |id| draft.spec.set(id)
        />
    }
    .into_any()
}

/// The models that fit, to be chosen.
fn named(
    all: &Sources,
    fits: impl Fn(&ModelVersion) -> bool,
) -> Vec<Choice<Option<ModelVersionId>>> {
    let models = all.known_models.iter().filter(|model| fits(model));
    models
        .map(|model| Choice::new(Some(model.id), model_name(model)))
        .collect()
}

/// The same, and before them none, which is what is left of a choice that does not fit any more.
fn named_or_none(
    all: &Sources,
    none: &str,
    fits: impl Fn(&ModelVersion) -> bool,
    chosen: RwSignal<Option<ModelVersionId>>,
) -> Vec<Choice<Option<ModelVersionId>>> {
    let mut choices = named(all, fits);
    choices.insert(0, Choice::new(None, none));
    let now = chosen.get_untracked();
    if !choices.iter().any(|choice| choice.value == now) {
        chosen.set(None);
    }
    choices
}

/// The adapters that a method can go on from: a reward model's only to another reward model.
fn adapters(draft: Draft, all: &Sources) -> Vec<Choice<Option<ModelVersionId>>> {
    let method = draft.method.get();
    let fits = |model: &ModelVersion| {
        let kind = model.kind;
        kind.is_on_base() && (kind.writes_answers() || !method.writes_answers())
    };
    named_or_none(all, "A fresh adapter", fits, draft.adapter)
}

/// What has a default for most runs.
fn details(draft: Draft, all: StoredValue<Sources>) -> AnyView {
    let starting_point = move || {
        (!draft.is_whole()).then(|| view! {
            <Select
                label="Go on from"
                help="Preference tuning usually goes on from the adapter of supervised fine-tuning."
                choices=all.with_value(|all| adapters(draft, all))
                value=draft.adapter
                on_change=move |id| draft.adapter.set(id)
            />
        })
    };
    let prompts = all.with_value(|all| or_none(all.prompts.clone(), "No prompt"));
    // What rewards is decided above.
    let measuring_spec = move || {
        (draft.method.get().lesson() != Lesson::Prompts).then(|| {
            spec(
                draft,
                all,
                "Its checks judge the answers that are generated at evaluation points; how many, is set under Evaluation.",
            )
        })
    };
    let general = move || {
        let method = draft.method.get();
        let choices = all.with_value(|all| general_rows(all, method));
        keep_fitting(draft.general, &choices, None);
        view! {
            <Select
                label="General rows"
                help="Against forgetting: mixed in by the share that is set under Data, and those that their version holds back are measured at each evaluation."
                choices=or_none(choices, "None")
                value=draft.general
                on_change=move |id| draft.general.set(id)
            />
        }
    };
    let validation = move || {
        let method = draft.method.get();
        let choices = all.with_value(|all| fitting(all, method));
        keep_fitting(draft.validation, &choices, None);
        view! {
            <Select
                label="Measured on"
                help="All rows of another version instead of those that the data's own version holds back, such as held-out pairs."
                choices=or_none(choices, "What the data's version holds back")
                value=draft.validation
                on_change=move |id| draft.validation.set(id)
            />
        }
    };
    view! {
        <details class="topic">
            <summary class="topic__name">"Prompt, starting point, general rows and what is measured"</summary>
            <div class="topic__fields">
                <Select
                    label="Prompt"
                    help="Put before every row that has no system message of its own. Ask the model with the same one later."
                    choices=prompts
                    value=draft.prompt
                    on_change=move |id| draft.prompt.set(id)
                />
                {starting_point}
                {general}
                {validation}
                {measuring_spec}
            </div>
        </details>
    }
    .into_any()
}

/// A choice that does not fit the method any more makes room for another one.
fn keep_fitting(
    chosen: RwSignal<Option<DatasetVersionId>>,
    choices: &[Choice<DatasetVersionId>],
    otherwise: Option<DatasetVersionId>,
) {
    let fits = |id: &DatasetVersionId| choices.iter().any(|choice| choice.value == *id);
    if !chosen.with_untracked(|id| id.as_ref().is_some_and(fits)) {
        chosen.set(otherwise);
    }
}

fn method_choice(draft: Draft, method: Method) -> AnyView {
    view! {
        <label class="decision__choice">
            <input
                type="radio"
                name="method"
                prop:checked=move || draft.method.get() == method
                on:change=move |_| draft.method.set(method)
            />
            <span>
                <strong>{words::method(method)}</strong>
                <span class="decision__help">{words::method_help(method)}</span>
            </span>
        </label>
    }
    .into_any()
}
