//! The rail: where one can go from here, in the order of the work.
//!
//! A page is listed once it exists. The order is the project's loop: Home, Spec, Data, Suites,
//! Prompts, Queues, Runs, Evaluations, Reports, Models, and then Settings.

use leptos::prelude::*;
use leptos_router::hooks::use_location;
use shared::account::Role;

use crate::{
    address::{Address, Place, SettingsTab},
    components::{Icon, IconView},
    session::CurrentSession,
};

/// One place to go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RailItem {
    /// A noun.
    pub label: &'static str,
    /// A drawing that repeats it.
    pub icon: Icon,
    /// Where.
    pub address: Address,
    /// Whether pages below the address belong to it too.
    pub has_pages_below: bool,
}

impl RailItem {
    const fn new(label: &'static str, icon: Icon, address: Address) -> Self {
        Self {
            label,
            icon,
            address,
            has_pages_below: true,
        }
    }

    const fn alone(mut self) -> Self {
        self.has_pages_below = false;
        self
    }

    /// Whether a path belongs to this item.
    #[must_use]
    pub fn holds(&self, path: &str) -> bool {
        let own = self.address.to_string();
        let own = own.split('?').next().unwrap_or_default();
        let below = path.strip_prefix(own);
        below == Some("")
            || self.has_pages_below && below.is_some_and(|below| below.starts_with('/'))
    }
}

/// The pages of a project, one line each: for an annotator those that they work on.
#[must_use]
pub fn of_project(slug: &str, role: Role) -> Vec<RailItem> {
    let queues = RailItem::new("Queues", Icon::Queue, Address::at(slug, Place::Queues));
    if role == Role::Annotator {
        return vec![queues];
    }
    vec![
        RailItem::new("Home", Icon::Home, Address::project(slug)).alone(),
        RailItem::new("Spec", Icon::Spec, Address::at(slug, Place::Spec)),
        RailItem::new("Data", Icon::Data, Address::at(slug, Place::Data)),
        RailItem::new("Suites", Icon::Suite, Address::at(slug, Place::Suites)),
        RailItem::new("Prompts", Icon::Prompt, Address::at(slug, Place::Prompts)),
        queues,
        RailItem::new("Runs", Icon::Run, Address::at(slug, Place::Runs)),
        RailItem::new(
            "Evaluations",
            Icon::Evaluation,
            Address::at(slug, Place::Evaluations),
        ),
        RailItem::new("Reports", Icon::Report, Address::at(slug, Place::Reports)),
        RailItem::new("Models", Icon::Model, Address::at(slug, Place::Models)),
        RailItem::new(
            "Settings",
            Icon::Settings,
            Address::settings(slug, SettingsTab::Members),
        ),
    ]
}

/// The pages that belong to no project, one line each; tracks who is signed in.
#[must_use]
pub fn everywhere() -> Vec<RailItem> {
    let mut items = vec![
        RailItem::new("Projects", Icon::Projects, Address::Projects),
        RailItem::new("API tokens", Icon::Token, Address::Tokens),
    ];
    if CurrentSession::expect().is_admin() {
        items.push(RailItem::new("People", Icon::People, Address::People));
    }
    items
}

/// Links to the pages around.
#[component]
pub fn Rail(
    /// What the links lead through, for readers.
    label: &'static str,
    /// Where one can go.
    #[prop(into)]
    items: Signal<Vec<RailItem>>,
) -> impl IntoView {
    let path = use_location().pathname;
    let link = move |item: RailItem| {
        let href = item.address.to_string();
        let (icon, label) = (item.icon, item.label);
        let current = move || path.with(|path| item.holds(path)).then_some("page");
        view! {
            <li class="rail__item">
                <a class="rail__link" href=href aria-current=current>
                    <IconView icon />
                    <span class="rail__label">{label}</span>
                </a>
            </li>
        }
    };
    view! {
        <nav class="rail" aria-label=label>
            <ul class="rail__list">
                {move || items.get().into_iter().map(link).collect_view()}
            </ul>
        </nav>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_item_is_current_on_its_page_and_below() {
        let items = of_project("intake", Role::Owner);
        let holding = |path: &str| -> Vec<&str> {
            let found = items.iter().filter(|item| item.holds(path));
            found.map(|item| item.label).collect()
        };
        assert_eq!(holding("/p/intake"), ["Home"]);
        assert_eq!(holding("/p/intake/settings"), ["Settings"]);
        assert_eq!(holding("/p/intake/data/import"), ["Data"]);
        assert_eq!(holding("/p/intake-2"), Vec::<&str>::new());
        assert_eq!(holding("/p/intake/settings/x"), ["Settings"]);
        assert_eq!(holding("/p/intake/queues/7/annotate"), ["Queues"]);
        assert_eq!(of_project("intake", Role::Annotator).len(), 1);
    }
}
