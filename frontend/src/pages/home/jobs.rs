//! What runs here, and what ran last.

use leptos::prelude::*;
use shared::job::Job;

use crate::{
    components::{Align, Card, Cell, Column, EmptyState, Table, TimeAgo},
    frame::{Activity, CancelJob, JobBadge, JobList, JobProgress},
    remote::Loaded,
    words,
};

/// How many of the newest jobs are listed.
const SHOWN: usize = 10;

/// The newest jobs.
#[component]
pub fn JobsCard() -> impl IntoView {
    let activity = Activity::expect();
    view! {
        <Card title="Jobs">
            <Loaded remote=activity.remote() let:list>
                <JobTable list />
            </Loaded>
        </Card>
    }
}

#[component]
fn JobTable(list: Signal<JobList>) -> impl IntoView {
    let is_empty = Memo::new(move |_| list.with(|list| list.jobs.is_empty()));
    let rows = move || list.get().jobs.into_iter().take(SHOWN);
    let columns = || {
        vec![
            Column::text("Job"),
            Column::text("State"),
            Column::text("When"),
            Column::actions(),
        ]
    };
    move || {
        if is_empty.get() {
            return view! {
                <EmptyState
                    title="No jobs yet"
                    text="Imports, training runs and evaluations work in the background. They appear here with their progress, and can be cancelled."
                />
            }
            .into_any();
        }
        view! {
            <Table caption="Jobs, newest first" columns=columns()>
                <For each=rows key=|job| job.id let:job>
                    {row(job)}
                </For>
            </Table>
        }
        .into_any()
    }
}

fn row(job: Job) -> impl IntoView {
    let (id, title, name) = (job.id, job.title.clone(), job.title.clone());
    let kind = words::job_kind(job.kind);
    let job = Activity::expect().job(job);
    let when = move || job.with(|job| job.finished_at.or(job.started_at).unwrap_or(job.created_at));
    let message = move || job.with(|job| job.message.clone());
    view! {
        <tr role="row">
            <Cell>
                <span class="table__main">{name}</span>
                <span class="table__note">{kind}</span>
            </Cell>
            <Cell label="State">
                <JobBadge job />
                <span class="table__note">{message}</span>
                <JobProgress job />
            </Cell>
            <Cell label="When">{move || view! { <TimeAgo at=when() /> }}</Cell>
            <Cell align=Align::End>
                <CancelJob job id title />
            </Cell>
        </tr>
    }
}
