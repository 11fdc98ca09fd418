//! The prompts of a project.

use leptos::prelude::*;
use shared::{account::Role, prompt::Prompt};

use super::new::NewPrompt;
use crate::{
    address::{Address, Place},
    api,
    components::{
        Button, ButtonKind, Cell, Column, EmptyState, Icon, PageHeader, Table, TimeAgo, row_key,
    },
    frame::CurrentProject,
    keys::{Command, use_command},
    remote::{Loaded, Remote},
    words,
};

/// The list.
#[component]
pub fn PromptsPage() -> impl IntoView {
    let current = CurrentProject::expect();
    let slug = current.slug();
    let prompts = Remote::new(move || api::prompts::list_prompts(&slug));
    let making = RwSignal::new(false);
    let may_write = untrack(|| current.allows(Role::Engineer));
    if may_write {
        use_command(Command::new("New prompt", move || making.set(true)).key("n"));
    }
    let lead = Signal::derive(move || {
        let answer = |list: Vec<Prompt>| match list.len() {
            0 => "No instructions are written yet.".to_owned(),
            many => {
                let prompts = words::count(many, "prompt", "prompts");
                format!("{prompts}. A run or an evaluation names one version of one.")
            }
        };
        prompts.get().map(answer).unwrap_or_default()
    });
    let action = may_write.then(|| {
        view! {
            <Button kind=ButtonKind::Primary icon=Icon::Add on_press=move |()| making.set(true)>
                "New prompt"
            </Button>
        }
    });
    view! {
        <div class="page">
            <PageHeader title=Signal::stored("Prompts".to_owned()) lead>
                {action}
            </PageHeader>
            <Loaded remote=prompts let:list>
                <PromptTable list />
            </Loaded>
        </div>
        <NewPrompt open=making />
    }
}

#[component]
fn PromptTable(list: Signal<Vec<Prompt>>) -> impl IntoView {
    let is_empty = Memo::new(move |_| list.with(Vec::is_empty));
    let columns = || {
        vec![
            Column::text("Prompt"),
            Column::text("Newest"),
            Column::text("It begins"),
            Column::text("Written"),
        ]
    };
    move || {
        if is_empty.get() {
            let text = "A prompt is the system message in front of each request. The untrained model with its best prompt is the baseline to beat, and a run names the version that its rows are trained with.";
            return view! { <EmptyState title="No prompts yet" text /> }.into_any();
        }
        view! {
            <Table caption="Prompts by name" columns=columns()>
                <For each=move || list.get() key=row_key let:prompt>
                    {row(prompt)}
                </For>
            </Table>
        }
        .into_any()
    }
}

fn row(prompt: Prompt) -> impl IntoView {
    let slug = CurrentProject::expect().slug();
    let href = Address::at(slug, Place::Prompt(prompt.id)).to_string();
    let newest = prompt.versions.first();
    let number = newest.map_or(0, |version| version.number);
    let begins = newest.map(|version| version.system.chars().take(160).collect::<String>());
    let begins = begins.filter(|text| !text.is_empty());
    let begins = begins.unwrap_or_else(|| "no system message".to_owned());
    let note = newest.map(|version| version.note.clone());
    let when = newest.map(|version| view! { <TimeAgo at=version.created_at /> });
    view! {
        <tr role="row">
            <Cell>
                <a class="table__main" href=href>
                    {prompt.name}
                </a>
                <span class="table__note">{note}</span>
            </Cell>
            <Cell label="Newest">{format!("v{number}")}</Cell>
            <Cell label="Begins">
                <span class="clip">{begins}</span>
            </Cell>
            <Cell label="Written">{when}</Cell>
        </tr>
    }
}
