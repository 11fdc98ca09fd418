//! Where does this project stand?
//!
//! The server tells what each step of the loop holds and what to do next, in `services::overview`.

pub mod jobs;
pub mod members;
pub mod recent;
pub mod steps;

use leptos::prelude::*;
use shared::account::Role;

use crate::{
    address::{Address, Place, SettingsTab},
    api,
    components::{LinkButton, PageHeader},
    frame::{Activity, CurrentProject, go_to},
    remote::Remote,
};
use jobs::JobsCard;
use members::MembersCard;
use recent::RecentCard;
use steps::Steps;

/// How many changes the home page shows.
const RECENT: u32 = 8;

/// A project's home.
#[component]
pub fn HomePage() -> impl IntoView {
    let current = CurrentProject::expect();
    let slug = current.slug();
    if untrack(|| current.get().role == Role::Annotator) {
        // An annotator works in the queues and on nothing else here.
        return go_to(&Address::at(slug, Place::Queues));
    }
    let members = Remote::new({
        let slug = slug.clone();
        move || api::members::list_members(&slug)
    });
    let recent = Remote::new({
        let slug = slug.clone();
        move || api::projects::list_audit(&slug, None, RECENT)
    });
    let title = Signal::derive(move || current.get().name);
    let activity = Activity::expect();
    let jobs = Memo::new(move |_| activity.jobs());
    let overview = Remote::new({
        let slug = slug.clone();
        move || {
            jobs.track();
            api::projects::get_overview(&slug)
        }
    });
    let lead = Signal::derive(move || {
        overview
            .get()
            .map(|overview| steps::answer(&overview))
            .unwrap_or_default()
    });
    let settings = Address::settings(slug, SettingsTab::General).to_string();
    let edit = move || {
        let href = settings.clone();
        current
            .allows(Role::Owner)
            .then(|| view! { <LinkButton href>"Edit"</LinkButton> })
    };
    let description = move || {
        let text = current.get().description;
        let text = if text.is_empty() {
            "No description yet.".to_owned()
        } else {
            text
        };
        view! { <p class="prose">{text}</p> }
    };
    view! {
        <div class="page">
            <PageHeader title lead>
                {edit}
            </PageHeader>
            {description}
            <Steps overview />
            <div class="columns">
                <div class="columns__main">
                    <JobsCard />
                    <RecentCard recent />
                </div>
                <div class="columns__side">
                    <MembersCard members />
                </div>
            </div>
        </div>
    }
    .into_any()
}
