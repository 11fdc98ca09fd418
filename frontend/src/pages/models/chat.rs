//! What does this model answer?

use leptos::{prelude::*, task::spawn_local};
use shared::{
    evaluation::Decoding,
    ids::ModelVersionId,
    message::{Message, Speaker},
    model::{Chat, ChatPiece, ModelVersion},
    prompt::Prompt,
};

use crate::{
    api,
    components::{
        Button, ButtonKind, EmptyState, Form, FormActions, Notice, NoticeKind, PageHeader, Select,
        TextArea,
    },
    frame::CurrentProject,
    pages::evaluations::new::prompt_choices,
    remote::{Loaded, Remote},
};

/// A turn with what its answer cost.
#[derive(Clone, Debug, PartialEq)]
struct Turn {
    message: Message,
    note: String,
}

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
            async move {
                let model = models.await?.into_iter().find(|one| one.id == id);
                Ok((model, prompts.await?))
            }
        }
    });
    let title = Signal::derive(move || {
        let name = |one: ModelVersion| format!("{} {}", one.name, one.number);
        let model = options.get().and_then(|(model, _)| model);
        model.map_or_else(|| "Chat".to_owned(), name)
    });
    let lead = "Nothing of this conversation is kept. Answers are the most probable ones.";
    view! {
        <div class="page page--narrow">
            <PageHeader title lead=Signal::stored(lead.to_owned()) />
            <Loaded remote=options let:found>
                {conversation(found.get_untracked())}
            </Loaded>
        </div>
    }
}

fn conversation((model, prompts): (Option<ModelVersion>, Vec<Prompt>)) -> AnyView {
    let Some(model) = model else {
        let text = "The project has no model version with this address.";
        return view! { <EmptyState title="No such model" text /> }.into_any();
    };
    view! { <Conversation model prompts /> }.into_any()
}

#[component]
fn Conversation(model: ModelVersion, prompts: Vec<Prompt>) -> impl IntoView {
    let slug = CurrentProject::expect().slug();
    let prompt = RwSignal::new(model.prompt_version_id);
    let turns = RwSignal::new(Vec::<Turn>::new());
    let text = RwSignal::new(String::new());
    let is_answering = RwSignal::new(false);
    let failed = RwSignal::new(None::<String>);
    let say = move |()| {
        let said = text.get_untracked();
        if said.trim().is_empty() || is_answering.get_untracked() {
            return;
        }
        text.set(String::new());
        failed.set(None);
        push(turns, Message::user(said));
        let request = Chat {
            messages: turns
                .with_untracked(|turns| turns.iter().map(|turn| turn.message.clone()).collect()),
            prompt_version_id: prompt.get_untracked(),
            decoding: Decoding::default(),
        };
        push(turns, Message::assistant(""));
        is_answering.set(true);
        let slug = slug.clone();
        spawn_local(async move {
            let heard = move |piece| hear(turns, failed, piece);
            let answer = api::models::chat(slug, model.id, request, heard).await;
            // The page may be gone by now.
            let _ = is_answering.try_set(false);
            if let Err(error) = answer {
                let _ = failed.try_set(Some(error.problem().text()));
            }
        });
    };
    let empty = move || {
        turns.with(Vec::is_empty).then(|| {
            let text = "Write what a user would write. The prompt above is put before it.";
            view! { <EmptyState title="Nothing said yet" text /> }
        })
    };
    let problem = move || {
        failed
            .get()
            .map(|text| view! { <Notice kind=NoticeKind::Negative text /> })
    };
    view! {
        <Select
            label="Prompt"
            choices=prompt_choices(&prompts)
            value=prompt
            on_change=move |id| prompt.set(id)
        />
        {empty}
        <ol class="chat" aria-live="polite">
            {move || turns.get().into_iter().map(turn).collect_view()}
        </ol>
        {problem}
        <Form on_submit=say.clone()>
            <TextArea label="You" value=text />
            <FormActions>
                <Button kind=ButtonKind::Primary submit=true pending=is_answering>
                    "Send"
                </Button>
                <Button on_press=move |()| turns.set(Vec::new()) disabled=is_answering>
                    "Begin anew"
                </Button>
            </FormActions>
        </Form>
    }
}

fn push(turns: RwSignal<Vec<Turn>>, message: Message) {
    turns.update(|turns| {
        turns.push(Turn {
            message,
            note: String::new(),
        });
    });
}

/// Adds a piece of the answer to the last turn, if the page is still there.
fn hear(turns: RwSignal<Vec<Turn>>, failed: RwSignal<Option<String>>, piece: ChatPiece) {
    let _ = turns.try_update(|turns| {
        let Some(last) = turns.last_mut() else { return };
        match piece {
            ChatPiece::Text { text } => last.message.content.push_str(&text),
            ChatPiece::Done {
                prompt_tokens,
                output_tokens,
                seconds,
            } => {
                last.note = format!(
                    "{prompt_tokens} tokens of prompt, {output_tokens} of answer, {seconds:.1} s"
                );
            }
            ChatPiece::Error { message } => failed.set(Some(message)),
        }
    });
}

fn turn(turn: Turn) -> impl IntoView {
    let (class, who) = match turn.message.role {
        Speaker::User => ("chat__turn chat__turn--user", "You"),
        _ => ("chat__turn", "Model"),
    };
    view! {
        <li class=class>
            <p class="note">{who}</p>
            <p class="chat__text">{turn.message.content}</p>
            <p class="note">{turn.note}</p>
        </li>
    }
}
