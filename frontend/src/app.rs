//! The routes, and what every page may rely on.
//!
//! # Adding a page
//! 1. Its address in [`address`](crate::address), its component in [`pages`](crate::pages).
//! 2. One `Route` below, in the group whose frame it has; a page of spec, data, suites or prompts
//!    has its line in [`material`](crate::pages::material) instead.
//! 3. If it belongs into the rail, one line in `frame::rail`.

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
        evaluations::{EvaluationPage, EvaluationsPage, NewEvaluationPage},
        home::HomePage,
        material::MaterialPages,
        models::{ChatPage, ModelsPage},
        not_found::NotFoundPage,
        people::PeoplePage,
        projects::NewProjectPage,
        projects::ProjectsPage,
        projects::StartPage,
        reports::{NewReportPage, ReportPage, ReportsPage},
        settings::SettingsPage,
        setup::SetupPage,
        sign_in::SignInPage,
        tokens::TokensPage,
    },
    session::CurrentSession,
    theme::CurrentTheme,
};

/// The application.
#[component]
pub fn App() -> impl IntoView {
    CurrentTheme::provide();
    CurrentSession::provide();
    Now::provide();
    Desks::provide();
    view! {
        <Router>
            <Routes fallback=NotFoundPage>
                <Route path=path!("/setup") view=SetupPage />
                <Route path=path!("/sign-in") view=SignInPage />
                <ParentRoute path=path!("") view=Frame>
                    <ParentRoute path=path!("/p/:slug") view=ProjectFrame>
                        <Route path=path!("") view=HomePage />
                        <Route path=path!("/evaluations") view=EvaluationsPage />
                        <Route path=path!("/evaluations/new") view=NewEvaluationPage />
                        <Route path=path!("/evaluations/:number") view=EvaluationPage />
                        <Route path=path!("/reports") view=ReportsPage />
                        <Route path=path!("/reports/new") view=NewReportPage />
                        <Route path=path!("/reports/:number") view=ReportPage />
                        <Route path=path!("/models") view=ModelsPage />
                        <Route path=path!("/models/:id/chat") view=ChatPage />
                        <Route path=path!("/settings") view=SettingsPage />
                        <Route path=path!("/*rest") view=MaterialPages />
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
