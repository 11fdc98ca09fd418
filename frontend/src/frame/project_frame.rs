//! The frame of a project's pages, which get the project from here.

use leptos::prelude::*;
use leptos_router::{components::Outlet, hooks::use_params_map};
use shared::{account::Role, project::Project};

use super::{
    projects::ProjectList,
    rail::{Rail, everywhere, of_project},
};
use crate::{
    address::Address,
    components::{EmptyState, LinkButton, SkeletonShape},
    remote::Loaded,
};

/// The project whose pages are in view, shared by context.
#[derive(Clone, Copy, Debug)]
pub struct CurrentProject(Memo<Project>);

impl CurrentProject {
    /// The project that the address names.
    #[must_use]
    pub fn expect() -> Self {
        expect_context()
    }

    /// The project; tracks changes of its name and description.
    #[must_use]
    pub fn get(self) -> Project {
        self.0.get()
    }

    /// Its word in addresses, which never changes.
    #[must_use]
    pub fn slug(self) -> String {
        self.0.with_untracked(|project| project.slug.clone())
    }

    /// Whether the person may do what `role` may; tracks changes.
    #[must_use]
    pub fn allows(self, role: Role) -> bool {
        // The roles are ordered from the one that may do most.
        self.0.with(|project| project.role <= role)
    }
}

/// Finds the project of the address, and makes its pages anew when that is another one.
#[component]
pub fn ProjectFrame() -> impl IntoView {
    let params = use_params_map();
    let slug = Memo::new(move |_| params.with(|params| params.get("slug").unwrap_or_default()));
    let projects = ProjectList::expect();
    let found = Memo::new(move |_| projects.find(&slug.get()).map(|project| project.id));
    let is_unknown = Memo::new(move |_| {
        let is_known = found.get().is_some();
        !is_known && projects.remote().with(|state| state.value.is_some())
    });
    let items = Signal::derive(move || {
        if is_unknown.get() {
            everywhere()
        } else {
            let slug = slug.get();
            let role = projects
                .find(&slug)
                .map_or(Role::Viewer, |project| project.role);
            of_project(&slug, role)
        }
    });
    let page = move |_| {
        move || match found.get() {
            Some(_) => view! { <ProjectPages slug=slug.get_untracked() /> }.into_any(),
            None => view! { <UnknownProject slug=slug.get_untracked() /> }.into_any(),
        }
    };
    view! {
        <Rail label="Project" items />
        <main class="frame__main" id="main" tabindex="-1">
            <Loaded remote=projects.remote() shape=SkeletonShape::Page children=page />
        </main>
    }
}

#[component]
fn ProjectPages(slug: String) -> impl IntoView {
    let projects = ProjectList::expect();
    let first = untrack(|| projects.find(&slug))?;
    let project = Memo::new(move |last: Option<&Project>| {
        let known = projects.find(&slug).or_else(|| last.cloned());
        known.unwrap_or_else(|| first.clone())
    });
    provide_context(CurrentProject(project));
    Some(view! { <Outlet /> })
}

#[component]
fn UnknownProject(slug: String) -> impl IntoView {
    let text = format!(
        "There is none called {slug}, or you are no member of it. Its owner can add you under \
         Settings, Members."
    );
    view! {
        <EmptyState title="No such project" text>
            <LinkButton href=Address::Projects.to_string()>"All projects"</LinkButton>
        </EmptyState>
    }
}
