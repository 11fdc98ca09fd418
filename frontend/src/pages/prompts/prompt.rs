//! One prompt: its text in any version, what changed between two, and the next one.

use leptos::prelude::*;
use leptos_router::hooks::{use_navigate, use_query_map};
use shared::{
    account::Role,
    ids::PromptId,
    prompt::{Prompt, PromptVersion},
};

use super::edit::EditPrompt;
use crate::{
    address::{Address, Place},
    api::{self, ApiError},
    components::{
        Button, ButtonKind, Card, Choice, CopyButton, PageHeader, Select, SkeletonShape, TimeAgo,
        text_diff::text_diff,
    },
    frame::{CurrentProject, in_place},
    keys::{Command, use_command},
    remote::{Loaded, Remote},
    words,
};

/// The page of one prompt.
#[component]
pub fn PromptPage(
    /// Which one.
    id: PromptId,
) -> impl IntoView {
    let current = CurrentProject::expect();
    let slug = current.slug();
    let prompt = Remote::new(move || {
        let list = api::prompts::list_prompts(&slug);
        async move {
            let found = list.await?.into_iter().find(|prompt| prompt.id == id);
            found.ok_or_else(|| ApiError::NotFound("there is no such prompt here".to_owned()))
        }
    });
    let editing = RwSignal::new(false);
    let may_write = untrack(|| current.allows(Role::Engineer));
    if may_write {
        use_command(Command::new("Write the next version", move || editing.set(true)).key("e"));
    }
    let query = use_query_map();
    let word = move |name: &str| query.with(|query| query.get(name)?.parse::<i64>().ok());
    let chosen = Memo::new(move |_| (word("version"), word("before")));
    let title = Signal::derive(move || {
        prompt.with(|state| {
            state
                .value
                .as_ref()
                .map(|p| p.name.clone())
                .unwrap_or_default()
        })
    });
    let lead = Signal::derive(move || prompt.get().map(|p| answer(&p)).unwrap_or_default());
    let action = move || {
        (may_write && !editing.get()).then(|| {
            view! {
                <Button kind=ButtonKind::Primary on_press=move |()| editing.set(true)>
                    "Write the next version"
                </Button>
            }
        })
    };
    view! {
        <div class="page">
            <PageHeader title lead>
                {action}
            </PageHeader>
            <Loaded remote=prompt shape=SkeletonShape::Page let:value>
                {move || {
                    editing
                        .get()
                        .then(|| {
                            let prompt_now = value.get_untracked();
                            view! { <EditPrompt prompt=prompt_now remote=prompt editing /> }
                        })
                }}
                {move || {
                    let (version, before) = chosen.get();
                    view! { <VersionView prompt=value.get() version before /> }
                }}
            </Loaded>
        </div>
    }
}

fn answer(prompt: &Prompt) -> String {
    let newest = prompt.versions.first().map_or(0, |version| version.number);
    let versions = words::count(prompt.versions.len(), "version", "versions");
    format!("v{newest} is the newest of {versions}. A version never changes.")
}

fn find(prompt: &Prompt, number: i64) -> Option<&PromptVersion> {
    prompt
        .versions
        .iter()
        .find(|version| version.number == number)
}

#[component]
fn VersionView(prompt: Prompt, version: Option<i64>, before: Option<i64>) -> impl IntoView {
    let slug = CurrentProject::expect().slug();
    let navigate = use_navigate();
    let newest = prompt.versions.first().map_or(0, |version| version.number);
    let number = version.unwrap_or(newest);
    let id = prompt.id;
    let go = Callback::new(move |(version, before): (i64, String)| {
        let address = Address::at(&slug, Place::Prompt(id))
            .with("version", version)
            .with("before", before);
        navigate(&address.to_string(), in_place());
    });
    let now = find(&prompt, number);
    let earlier = before.and_then(|before| find(&prompt, before));
    let system = now
        .map(|version| version.system.clone())
        .unwrap_or_default();
    let body = match earlier {
        Some(earlier) => text_diff(&earlier.system, &system),
        None if system.is_empty() => {
            view! { <p class="note">"No system message: requests go to the model as they are."</p> }
                .into_any()
        }
        None => view! { <p class="turn__text">{system.clone()}</p> }.into_any(),
    };
    let none = Choice::new(String::new(), "nothing: the text alone");
    let others = prompt
        .versions
        .iter()
        .filter(|other| other.number != number);
    let others =
        others.map(|other| Choice::new(other.number.to_string(), format!("v{}", other.number)));
    let choices = std::iter::once(none).chain(others).collect();
    let value = before.map(|before| before.to_string()).unwrap_or_default();
    let lead = now.map(|version| version.note.clone()).unwrap_or_default();
    let rows = prompt.versions.iter();
    let rows = rows.map(|version| row(version, number, go)).collect_view();
    let copied = system.clone();
    let actions = move || view! { <CopyButton text=copied.clone() /> };
    view! {
        <div class="columns">
            <div class="columns__main">
                <Card title=format!("v{number}") lead actions>
                    <div class="stack">
                        <Select
                            label="Compared with"
                            choices
                            value=Signal::stored(value)
                            on_change=move |before| go.run((number, before))
                        />
                        {body}
                    </div>
                </Card>
            </div>
            <div class="columns__side">
                <Card title="Versions">
                    <ol class="feed">{rows}</ol>
                </Card>
            </div>
        </div>
    }
}

fn row(version: &PromptVersion, current: i64, go: Callback<(i64, String)>) -> AnyView {
    let number = version.number;
    let is_current = number == current;
    let note = (!version.note.is_empty())
        .then(|| view! { <p class="feed__line">{version.note.clone()}</p> });
    view! {
        <li class="feed__item">
            <p class="line">
                <Button
                    kind=ButtonKind::Quiet
                    label=format!("Show v{number}")
                    on_press=move |()| go.run((number, String::new()))
                >
                    {format!("v{number}")}
                </Button>
                {is_current.then_some("in view")}
            </p>
            {note}
            <p class="feed__meta">
                {words::count(version.system.chars().count(), "character", "characters")} ", "
                <TimeAgo at=version.created_at />
            </p>
        </li>
    }
    .into_any()
}
