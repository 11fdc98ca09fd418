//! Where does this project stand?
//!
//! # Adding a step of the loop
//! A card in a file of its own, which reads what its area holds and says it in one line, placed in
//! the order of the loop.

pub mod jobs;
pub mod members;
pub mod recent;

use leptos::prelude::*;
use shared::account::Role;

use crate::{
    address::{Address, SettingsTab, Work},
    api,
    components::{LinkButton, PageHeader},
    frame::{Activity, CurrentProject, go_to},
    remote::Remote,
    words,
};
use jobs::JobsCard;
use members::MembersCard;
use recent::RecentCard;

/// How many changes the home page shows.
const RECENT: u32 = 8;

/// A project's home.
#[component]
pub fn HomePage() -> impl IntoView {
    let current = CurrentProject::expect();
    let slug = current.slug();
    if untrack(|| current.get().role == Role::Annotator) {
        // An annotator works in the queues and on nothing else here.
        return go_to(&Address::work(slug, Work::Queues));
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
    let lead = Signal::derive(move || {
        let members = members.get().map(|list| list.len());
        let running = activity.jobs().map(|list| list.unfinished().count());
        answer(members, running).unwrap_or_default()
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

/// The first line: who is here, and what runs.
fn answer(members: Option<usize>, running: Option<usize>) -> Option<String> {
    let people = words::count(members?, "member", "members");
    Some(format!("{people}. {}", words::running(running?)))
}
