//! The downloads of base models: under way, or ended without a model.

use leptos::prelude::*;
use shared::{
    account::Role,
    job::{Job, JobState},
    model::{DownloadModel, ModelDownload, ModelVersion},
};

use crate::{
    api,
    components::{Button, Card, Icon, Notice, NoticeKind, TimeAgo},
    frame::{Activity, CancelJob, CurrentProject, JobBadge, JobProgress},
    remote::{Remote, follow},
    submit::Submit,
};

/// The card of downloads; nothing where there is none to tell of.
#[component]
pub fn Downloads(
    /// The newest downloads of the project.
    downloads: Remote<Vec<ModelDownload>>,
    /// The versions, which are read again when a download has become one.
    models: Remote<Vec<ModelVersion>>,
) -> impl IntoView {
    let open = Memo::new(move |_| {
        let list = downloads.get().unwrap_or_default();
        list.iter().filter(|one| one.job.state.is_open()).count()
    });
    let is_open = Memo::new(move |_| open.get() > 0);
    follow(is_open, move || downloads.reload());
    Effect::new(move |before: Option<usize>| {
        let now = open.get();
        if before.is_some_and(|before| now < before) {
            models.reload();
        }
        now
    });
    let shown = Memo::new(move |_| told(&downloads.get().unwrap_or_default()));
    let has_any = Memo::new(move |_| shown.with(|list| !list.is_empty()));
    move || {
        has_any.get().then(|| {
            view! {
                <Card title="Downloads">
                    <ul>
                        <For each=move || shown.get() key=|one| one.job.id let:one>
                            <Entry one downloads />
                        </For>
                    </ul>
                </Card>
            }
        })
    }
}

/// Those under way, and of those that ended without a model each that was not asked for again.
fn told(list: &[ModelDownload]) -> Vec<ModelDownload> {
    let is_told = |(at, one): &(usize, &ModelDownload)| {
        let is_newest = list[..*at].iter().all(|newer| newer.hub != one.hub);
        one.job.state.is_open() || (is_newest && one.job.state != JobState::Succeeded)
    };
    let told = list.iter().enumerate().filter(is_told);
    told.map(|(_, one)| one.clone()).collect()
}

#[component]
fn Entry(one: ModelDownload, downloads: Remote<Vec<ModelDownload>>) -> impl IntoView {
    let (id, title) = (one.job.id, one.job.title.clone());
    let heading = format!("{} as {}", one.hub, one.name);
    let job: Memo<Job> = Memo::new({
        let first = one.job.clone();
        move |_| {
            let list = downloads.get().unwrap_or_default();
            let found = list.into_iter().find(|one| one.job.id == id);
            found.map_or_else(|| first.clone(), |one| one.job)
        }
    });
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
            <Again one job downloads />
        </li>
    }
}

/// Asks for a download again that ended without a model; what came before is still there.
#[component]
fn Again(
    one: ModelDownload,
    job: Memo<Job>,
    downloads: Remote<Vec<ModelDownload>>,
) -> impl IntoView {
    let current = CurrentProject::expect();
    let activity = Activity::expect();
    let slug = current.slug();
    let again = Submit::new(
        move |request| api::models::create_model_download(slug.clone(), request),
        move |made: ModelDownload| {
            downloads.edit(|list| list.insert(0, made));
            activity.reload();
        },
    );
    let is_ended = Memo::new(move |_| job.with(|job| !job.state.is_open()));
    let may = current.allows(Role::Engineer);
    let refused = move || {
        let text = again.message(&[]).get()?;
        Some(view! { <Notice kind=NoticeKind::Negative text /> })
    };
    let button = move || {
        let request = DownloadModel {
            name: one.name.clone(),
            hub: one.hub.to_string(),
        };
        let label = format!("Try again: {}", one.hub);
        (may && is_ended.get()).then(|| {
            view! {
                <Button
                    icon=Icon::Retry
                    label
                    pending=again.is_pending()
                    on_press=move |()| again.send(request.clone())
                >
                    "Try again"
                </Button>
            }
        })
    };
    view! {
        {button}
        {refused}
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use shared::job::JobKind;

    use super::*;

    const NIL: &str = "00000000-0000-0000-0000-000000000000";

    fn download(hub: &str, state: JobState) -> ModelDownload {
        ModelDownload {
            job: Job {
                id: NIL.parse().unwrap(),
                project_id: NIL.parse().unwrap(),
                kind: JobKind::ModelDownload,
                title: String::new(),
                state,
                progress: None,
                message: String::new(),
                created_at: DateTime::UNIX_EPOCH,
                started_at: None,
                finished_at: None,
            },
            name: "n".to_owned(),
            hub: hub.parse().unwrap(),
        }
    }

    #[test]
    fn what_ended_without_a_model_is_told_until_it_is_asked_for_again() {
        let list = [
            download("o/a", JobState::Running),
            download("o/b", JobState::Succeeded),
            download("o/a", JobState::Failed),
            download("o/b", JobState::Failed),
            download("o/c", JobState::Cancelled),
        ];
        let told = told(&list);
        let told: Vec<_> = told
            .iter()
            .map(|one| (one.hub.to_string(), one.job.state))
            .collect();
        let expected = [("o/a", JobState::Running), ("o/c", JobState::Cancelled)];
        assert_eq!(told, expected.map(|(hub, state)| (hub.to_owned(), state)));
    }
}
