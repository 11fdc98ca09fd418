//! What runs in the background: left and found again here, and cancelled.

use leptos::prelude::*;
use shared::{
    account::Role,
    ids::JobId,
    job::{Job, JobState},
};

use super::{activity::Activity, projects::ProjectList};
use crate::{
    api,
    components::{
        Badge, Button, ButtonKind, Icon, IconView, Menu, MenuSide, ProgressBar, TimeAgo, Toasts,
        toast::complain,
    },
    submit::Submit,
    words,
};

/// The menu of jobs.
#[component]
pub fn ActivityMenu() -> impl IntoView {
    let open = RwSignal::new(false);
    let activity = Activity::expect();
    let count = Memo::new(move |_| activity.jobs().map_or(0, |list| list.unfinished().count()));
    let button = move || {
        view! {
            <IconView icon=Icon::Activity />
            {move || {
                (count.get() > 0).then(|| view! { <span class="top-bar__count">{count}</span> })
            }}
        }
    };
    view! {
        <Menu label="Activity" open side=MenuSide::End button>
            <div class="menu__section">
                <p class="menu__heading">"Activity"</p>
                <p class="menu__note">{move || sentence(activity)}</p>
            </div>
            <JobEntries />
        </Menu>
    }
}

fn sentence(activity: Activity) -> String {
    if activity.slug().is_none() {
        return "Open a project to see its jobs.".to_owned();
    }
    match activity.jobs() {
        None => "Reading.".to_owned(),
        Some(list) => words::running(list.unfinished().count()),
    }
}

#[component]
fn JobEntries() -> impl IntoView {
    /// Finished jobs that are still of interest.
    const RECENT: usize = 5;

    let activity = Activity::expect();
    let entries = move || {
        let list = activity.jobs().unwrap_or_default();
        let open: Vec<JobId> = list.unfinished().map(|job| job.id).collect();
        let mut finished = 0;
        let mut jobs = list.jobs;
        jobs.retain(|job| {
            let is_open = open.contains(&job.id);
            finished += usize::from(!is_open);
            is_open || finished <= RECENT
        });
        jobs
    };
    view! {
        <ul class="menu__list jobs">
            <For each=entries key=|job| job.id let:job>
                {
                    let heading = job.title.clone();
                    let job = activity.job(job);
                    view! { <JobEntry heading job /> }
                }
            </For>
        </ul>
    }
}

/// A job among others: where it stands, how far it is, and its end for who may ask for it.
#[component]
pub fn JobEntry(
    /// What it is about.
    #[prop(into)]
    heading: String,
    /// The job.
    job: Memo<Job>,
    /// What else can be done with it.
    #[prop(optional)]
    children: Option<Children>,
) -> impl IntoView {
    let (id, title) = job.with_untracked(|job| (job.id, job.title.clone()));
    let when = move || job.with(|job| job.finished_at.unwrap_or(job.created_at));
    view! {
        <li class="job">
            <p class="job__title">{heading}</p>
            <p class="job__line">
                <JobBadge job />
                <span class="job__message">{move || job.with(|job| job.message.clone())}</span>
                {move || view! { <TimeAgo at=when() /> }}
            </p>
            <JobProgress job />
            <CancelJob job id title />
            {children.map(|children| children())}
        </li>
    }
}

/// A job's state in a word.
#[component]
pub fn JobBadge(
    /// The job.
    job: Memo<Job>,
) -> impl IntoView {
    let state = Memo::new(move |_| job.with(|job| job.state));
    move || {
        let state = state.get();
        view! { <Badge tone=words::job_tone(state) text=words::job_state(state) /> }
    }
}

/// How far a job is, as long as it goes on.
#[component]
pub fn JobProgress(
    /// The job.
    job: Memo<Job>,
) -> impl IntoView {
    let is_running = Memo::new(move |_| job.with(|job| job.state == JobState::Running));
    let value = Signal::derive(move || job.with(|job| job.progress));
    let label = job.with_untracked(|job| job.title.clone());
    move || {
        let label = label.clone();
        is_running
            .get()
            .then(|| view! { <ProgressBar label value /> })
    }
}

/// Asks for the end of a job that goes on, where the person may.
#[component]
pub fn CancelJob(
    /// The job.
    job: Memo<Job>,
    /// Its id, which stays.
    id: JobId,
    /// What it is about, for readers.
    title: String,
) -> impl IntoView {
    let activity = Activity::expect();
    let toasts = Toasts::expect();
    let slug = untrack(|| activity.slug()).unwrap_or_default();
    let project = untrack(|| ProjectList::expect().find(&slug));
    let cancel = Submit::new(
        move |()| api::jobs::cancel_job(slug.clone(), id),
        move |_: Job| {
            activity.reload();
            toasts.tell("The job was asked to end.");
        },
    );
    complain(cancel.message(&[]), toasts);
    let may = project.is_some_and(|project| project.role <= Role::Engineer);
    let is_offered = Memo::new(move |_| may && job.with(|job| job.finished_at.is_none()));
    move || {
        let label = format!("Cancel {title}");
        is_offered.get().then(|| {
            view! {
                <Button
                    kind=ButtonKind::Quiet
                    icon=Icon::Close
                    label
                    pending=cancel.is_pending()
                    on_press=move |()| cancel.send(())
                >
                    "Cancel"
                </Button>
            }
        })
    }
}
