//! What does this model answer?

use leptos::{prelude::*, task::spawn_local};
use shared::{
    evaluation::Decoding,
    ids::ModelVersionId,
    model::{Chat, ModelVersion},
    prompt::Prompt,
};

use super::{
    best_of::{BestOfChoice, BestOfDraft},
    conversation::Turns,
};
use crate::{
    api::{self, ApiError, Stop},
    components::{
        Button, ButtonKind, EmptyState, Form, FormActions, Notice, NoticeKind, PageHeader, Select,
        TextArea,
    },
    frame::CurrentProject,
    pages::evaluations::new::prompt_choices,
    remote::{Loaded, Remote},
};

/// A conversation with a model version. It is kept only as long as the page is open.
#[component]
pub fn ChatPage(
    /// The version.
    id: ModelVersionId,
) -> impl IntoView {
    let slug = CurrentProject::expect().slug();
    let options = Remote::new({
        let slug = slug.clone();
        move || {
            let models = api::models::list_model_versions(&slug);
            let prompts = api::prompts::list_prompts(&slug);
            async move { Ok((models.await?, prompts.await?)) }
        }
    });
    let find = move |models: &[ModelVersion]| models.iter().find(|one| one.id == id).cloned();
    let title = Signal::derive(move || {
        let name = |one: ModelVersion| format!("{} {}", one.name, one.number);
        let model = options.get().and_then(|(models, _)| find(&models));
        model.map_or_else(|| "Chat".to_owned(), name)
    });
    let lead = "Nothing of this conversation is kept.";
    let conversation = move |(models, prompts): (Vec<ModelVersion>, Vec<Prompt>)| {
        let Some(model) = find(&models) else {
            let text = "The project has no model version with this address.";
            return view! { <EmptyState title="No such model" text /> }.into_any();
        };
        view! { <Conversation model models prompts /> }.into_any()
    };
    view! {
        <div class="page page--narrow">
            <PageHeader title lead=Signal::stored(lead.to_owned()) />
            <Loaded remote=options let:found>
                {conversation(found.get_untracked())}
            </Loaded>
        </div>
    }
}

#[component]
fn Conversation(
    model: ModelVersion,
    models: Vec<ModelVersion>,
    prompts: Vec<Prompt>,
) -> impl IntoView {
    let slug = CurrentProject::expect().slug();
    let prompt = RwSignal::new(model.prompt_version_id);
    let turns = Turns::default();
    let text = RwSignal::new(String::new());
    let is_answering = RwSignal::new(false);
    let failed = RwSignal::new(None::<ApiError>);
    let best_of = BestOfDraft::default();
    let models = StoredValue::new(models);
    // Nobody reads on where the page is gone.
    let stop = StoredValue::new_local(Stop::default());
    on_cleanup(move || {
        stop.try_with_value(Stop::stop);
    });
    let say = move |()| {
        let said = text.get_untracked();
        if said.trim().is_empty() || is_answering.get_untracked() {
            return;
        }
        text.set(String::new());
        failed.set(None);
        let (best_of, decoding) = best_of.read(Decoding::default());
        let request = Chat {
            messages: turns.ask(said, decoding.max_new_tokens),
            prompt_version_id: prompt.get_untracked(),
            decoding,
            best_of,
        };
        is_answering.set(true);
        stop.set_value(Stop::default());
        let (slug, stop) = (slug.clone(), stop.get_value());
        spawn_local(async move {
            let heard = move |piece| {
                if let Some(message) = turns.hear(piece) {
                    let _ = failed.try_set(Some(ApiError::Refused(message)));
                }
            };
            let answer = api::models::chat(slug, model.id, request, &stop, heard).await;
            // The page may be gone by now.
            let _ = is_answering.try_set(false);
            if let Some(asked) = turns.end() {
                let _ = text.try_update(|text| {
                    if text.is_empty() {
                        *text = asked;
                    }
                });
            }
            if let Err(error) = answer {
                let _ = failed.try_set(Some(error));
            }
        });
    };
    let empty = move || {
        turns.is_empty().then(|| {
            let text = "Write what a user would write. The prompt above is put before it.";
            view! { <EmptyState title="Nothing said yet" text /> }
        })
    };
    let field = "decoding.temperature";
    let error = move || failed.with(|failed| failed.as_ref()?.field(field).map(str::to_owned));
    let problem = move || {
        let text = failed.with(|failed| failed.as_ref()?.beside_fields(&[field]));
        text.map(|text| view! { <Notice kind=NoticeKind::Negative text /> })
    };
    let stop_button = move || {
        is_answering.get().then(|| {
            view! { <Button on_press=move |()| stop.with_value(Stop::stop)>"Stop"</Button> }
        })
    };
    view! {
        <div class="form">
            <Select
                label="Prompt"
                choices=prompt_choices(&prompts)
                value=prompt
                on_change=move |id| prompt.set(id)
            />
            <BestOfChoice draft=best_of models model=Signal::stored(model.id) error=Signal::derive(error) />
        </div>
        {empty}
        {turns.view()}
        {problem}
        <Form on_submit=say.clone()>
            <TextArea label="You" value=text />
            <FormActions>
                <Button kind=ButtonKind::Primary submit=true pending=is_answering>
                    "Send"
                </Button>
                {stop_button}
                <Button on_press=move |()| turns.clear() disabled=is_answering>
                    "Begin anew"
                </Button>
            </FormActions>
        </Form>
    }
}
