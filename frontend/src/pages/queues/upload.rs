//! Adds pairs to a queue from a file on the person's disk.

use leptos::{html, prelude::*, task::spawn_local};
use shared::{
    ids::QueueId,
    queue::{AddPairs, MAX_PAIRS_PER_REQUEST, Queue},
};
use wasm_bindgen_futures::JsFuture;

use super::file::{self, Contents};
use crate::{
    api::{self, ApiResult},
    components::{Button, ButtonKind, FormActions, Notice, NoticeKind, Toasts},
    frame::CurrentProject,
    remote::Remote,
    submit::Submit,
    words::count,
};

/// How many unusable lines are named.
const NAMED: usize = 5;

/// Chooses a file, says what is in it, and adds it.
#[component]
pub fn AddPairsForm(
    /// Whether the dialog is open.
    open: RwSignal<bool>,
    /// The queue, which is read again.
    queue: Remote<Queue>,
    /// Its id.
    id: QueueId,
) -> impl IntoView {
    let slug = CurrentProject::expect().slug();
    let toasts = Toasts::expect();
    let input = NodeRef::<html::Input>::new();
    let contents = RwSignal::new(None::<Contents>);
    let add = Submit::new(
        move |pairs| send(slug.clone(), id, pairs),
        move |added: usize| {
            open.set(false);
            queue.reload();
            toasts.tell(format!("{} added.", count(added, "pair", "pairs")));
        },
    );
    let choose = move |_| {
        let files = input.get_untracked().and_then(|input| input.files());
        let Some(file) = files.and_then(|files| files.get(0)) else {
            contents.set(None);
            return;
        };
        spawn_local(async move {
            let text = JsFuture::from(file.text()).await.ok();
            let text = text.and_then(|text| text.as_string()).unwrap_or_default();
            // The dialog may be closed by now.
            let _ = contents.try_set(Some(file::read(&text)));
        });
    };
    let count_of = move || contents.with(|c| c.as_ref().map_or(0, |c| c.pairs.len()));
    let send = move |()| {
        if let Some(contents) = contents.get_untracked() {
            add.send(contents.pairs);
        }
    };
    let message = add.message(&[]);
    view! {
        <p class="dialog__text">
            "A JSONL file. Each line has " <code>"prompt"</code> ", " <code>"chosen"</code> " and "
            <code>"rejected"</code> ", as TRL has them, or " <code>"messages"</code> ", "
            <code>"response_a"</code> " and " <code>"response_b"</code>
            ". Annotators see neither the names nor the order."
        </p>
        <label class="field">
            <span class="field__label">"File"</span>
            <input class="input" type="file" accept=".jsonl,.ndjson,.json" node_ref=input on:change=choose />
        </label>
        {move || contents.get().map(|contents| findings(&contents))}
        {move || message.get().map(|text| view! { <Notice kind=NoticeKind::Negative text /> })}
        <FormActions>
            <Button
                kind=ButtonKind::Primary
                pending=add.is_pending()
                disabled=Signal::derive(move || count_of() == 0)
                on_press=send
            >
                {move || match count_of() {
                    0 => "Add pairs".to_owned(),
                    number => format!("Add {}", count(number, "pair", "pairs")),
                }}
            </Button>
            <Button on_press=move |()| open.set(false)>"Cancel"</Button>
        </FormActions>
    }
}

/// Sends the pairs in as many requests as they need.
async fn send(
    slug: String,
    id: QueueId,
    mut pairs: Vec<shared::queue::NewPair>,
) -> ApiResult<usize> {
    let added = pairs.len();
    while !pairs.is_empty() {
        let rest = pairs.split_off(pairs.len().min(MAX_PAIRS_PER_REQUEST));
        api::queues::add_pairs(slug.clone(), id, AddPairs { pairs }).await?;
        pairs = rest;
    }
    Ok(added)
}

fn findings(contents: &Contents) -> AnyView {
    let found = count(contents.pairs.len(), "pair", "pairs");
    if contents.rejected.is_empty() {
        let text = format!("{found} found; every line can be used.");
        return view! { <Notice text /> }.into_any();
    }
    let lines = contents.rejected.iter().take(NAMED);
    let lines = lines.map(|one| format!("Line {} {}.", one.line, one.reason));
    let lines: Vec<String> = lines.collect();
    let more = contents.rejected.len().saturating_sub(NAMED);
    let more = if more > 0 {
        format!(" And {more} more.")
    } else {
        String::new()
    };
    let left_out = count(contents.rejected.len(), "line", "lines");
    let text = format!(
        "{found} found, {left_out} left out. {}{more}",
        lines.join(" ")
    );
    view! { <Notice kind=NoticeKind::Warning text /> }.into_any()
}
