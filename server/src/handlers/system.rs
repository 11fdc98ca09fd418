//! The server's own state.

use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use crate::{app::App, error::ApiResult, extract::Json};

/// Whether the server can work.
#[derive(Debug, Serialize, ToSchema)]
pub struct Health {
    /// `ok`, if the database answers.
    pub status: &'static str,
    /// The server's version.
    pub version: &'static str,
    /// The kind of database.
    pub database: &'static str,
}

/// Answers whether the server and its database work.
#[utoipa::path(get, path = "/api/health", operation_id = "get_health", tag = "system",
    responses((status = 200, body = Health)))]
pub async fn get_health(State(app): State<App>) -> ApiResult<Json<Health>> {
    let mut tx = app.store.read().await?;
    store::users::any(&mut tx).await?;
    let version = env!("CARGO_PKG_VERSION");
    Ok(Json(Health {
        status: "ok",
        version,
        database: app.store.kind(),
    }))
}
