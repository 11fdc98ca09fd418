//! Who may do what here, what is it called, and who changed what?

pub mod add_member;
pub mod audit;
pub mod general;
pub mod members;

use leptos::prelude::*;
use leptos_router::hooks::use_query_map;
use shared::account::Role;

use crate::{
    address::{Address, SettingsTab},
    components::{PageHeader, Tab, Tabs},
    frame::CurrentProject,
};
use audit::AuditTab;
use general::GeneralTab;
use members::MembersTab;

/// A project's settings.
#[component]
pub fn SettingsPage() -> impl IntoView {
    let current = CurrentProject::expect();
    let slug = current.slug();
    let query = use_query_map();
    let tab = Memo::new(move |_| {
        query.with(|query| SettingsTab::from_word(query.get_str("tab").unwrap_or_default()))
    });
    let lead = Signal::derive(move || {
        let word = if current.allows(Role::Owner) {
            "You are an owner: you can change all of this."
        } else {
            "You can read this. An owner of the project can change it."
        };
        word.to_owned()
    });
    let tabs = SettingsTab::ALL.map(|each| Tab {
        label: label(each),
        href: Address::settings(&slug, each).to_string(),
        is_current: Signal::derive(move || tab.get() == each),
    });
    let content = move || match tab.get() {
        SettingsTab::Members => view! { <MembersTab /> }.into_any(),
        SettingsTab::General => view! { <GeneralTab /> }.into_any(),
        SettingsTab::Audit => view! { <AuditTab /> }.into_any(),
    };
    view! {
        <div class="page">
            <PageHeader title=Signal::stored("Settings".to_owned()) lead />
            <Tabs label="Settings" tabs=tabs.to_vec() />
            {content}
        </div>
    }
}

const fn label(tab: SettingsTab) -> &'static str {
    match tab {
        SettingsTab::Members => "Members",
        SettingsTab::General => "Name and description",
        SettingsTab::Audit => "Audit",
    }
}
