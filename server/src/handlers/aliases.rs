//! Which model version is in production.

use axum::extract::State;
use shared::model::{Alias, MoveAlias};

use crate::{
    app::App,
    error::ApiResult,
    extract::{Json, ProjectAccess},
    services::aliases,
};

/// Lists the aliases of a project with their moves.
#[utoipa::path(get, path = "/api/projects/{project}/aliases", operation_id = "list_aliases",
    tag = "models", params(("project" = String, Path)),
    responses((status = 200, body = Vec<Alias>)))]
pub async fn list_aliases(
    State(app): State<App>,
    access: ProjectAccess,
) -> ApiResult<Json<Vec<Alias>>> {
    aliases::list_aliases(&app, &access).await.map(Json)
}

/// Puts a model version into production.
#[utoipa::path(post, path = "/api/projects/{project}/aliases/production",
    operation_id = "move_production", tag = "models", params(("project" = String, Path)),
    request_body = MoveAlias, responses((status = 200, body = Alias)))]
pub async fn move_production(
    State(app): State<App>,
    access: ProjectAccess,
    Json(request): Json<MoveAlias>,
) -> ApiResult<Json<Alias>> {
    aliases::move_production(&app, &access, request)
        .await
        .map(Json)
}

/// Puts the model version back that was in production before.
#[utoipa::path(post, path = "/api/projects/{project}/aliases/production/rollback",
    operation_id = "roll_back_production", tag = "models", params(("project" = String, Path)),
    responses((status = 200, body = Alias)))]
pub async fn roll_back_production(
    State(app): State<App>,
    access: ProjectAccess,
) -> ApiResult<Json<Alias>> {
    aliases::roll_back_production(&app, &access).await.map(Json)
}
