//! The evaluations of a project.

use leptos::prelude::*;
use leptos_router::hooks::use_query_map;
use shared::{
    account::Role,
    evaluation::Evaluation,
    page::{DEFAULT_PAGE_SIZE, Page},
};

use super::{asked, interval, share};
use crate::{
    address::{Address, Place},
    api,
    components::{
        Badge, ButtonKind, Cell, Column, EmptyState, Icon, LinkButton, PageHeader, Pager,
        ProgressBar, Table, TimeAgo,
    },
    frame::CurrentProject,
    remote::{Loaded, Remote, follow},
    words,
};

/// The list of evaluations; which page of it is in the address.
#[component]
pub fn EvaluationsPage() -> impl IntoView {
    let current = CurrentProject::expect();
    let slug = current.slug();
    let query = use_query_map();
    let after = Memo::new(move |_| query.with(|query| query.get("after")));
    let evaluations = Remote::new({
        let slug = slug.clone();
        move || {
            after.with(|after| {
                api::evaluations::list_evaluations(&slug, after.as_deref(), DEFAULT_PAGE_SIZE)
            })
        }
    });
    let is_open = Memo::new(move |_| {
        let list = evaluations.get().map(|page| page.items).unwrap_or_default();
        list.iter().any(|one| one.state.is_open())
    });
    follow(is_open, move || evaluations.reload());
    let lead = Signal::derive(move || {
        let newest = evaluations.get().and_then(|page| {
            let mut items = page.items.into_iter();
            items.find_map(|one| one.summary.clone().map(|summary| (one, summary)))
        });
        newest.map_or_else(String::new, |(one, summary)| {
            format!(
                "The newest: {} passed {} of {}.",
                one.model_name,
                share(&summary.passed),
                one.suite_name
            )
        })
    });
    let new = Address::at(&slug, Place::NewEvaluation).to_string();
    let action = move || {
        let href = new.clone();
        current.allows(Role::Engineer).then(|| {
            view! {
                <LinkButton kind=ButtonKind::Primary icon=Icon::Add href>
                    "New evaluation"
                </LinkButton>
            }
        })
    };
    view! {
        <div class="page">
            <PageHeader title=Signal::stored("Evaluations".to_owned()) lead>
                {action}
            </PageHeader>
            <Loaded remote=evaluations let:page>
                {table(slug.clone(), page, after)}
            </Loaded>
        </div>
    }
}

fn table(slug: String, page: Signal<Page<Evaluation>>, after: Memo<Option<String>>) -> AnyView {
    (move || {
        let Page { items, next } = page.get();
        if items.is_empty() {
            let text = "An evaluation asks a locked suite of a model and checks every answer. Begin with the base model and your best prompt: that is the baseline.";
            return view! { <EmptyState title="No evaluations yet" text /> }.into_any();
        }
        let columns = vec![
            Column::text("Evaluation"),
            Column::text("Suite"),
            Column::text("Passed"),
            Column::text("When"),
        ];
        let rows = items.into_iter().map(|one| row(&slug, one));
        let rows = rows.collect_view();
        let list = Address::at(&slug, Place::Evaluations);
        let first = after.get().map(|_| list.to_string());
        let next = next.map(|after| list.with("after", after).to_string());
        view! {
            <Table caption="Evaluations, newest first" columns>
                {rows}
            </Table>
            <Pager label="Pages of evaluations" first next_label="Older" next />
        }
        .into_any()
    })
    .into_any()
}

fn row(slug: &str, one: Evaluation) -> impl IntoView + use<> {
    let href = Address::at(slug, Place::Evaluation(one.number)).to_string();
    let asked = asked(&one);
    let passed = match &one.summary {
        Some(summary) => view! {
            <span class="table__main">{share(&summary.passed)}</span>
            <span class="table__note">{interval(&summary.passed)}</span>
        }
        .into_any(),
        None => view! {
            <Badge tone=words::job_tone(one.state) text=words::job_state(one.state) />
            <span class="table__note">{one.message}</span>
            {one.progress.map(|value| view! { <ProgressBar label="Answers" value=Some(value) /> })}
        }
        .into_any(),
    };
    view! {
        <tr role="row">
            <Cell>
                <a class="table__main" href=href>
                    {format!("{}. {}", one.number, one.model_name)}
                </a>
                <span class="table__note">{asked}</span>
            </Cell>
            <Cell label="Suite">{one.suite_name}</Cell>
            <Cell label="Passed">{passed}</Cell>
            <Cell label="When">
                <TimeAgo at=one.finished_at.unwrap_or(one.created_at) />
            </Cell>
        </tr>
    }
}
