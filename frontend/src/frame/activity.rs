//! The jobs of the project in view, for the activity menu and the project's home: read again while
//! something runs, and now and then otherwise, but never in a tab that is hidden.

use std::time::Duration;

use leptos::prelude::*;
use leptos_router::hooks::use_location;
use shared::job::Job;

use super::projects::ProjectList;
use crate::{address::Address, api, browser, remote::Remote};

/// How often to look while a job runs.
const BUSY: Duration = Duration::from_secs(3);

/// In how many of these looks to read while none does.
const IDLE_EVERY: u32 = 7;

/// How many of the newest jobs are read.
const LIMIT: u32 = 30;

/// The newest jobs of a project.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct JobList {
    slug: String,
    /// The newest first.
    pub jobs: Vec<Job>,
}

impl JobList {
    /// The jobs that wait or run.
    pub fn unfinished(&self) -> impl Iterator<Item = &Job> {
        let is_open = |job: &&Job| job.state.is_open();
        self.jobs.iter().filter(is_open)
    }
}

/// The jobs in view, shared by context.
#[derive(Clone, Copy, Debug)]
pub struct Activity {
    slug: Memo<Option<String>>,
    remote: Remote<JobList>,
}

impl Activity {
    /// Follows the jobs of whichever project is in view.
    pub fn provide() {
        let path = use_location().pathname;
        let slug =
            Memo::new(move |_| path.with(|path| Address::slug_of_path(path).map(str::to_owned)));
        let projects = ProjectList::expect();
        let slug = Memo::new(move |_| {
            let known = slug.get().and_then(|slug| projects.find(&slug));
            known.map(|project| project.slug)
        });
        let remote = Remote::new(move || {
            let slug = slug.get();
            let jobs = slug.as_ref().map(|slug| api::jobs::list_jobs(slug, LIMIT));
            async move {
                let (Some(slug), Some(jobs)) = (slug, jobs) else {
                    return Ok(JobList::default());
                };
                Ok(JobList {
                    slug,
                    jobs: jobs.await?.items,
                })
            }
        });
        let activity = Self { slug, remote };
        activity.keep_reading();
        provide_context(activity);
    }

    /// The jobs that [`Activity::provide`] follows.
    #[must_use]
    pub fn expect() -> Self {
        expect_context()
    }

    /// The jobs with their state.
    #[must_use]
    pub const fn remote(self) -> Remote<JobList> {
        self.remote
    }

    /// The project in view; tracks changes.
    #[must_use]
    pub fn slug(self) -> Option<String> {
        self.slug.get()
    }

    /// The jobs, if they are those of the project in view; tracks changes.
    #[must_use]
    pub fn jobs(self) -> Option<JobList> {
        let slug = self.slug.get()?;
        self.remote.get().filter(|list| list.slug == slug)
    }

    /// One of the jobs as it is now; its row stays while it goes on, and with it the focus.
    #[must_use]
    pub fn job(self, first: Job) -> Memo<Job> {
        Memo::new(move |_| {
            self.remote.with(|state| {
                let list = state.value.as_ref().map_or(&[][..], |list| &list.jobs);
                let found = list.iter().find(|job| job.id == first.id);
                found.unwrap_or(&first).clone()
            })
        })
    }

    /// Reads again, now that something was started or cancelled.
    pub fn reload(self) {
        self.remote.reload();
    }

    fn keep_reading(self) {
        let looks = StoredValue::new(0_u32);
        let look = move || {
            let count = looks.get_value().wrapping_add(1);
            looks.set_value(count);
            let is_busy = untrack(|| {
                self.jobs()
                    .is_some_and(|list| list.unfinished().count() > 0)
            });
            let is_due = is_busy || count.is_multiple_of(IDLE_EVERY);
            let has_project = self.slug.with_untracked(Option::is_some);
            if is_due && has_project && browser::is_visible() {
                self.reload();
            }
        };
        if let Ok(interval) = set_interval_with_handle(look, BUSY) {
            on_cleanup(move || interval.clear());
        }
    }
}
