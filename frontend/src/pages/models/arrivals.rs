//! Base models on their way: downloads and blank models under way, or ended without a model.

use leptos::prelude::*;
use shared::{
    account::Role,
    blank::{BlankModel, CreateBlankModel},
    job::{Job, JobState},
    model::{DownloadModel, ModelDownload, ModelVersion},
};

use crate::{
    api::{self, ApiResult},
    components::{Button, Card, Icon, Notice, NoticeKind},
    frame::{Activity, CurrentProject, JobEntry},
    remote::{Remote, follow},
    submit::Submit,
};

/// What is on its way, by kind.
#[derive(Clone, Copy, Debug)]
pub struct Arrivals {
    /// The newest downloads of the project.
    pub downloads: Remote<Vec<ModelDownload>>,
    /// The newest blank models of the project.
    pub blank_models: Remote<Vec<BlankModel>>,
}

/// One of them.
#[derive(Clone, Debug, PartialEq)]
struct Arrival {
    job: Job,
    asked: Asked,
}

/// What was asked for.
#[derive(Clone, Debug, PartialEq)]
enum Asked {
    Download(DownloadModel),
    Blank(CreateBlankModel),
}

impl Asked {
    /// What it is told as.
    fn heading(&self) -> String {
        match self {
            Self::Download(asked) => format!("{} as {}", asked.hub, asked.name),
            Self::Blank(asked) => format!("{}, blank", asked.name),
        }
    }

    /// Whether it asks for the same model, whatever that is called.
    fn is_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Download(one), Self::Download(other)) => one.hub == other.hub,
            (Self::Blank(one), Self::Blank(other)) => one.name == other.name,
            _ => false,
        }
    }
}

impl Arrivals {
    /// Those of a project.
    pub fn read(slug: &str) -> Self {
        let (downloads, blank_models) = (slug.to_owned(), slug.to_owned());
        Self {
            downloads: Remote::new(move || api::models::list_model_downloads(&downloads)),
            blank_models: Remote::new(move || api::models::list_blank_models(&blank_models)),
        }
    }

    fn reload(self) {
        self.downloads.reload();
        self.blank_models.reload();
    }

    /// All of them, newest first; tracks changes.
    fn all(self) -> Vec<Arrival> {
        let downloads = self.downloads.get().unwrap_or_default().into_iter();
        let downloads = downloads.map(|one| Arrival {
            job: one.job,
            asked: Asked::Download(DownloadModel {
                name: one.name,
                hub: one.hub.to_string(),
            }),
        });
        let blank = self.blank_models.get().unwrap_or_default().into_iter();
        let blank = blank.map(|one| Arrival {
            job: one.job,
            asked: Asked::Blank(one.request),
        });
        let mut all: Vec<_> = downloads.chain(blank).collect();
        all.sort_by_key(|one| std::cmp::Reverse(one.job.created_at));
        all
    }

    /// Asks for one, once more or for the first time.
    async fn ask(self, slug: String, asked: Asked) -> ApiResult<()> {
        match asked {
            Asked::Download(asked) => {
                let made = api::models::create_model_download(slug, asked).await?;
                self.downloads.edit(|list| list.insert(0, made));
            }
            Asked::Blank(asked) => {
                let made = api::models::create_blank_model(slug, asked).await?;
                self.blank_models.edit(|list| list.insert(0, made));
            }
        }
        Ok(())
    }
}

/// The card of what is on its way; nothing where there is none to tell of.
#[component]
pub fn ArrivalsCard(
    /// What is on its way.
    arrivals: Arrivals,
    /// The versions, which are read again when one has arrived.
    models: Remote<Vec<ModelVersion>>,
) -> impl IntoView {
    let all = Memo::new(move |_| arrivals.all());
    let open = Memo::new(move |_| {
        all.with(|list| list.iter().filter(|one| one.job.state.is_open()).count())
    });
    let is_open = Memo::new(move |_| open.get() > 0);
    follow(is_open, move || arrivals.reload());
    Effect::new(move |before: Option<usize>| {
        let now = open.get();
        if before.is_some_and(|before| now < before) {
            models.reload();
        }
        now
    });
    let shown = Memo::new(move |_| all.with(|list| told(list)));
    let has_any = Memo::new(move |_| shown.with(|list| !list.is_empty()));
    move || {
        has_any.get().then(|| {
            view! {
                <Card title="On their way">
                    <ul>
                        <For each=move || shown.get() key=|one| one.job.id let:one>
                            <Entry one all arrivals />
                        </For>
                    </ul>
                </Card>
            }
        })
    }
}

/// Those under way, and of those that ended without a model each that was not asked for again.
fn told(list: &[Arrival]) -> Vec<Arrival> {
    let is_told = |(at, one): &(usize, &Arrival)| {
        let is_newest = list[..*at]
            .iter()
            .all(|newer| !newer.asked.is_same(&one.asked));
        one.job.state.is_open() || (is_newest && one.job.state != JobState::Succeeded)
    };
    let told = list.iter().enumerate().filter(is_told);
    told.map(|(_, one)| one.clone()).collect()
}

#[component]
fn Entry(one: Arrival, all: Memo<Vec<Arrival>>, arrivals: Arrivals) -> impl IntoView {
    let id = one.job.id;
    let heading = one.asked.heading();
    let job: Memo<Job> = Memo::new({
        let first = one.job.clone();
        move |_| {
            let found = all.with(|list| list.iter().find(|one| one.job.id == id).cloned());
            found.map_or_else(|| first.clone(), |one| one.job)
        }
    });
    view! {
        <JobEntry heading job>
            <Again asked=one.asked job arrivals />
        </JobEntry>
    }
}

/// Asks again for what ended without a model; of a download, what came before is still there.
#[component]
fn Again(asked: Asked, job: Memo<Job>, arrivals: Arrivals) -> impl IntoView {
    let current = CurrentProject::expect();
    let activity = Activity::expect();
    let slug = current.slug();
    let again = Submit::new(
        move |asked| arrivals.ask(slug.clone(), asked),
        move |()| activity.reload(),
    );
    let is_ended = Memo::new(move |_| job.with(|job| !job.state.is_open()));
    let may = current.allows(Role::Engineer);
    let refused = move || {
        let text = again.message(&[]).get()?;
        Some(view! { <Notice kind=NoticeKind::Negative text /> })
    };
    let button = move || {
        let asked = asked.clone();
        let label = format!("Try again: {}", asked.heading());
        (may && is_ended.get()).then(|| {
            view! {
                <Button
                    icon=Icon::Retry
                    label
                    pending=again.is_pending()
                    on_press=move |()| again.send(asked.clone())
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

    fn download(hub: &str, state: JobState) -> Arrival {
        Arrival {
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
            asked: Asked::Download(DownloadModel {
                name: "n".to_owned(),
                hub: hub.to_owned(),
            }),
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
            .map(|one| (one.asked.heading(), one.job.state))
            .collect();
        let expected = [
            ("o/a as n", JobState::Running),
            ("o/c as n", JobState::Cancelled),
        ];
        assert_eq!(told, expected.map(|(text, state)| (text.to_owned(), state)));
    }
}
