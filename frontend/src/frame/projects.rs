//! The projects of the person who is signed in, read once for the switcher, the palette and every
//! page of a project.

use leptos::prelude::*;
use shared::project::Project;

use crate::{api, remote::Remote};

/// The list, shared by context.
#[derive(Clone, Copy, Debug)]
pub struct ProjectList(Remote<Vec<Project>>);

impl ProjectList {
    /// Reads the list and makes it known to all below.
    pub fn provide() {
        provide_context(Self(Remote::new(api::projects::list_projects)));
    }

    /// The list that [`ProjectList::provide`] made.
    #[must_use]
    pub fn expect() -> Self {
        expect_context()
    }

    /// The list with its state.
    #[must_use]
    pub const fn remote(self) -> Remote<Vec<Project>> {
        self.0
    }

    /// The project with this word in its address; tracks changes.
    #[must_use]
    pub fn find(self, slug: &str) -> Option<Project> {
        self.0.with(|state| {
            let list = state.value.as_ref()?;
            list.iter().find(|project| project.slug == slug).cloned()
        })
    }

    /// Puts a new or changed project in its place.
    pub fn keep(self, project: Project) {
        self.0.edit(|list| {
            list.retain(|known| known.id != project.id);
            list.push(project);
            list.sort_by_key(|project| project.name.to_lowercase());
        });
    }
}
