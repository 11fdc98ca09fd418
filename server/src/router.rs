//! Every route, grouped by what it needs: nothing, a signed-in person, an administrator, or a role
//! in the project of the address.
//!
//! The group's middleware decides who may pass, so no handler can forget it; a test enumerates the
//! OpenAPI document, which is made from the same table, and tries every route without the role.

use axum::{
    Router,
    extract::DefaultBodyLimit,
    middleware::{from_fn, from_fn_with_state},
};
use shared::account::Role;
use tower_http::{
    catch_panic::CatchPanicLayer,
    compression::{
        CompressionLayer,
        predicate::{DefaultPredicate, NotForContentType, Predicate},
    },
};
use utoipa::openapi::OpenApi;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    app::App,
    assets,
    handlers::{
        aliases, annotation, blank_models, chat, dataset_versions, datasets, draft_rows,
        evaluations, imports, jobs, live, members, model_downloads, model_exports, models,
        projects, prompts, queues, reports, runs, session, setup, share_links, specs, suites,
        system, tokens, uploads, users,
    },
    middleware::{
        add_security_headers, find_client_address, number_request, refuse_cross_site,
        require_admin, require_role, require_user,
    },
    openapi::{self, Access},
};

/// The most that a body of an engineer's request may have: a suite, or pairs for a queue.
const MAX_BODY_BYTES: usize = 64 * 1024 * 1024;

/// The whole HTTP interface.
pub fn build(app: &App) -> Router {
    let (routes, document) = api(app).split_for_parts();
    let document = openapi::serve(document);
    Router::new()
        .merge(routes)
        .merge(document)
        .merge(assets::router(app.assets.clone()))
        .layer(CompressionLayer::new().compress_when(shrinks()))
        .layer(from_fn(refuse_cross_site))
        .layer(from_fn_with_state(app.clone(), find_client_address))
        .layer(CatchPanicLayer::new())
        .layer(from_fn(add_security_headers))
        .layer(from_fn_with_state(app.clone(), number_request))
        .with_state(app.clone())
}

/// The OpenAPI document of every route.
pub fn document(app: &App) -> OpenApi {
    api(app).split_for_parts().1
}

fn api(app: &App) -> OpenApiRouter<App> {
    let user = from_fn_with_state(app.clone(), require_user);
    let admin = from_fn_with_state(app.clone(), require_admin);
    let role = |role| from_fn_with_state((app.clone(), role), require_role);
    OpenApiRouter::with_openapi(openapi::base())
        .merge(openapi::declare(Access::Public, public()))
        .merge(openapi::declare(Access::User, for_users()).route_layer(user))
        .merge(openapi::declare(Access::Admin, for_admins()).route_layer(admin))
        .merge(
            in_project(
                Role::Viewer,
                for_viewers().merge(dataset_reads()).merge(run_reads()),
            )
            .route_layer(role(Role::Viewer)),
        )
        .merge(in_project(Role::Annotator, for_annotators()).route_layer(role(Role::Annotator)))
        .merge(
            in_project(
                Role::Engineer,
                for_engineers().merge(dataset_writes()).merge(run_writes()),
            )
            .route_layer(role(Role::Engineer)),
        )
        .merge(in_project(Role::Owner, for_owners()).route_layer(role(Role::Owner)))
}

fn in_project(role: Role, routes: OpenApiRouter<App>) -> OpenApiRouter<App> {
    openapi::declare(Access::Project(role), routes)
}

fn public() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(system::get_health))
        .routes(routes!(setup::get_setup, setup::create_setup))
        .routes(routes!(session::create_session))
        .routes(routes!(share_links::get_shared_report))
}

fn for_users() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(session::get_session, session::delete_session))
        .routes(routes!(tokens::list_tokens, tokens::create_token))
        .routes(routes!(tokens::delete_token))
        .routes(routes!(projects::list_projects, projects::create_project))
}

fn for_admins() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(users::list_users, users::create_user))
        .routes(routes!(users::update_user))
}

fn for_viewers() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(projects::get_project))
        .routes(routes!(projects::get_overview))
        .routes(routes!(projects::list_audit))
        .routes(routes!(members::list_members))
        .routes(routes!(jobs::list_jobs))
        .routes(routes!(specs::list_spec_versions))
        .routes(routes!(specs::get_spec_version))
        .routes(routes!(specs::compare_spec_versions))
        .routes(routes!(prompts::list_prompts))
        .routes(routes!(suites::list_suites))
        .routes(routes!(suites::get_suite))
        .routes(routes!(suites::list_suite_items))
        .routes(routes!(queues::list_queues))
        .routes(routes!(queues::get_queue))
        .routes(routes!(models::list_model_versions))
        .routes(routes!(models::get_model_version))
        .routes(routes!(model_downloads::list_model_downloads))
        .routes(routes!(blank_models::list_blank_models))
        .routes(routes!(aliases::list_aliases))
        .routes(routes!(reports::list_reports))
        .routes(routes!(reports::get_report))
        .routes(routes!(reports::get_report_page))
        .routes(routes!(share_links::list_share_links))
        .routes(routes!(models::download_adapter))
        .routes(routes!(model_exports::list_model_exports))
        .routes(routes!(model_exports::download_model_export))
        .routes(routes!(evaluations::list_evaluations))
        .routes(routes!(evaluations::get_evaluation))
        .routes(routes!(evaluations::list_evaluation_results))
        .routes(routes!(evaluations::get_evaluation_result))
        .routes(routes!(evaluations::export_evaluation_results))
}

/// What is worth compressing: weights hardly shrink, and are fetched on from where a download broke.
fn shrinks() -> impl Predicate {
    DefaultPredicate::new()
        .and(NotForContentType::const_new("application/octet-stream"))
        .and(NotForContentType::const_new("application/zip"))
}

fn for_annotators() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(annotation::take_tasks))
        .routes(routes!(annotation::create_judgement))
        .routes(routes!(annotation::delete_judgement))
}

fn for_engineers() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(jobs::cancel_job))
        .routes(routes!(specs::create_spec_version))
        .routes(routes!(prompts::create_prompt))
        .routes(routes!(prompts::create_prompt_version))
        .routes(routes!(suites::create_suite))
        .routes(routes!(suites::delete_suite))
        .routes(routes!(suites::lock_suite))
        .routes(routes!(models::list_model_files))
        .routes(routes!(models::register_model))
        .routes(routes!(model_downloads::get_hub))
        .routes(routes!(model_downloads::create_model_download))
        .routes(routes!(blank_models::create_blank_model))
        .routes(routes!(model_exports::create_model_export))
        .routes(routes!(model_exports::delete_model_export))
        .routes(routes!(aliases::move_production))
        .routes(routes!(aliases::roll_back_production))
        .routes(routes!(reports::create_report))
        .routes(routes!(share_links::create_share_link))
        .routes(routes!(share_links::delete_share_link))
        .routes(routes!(chat::create_chat))
        .routes(routes!(evaluations::create_evaluation))
        .routes(routes!(queues::create_queue))
        .routes(routes!(queues::list_pairs, queues::add_pairs))
        .routes(routes!(queues::sample_pairs))
        .routes(routes!(queues::create_preference_dataset))
        .routes(routes!(queues::export_judgements))
        .routes(routes!(queues::unflag_pair))
        .routes(routes!(queues::get_queue_results))
        .routes(routes!(queues::list_judgements))
        .layer(DefaultBodyLimit::max(MAX_BODY_BYTES))
}

/// What viewers may ask of datasets.
fn dataset_reads() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(datasets::list_datasets))
        .routes(routes!(datasets::get_dataset))
        .routes(routes!(draft_rows::count_draft))
        .routes(routes!(draft_rows::list_draft_rows))
        .routes(routes!(imports::list_imports))
        .routes(routes!(imports::get_import))
        .routes(routes!(imports::list_rejections))
        .routes(routes!(dataset_versions::list_dataset_versions))
        .routes(routes!(dataset_versions::get_dataset_version))
        .routes(routes!(dataset_versions::list_version_rows))
        .routes(routes!(dataset_versions::export_dataset_version))
}

/// What engineers may do with datasets.
fn dataset_writes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(datasets::create_dataset))
        .routes(routes!(datasets::update_dataset))
        .routes(routes!(uploads::create_upload))
        .routes(routes!(uploads::preview_upload))
        .routes(routes!(uploads::delete_upload))
        .routes(routes!(imports::create_import))
        .routes(routes!(imports::take_back_import))
        .routes(routes!(draft_rows::create_row))
        .routes(routes!(draft_rows::update_row, draft_rows::delete_row))
        .routes(routes!(draft_rows::set_coverage))
        .routes(routes!(dataset_versions::create_dataset_version))
}

/// What viewers may ask of runs.
fn run_reads() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(runs::list_runs))
        .routes(routes!(runs::get_run))
        .routes(routes!(runs::get_run_history))
        .routes(routes!(runs::list_run_events))
        .routes(routes!(live::watch_live))
}

/// What engineers may do with runs.
fn run_writes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(runs::create_run))
        .routes(routes!(runs::preflight_run))
        .routes(routes!(runs::render_rows))
        .routes(routes!(runs::resume_run))
}

fn for_owners() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(projects::update_project))
        .routes(routes!(members::put_member))
        .routes(routes!(members::delete_member))
}
