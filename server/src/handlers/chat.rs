//! Conversations with a model version.

use std::convert::Infallible;

use axum::{
    extract::State,
    response::{
        IntoResponse,
        sse::{Event, KeepAlive, Sse},
    },
};
use futures::StreamExt;
use shared::{
    ids::ModelVersionId,
    model::{Chat, ChatPiece},
};

use super::models::ModelVersionPath;
use crate::{
    app::App,
    error::ApiResult,
    extract::{Json, Path, ProjectAccess},
    services::chat,
};

/// Says something to a model version; the answer comes as server-sent events.
#[utoipa::path(post, path = "/api/projects/{project}/models/{model_version_id}/chat",
    operation_id = "create_chat", tag = "models",
    params(("project" = String, Path), ("model_version_id" = ModelVersionId, Path)),
    request_body = Chat,
    responses((status = 200, body = ChatPiece, content_type = "text/event-stream")))]
pub async fn create_chat(
    State(app): State<App>,
    access: ProjectAccess,
    Path(path): Path<ModelVersionPath>,
    Json(request): Json<Chat>,
) -> ApiResult<impl IntoResponse> {
    let pieces = chat::chat(&app, &access, path.model_version_id, request).await?;
    let events = pieces.map(|piece| {
        // A piece is plain text and numbers, which are always JSON.
        let event = Event::default().json_data(piece).unwrap_or_default();
        Ok::<_, Infallible>(event)
    });
    Ok(Sse::new(events).keep_alive(KeepAlive::default()))
}
