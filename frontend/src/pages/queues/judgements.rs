//! Who judged what, when and why; and all of it as a file.

use leptos::prelude::*;
use leptos_router::hooks::use_query_map;
use shared::{
    account::Member,
    ids::{QueueId, UserId},
    page::{DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE, Page},
    queue::Judgement,
};

use super::words;
use crate::{
    address::{Address, Place},
    api::{self, ApiResult},
    browser,
    components::{
        Align, Button, Cell, Column, EmptyState, Pager, Table, TimeAgo, Toasts, toast::complain,
    },
    frame::CurrentProject,
    remote::{Loaded, Remote},
    submit::Submit,
};

/// The list, page by page.
#[component]
pub fn JudgementsTab(
    /// The queue.
    id: QueueId,
) -> impl IntoView {
    let slug = CurrentProject::expect().slug();
    let query = use_query_map();
    let after = Memo::new(move |_| query.with(|query| query.get("after")));
    let members = Remote::new({
        let slug = slug.clone();
        move || api::members::list_members(&slug)
    });
    let judgements = Remote::new({
        let slug = slug.clone();
        move || {
            after.with(|after| {
                api::queues::list_judgements(&slug, id, after.as_deref(), DEFAULT_PAGE_SIZE)
            })
        }
    });
    let shown = move |page: Signal<Page<Judgement>>| {
        let slug = slug.clone();
        move || {
            let members = members.get().unwrap_or_default();
            list(&slug, id, page.get(), after.get().is_some(), &members)
        }
    };
    view! { <Loaded remote=judgements children=shown /> }
}

fn list(
    slug: &str,
    id: QueueId,
    page: Page<Judgement>,
    is_later: bool,
    members: &[Member],
) -> AnyView {
    if page.items.is_empty() {
        let text = "Judgements appear here as soon as somebody makes one.";
        return view! { <EmptyState title="No judgements here" text /> }.into_any();
    }
    let columns = vec![
        Column::text("Verdict"),
        Column::text("Annotator"),
        Column::text("Because of"),
        Column::number("Seconds"),
        Column::text("When"),
    ];
    let own = Address::at(slug, Place::Queue(id)).with("tab", "judgements");
    let first = is_later.then(|| own.to_string());
    let next = page.next.map(|next| own.with("after", next).to_string());
    let rows: Vec<AnyView> = page
        .items
        .into_iter()
        .map(|judgement| {
            let name = name_of(judgement.annotator_id, members);
            row(judgement, name)
        })
        .collect();
    view! {
        <Table caption="Judgements, in the order of their making" columns>
            {rows}
        </Table>
        <Pager label="Pages of the judgements" first next_label="Later" next />
    }
    .into_any()
}

fn row(judgement: Judgement, name: String) -> AnyView {
    let verdict = words::verdict(&judgement);
    let (clauses, made) = (judgement.clauses.join(", "), judgement.created_at);
    let note = judgement.note;
    let note = (!note.is_empty()).then(|| view! { <span class="table__note">{note}</span> });
    let seconds = format!("{:.1}", judgement.elapsed_ms as f64 / 1000.0);
    view! {
        <tr role="row">
            <Cell>
                <span class="table__main">{verdict}</span>
                {note}
            </Cell>
            <Cell label="Annotator">{name}</Cell>
            <Cell label="Because of">{clauses}</Cell>
            <Cell label="Seconds" align=Align::End>{seconds}</Cell>
            <Cell label="When">
                <TimeAgo at=made />
            </Cell>
        </tr>
    }
    .into_any()
}

fn name_of(user: UserId, members: &[Member]) -> String {
    let member = members.iter().find(|member| member.user.id == user);
    member.map_or_else(
        || "A former member".to_owned(),
        |member| member.user.name.clone(),
    )
}

/// Saves all judgements of a queue as a file.
#[component]
pub fn ExportButton(
    /// The queue.
    id: QueueId,
) -> impl IntoView {
    let slug = CurrentProject::expect().slug();
    let toasts = Toasts::expect();
    let export = Submit::new(
        move |()| all(slug.clone(), id),
        move |lines: String| {
            if !browser::save("judgements.jsonl", &lines) {
                toasts.complain("The browser does not let this page save a file.");
            }
        },
    );
    complain(export.message(&[]), toasts);
    view! {
        <Button pending=export.is_pending() on_press=move |()| export.send(())>
            "Export the judgements"
        </Button>
    }
}

/// Every judgement as a line of JSON.
async fn all(slug: String, id: QueueId) -> ApiResult<String> {
    let mut lines = String::new();
    let mut after = None;
    loop {
        let page = api::queues::list_judgements(&slug, id, after.as_deref(), MAX_PAGE_SIZE).await?;
        for judgement in &page.items {
            // What came as JSON goes back to it.
            lines.push_str(&serde_json::to_string(judgement).unwrap_or_default());
            lines.push('\n');
        }
        after = page.next;
        if after.is_none() {
            return Ok(lines);
        }
    }
}
