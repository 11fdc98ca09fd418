//! The routes, and what every page may rely on.
//!
//! # Adding a page
//! 1. Its address in [`address`](crate::address), its component in [`pages`](crate::pages).
//! 2. A page of a project has its line in [`project_page`](crate::pages::project_page), because
//!    every route of its own costs the whole router once more; any other one a `Route` below.
//! 3. If it belongs into the rail, one line in `frame::rail`.

use std::time::Duration;

use leptos::prelude::*;
use leptos_router::{
    components::{ParentRoute, Route, Router, Routes},
    path,
};

use crate::{
    components::time::Now,
    frame::{Frame, GlobalFrame, ProjectFrame},
    pages::{
        annotate::desk::Desks,
        not_found::NotFoundPage,
        people::PeoplePage,
        project_page::{ProjectPage, fetch_ahead},
        projects::NewProjectPage,
        projects::ProjectsPage,
        projects::StartPage,
        setup::SetupPage,
        sign_in::SignInPage,
        tokens::TokensPage,
    },
    session::CurrentSession,
    theme::CurrentTheme,
};

/// How long a start may take before more is fetched than the first page needs.
const SETTLED: Duration = Duration::from_secs(2);

/// The application.
#[component]
pub fn App() -> impl IntoView {
    CurrentTheme::provide();
    CurrentSession::provide();
    Now::provide();
    Desks::provide();
    set_timeout(fetch_ahead, SETTLED);
    view! {
        <Router>
            <Routes fallback=NotFoundPage>
                <Route path=path!("/setup") view=SetupPage />
                <Route path=path!("/sign-in") view=SignInPage />
                <ParentRoute path=path!("") view=Frame>
                    <ParentRoute path=path!("/p/:slug") view=ProjectFrame>
                        <Route path=path!("") view=ProjectPage />
                        <Route path=path!("/*rest") view=ProjectPage />
                    </ParentRoute>
                    <ParentRoute path=path!("") view=GlobalFrame>
                        <Route path=path!("") view=StartPage />
                        <Route path=path!("/projects") view=ProjectsPage />
                        <Route path=path!("/projects/new") view=NewProjectPage />
                        <Route path=path!("/account/tokens") view=TokensPage />
                        <Route path=path!("/admin/people") view=PeoplePage />
                        <Route path=path!("/*rest") view=NotFoundPage />
                    </ParentRoute>
                </ParentRoute>
            </Routes>
        </Router>
    }
}
