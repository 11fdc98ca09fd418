//! The page of a project that the address names.
//!
//! The home page comes with the application. All others are in a few parts, which the build splits
//! from the program: a browser fetches a part when a page first needs it, and the others soon after
//! the start, once the first page stands.
//!
//! # Adding a page
//! A variant of [`Place`] with its path, the part that it is in below, and its line where
//! [`parts`](super::parts) draws it. A new part costs a download of its own and more pieces that are shared
//! by some parts only, so prefer one that is there.

use leptos::{prelude::*, task::spawn_local};
use leptos_router::hooks::use_params_map;

use super::{
    home::HomePage,
    not_found::NotFoundPage,
    parts::{Draw, groundwork, queues, results, runs},
};
use crate::{
    address::Place,
    api::ApiError,
    components::SkeletonShape,
    remote::{Loaded, Remote},
};

/// Pages that are fetched together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    /// What is decided before a model is trained.
    Groundwork,
    /// Judging pairs.
    Queues,
    /// Training.
    Runs,
    /// What came of it.
    Results,
}

impl Part {
    const ALL: [Self; 4] = [Self::Queues, Self::Runs, Self::Results, Self::Groundwork];

    /// The part that has a page; nothing for what comes with the application.
    const fn of(place: Place) -> Option<Self> {
        match place {
            Place::Home => None,
            Place::Spec
            | Place::EditSpec
            | Place::CompareSpec
            | Place::Data
            | Place::Import
            | Place::Dataset(_)
            | Place::ImportReport(..)
            | Place::DatasetVersion(..)
            | Place::Suites
            | Place::NewSuite
            | Place::Suite(_)
            | Place::Prompts
            | Place::Prompt(_)
            | Place::Settings => Some(Self::Groundwork),
            Place::Queues | Place::Queue(_) | Place::Annotate(_) => Some(Self::Queues),
            Place::Runs | Place::NewRun | Place::CompareRuns | Place::Run(_) => Some(Self::Runs),
            Place::Evaluations
            | Place::NewEvaluation
            | Place::Evaluation(_)
            | Place::Reports
            | Place::NewReport
            | Place::Report(_)
            | Place::Models
            | Place::Model(_)
            | Place::Chat(_) => Some(Self::Results),
        }
    }

    /// What draws its pages, fetched if it is not there yet.
    async fn fetch(self) -> Result<Draw, ApiError> {
        match self {
            Self::Groundwork => groundwork().await,
            Self::Queues => queues().await,
            Self::Runs => runs().await,
            Self::Results => results().await,
        }
    }
}

/// Fetches every part, so that no later page waits for its own.
pub fn fetch_ahead() {
    spawn_local(async {
        for part in Part::ALL {
            // What fails is tried again by the page that needs it, which tells of it.
            let _ = part.fetch().await;
        }
    });
}

/// The page at the rest of the address.
#[component]
pub fn ProjectPage() -> impl IntoView {
    let params = use_params_map();
    let place = Memo::new(move |_| {
        params.with(|params| Place::from_path(params.get_str("rest").unwrap_or_default()))
    });
    move || match place.get() {
        None => view! { <NotFoundPage /> }.into_any(),
        Some(place) => match Part::of(place) {
            None => view! { <HomePage /> }.into_any(),
            Some(part) => of_part(part, place),
        },
    }
}

fn of_part(part: Part, place: Place) -> AnyView {
    let draw = Remote::new(move || part.fetch());
    let page = move |draw: Signal<Draw>| draw.get_untracked().page(place);
    view! { <Loaded remote=draw shape=SkeletonShape::Page children=page /> }.into_any()
}
