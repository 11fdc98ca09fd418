//! Fills a queue with pairs that models answer.

use leptos::prelude::*;
use shared::{
    evaluation::Decoding,
    ids::{DatasetVersionId, ModelVersionId, PromptVersionId, QueueId},
    job::Job,
    queue::SamplePairs,
};

use crate::{
    api,
    components::{Button, ButtonKind, Choice, Form, FormActions, Select, TextInput, Toasts},
    frame::{Activity, CurrentProject},
    pages::runs::sources::{self, Sources},
    remote::{Loaded, Remote},
    submit::Submit,
};

/// The form.
#[component]
pub fn SampleForm(
    /// Whether the dialog is open.
    open: RwSignal<bool>,
    /// The queue.
    id: QueueId,
) -> impl IntoView {
    let slug = CurrentProject::expect().slug();
    let sources = Remote::new({
        let slug = slug.clone();
        move || sources::read(slug.clone())
    });
    let form =
        move |sources: Signal<Sources>| form(open, slug.clone(), id, sources.get_untracked());
    view! { <Loaded remote=sources children=form /> }
}

fn form(open: RwSignal<bool>, slug: String, id: QueueId, sources: Sources) -> AnyView {
    let toasts = Toasts::expect();
    let activity = Activity::expect();
    let data = RwSignal::new(sources.data.first().map(|choice| choice.value));
    let [model_a, model_b] =
        std::array::from_fn(|_| RwSignal::new(sources.models.first().map(|choice| choice.value)));
    let [prompt_a, prompt_b] =
        std::array::from_fn(|_| RwSignal::new(sources.prompts.first().map(|choice| choice.value)));
    let rows = RwSignal::new("50".to_owned());
    let temperature = RwSignal::new("0.8".to_owned());
    let sample = Submit::new(
        move |request| api::queues::sample_pairs(slug.clone(), id, request),
        move |_: Job| {
            open.set(false);
            activity.reload();
            toasts.tell("Sampling. The activity menu shows how far it is.");
        },
    );
    let submit = move |()| {
        let (Some(data), Some(a), Some(b)) = (
            data.get_untracked(),
            model_a.get_untracked(),
            model_b.get_untracked(),
        ) else {
            toasts.complain("Sampling needs a dataset version and a model.");
            return;
        };
        sample.send(SamplePairs {
            dataset_version_id: data,
            rows: rows.get_untracked().trim().parse().unwrap_or(0),
            model_a: a,
            model_b: b,
            prompt_a: prompt_a.get_untracked(),
            prompt_b: prompt_b.get_untracked(),
            decoding: Decoding {
                temperature: temperature.get_untracked().trim().parse().unwrap_or(-1.0),
                ..Decoding::default()
            },
        });
    };
    let Sources {
        data: data_choices,
        models,
        prompts,
        ..
    } = sources;
    view! {
        <Form on_submit=submit message=sample.message(&["rows", "decoding.temperature"])>
            {pick::<DatasetVersionId>("Prompts from", data_choices, data)}
            <TextInput
                label="Rows"
                help="How many of its rows are asked at most, from the first on."
                value=rows
                error=sample.field("rows")
            />
            {pick::<ModelVersionId>("First response by", models.clone(), model_a)}
            {pick_prompt("Prompt of the first", prompts.clone(), prompt_a)}
            {pick::<ModelVersionId>("Second response by", models, model_b)}
            {pick_prompt("Prompt of the second", prompts, prompt_b)}
            <TextInput
                label="Temperature"
                help="How freely is sampled. Two samples of one model need more than 0; 0.8 gives variety and keeps sense."
                value=temperature
                error=sample.field("decoding.temperature")
            />
            <FormActions>
                <Button kind=ButtonKind::Primary submit=true pending=sample.is_pending()>"Sample"</Button>
                <Button on_press=move |()| open.set(false)>"Cancel"</Button>
            </FormActions>
        </Form>
    }
    .into_any()
}

fn pick_prompt(
    label: &'static str,
    choices: Vec<Choice<PromptVersionId>>,
    value: RwSignal<Option<PromptVersionId>>,
) -> AnyView {
    let choices = sources::or_none(choices, "No prompt");
    let change = move |id| value.set(id);
    view! { <Select label choices value on_change=change /> }.into_any()
}

fn pick<T: Copy + PartialEq + Send + Sync + 'static>(
    label: &'static str,
    choices: Vec<Choice<T>>,
    value: RwSignal<Option<T>>,
) -> AnyView {
    let choices: Vec<Choice<Option<T>>> = if choices.is_empty() {
        vec![Choice::new(None, "None yet")]
    } else {
        let some = choices.into_iter();
        some.map(|choice| Choice::new(Some(choice.value), choice.label))
            .collect()
    };
    let change = move |id| value.set(id);
    view! { <Select label choices value on_change=change /> }.into_any()
}
