//! The OpenAPI document: made from the handlers, with the access that each route's group needs.

use axum::{Router, routing::get};
use serde_json::json;
use shared::{account::Role, dataset::ExportFormat, error::ErrorBody};
use utoipa::{
    OpenApi as _,
    openapi::{OpenApi, extensions::Extensions, path::PathItem},
};
use utoipa_axum::router::OpenApiRouter;

use crate::app::App;

/// The name under which an operation says what it needs.
pub const ACCESS_EXTENSION: &str = "x-access";

/// What a group of routes needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Nothing.
    Public,
    /// A signed-in person.
    User,
    /// An administrator.
    Admin,
    /// At least this role in the project of the address.
    Project(Role),
}

impl Access {
    /// The word in the document.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::User => "user",
            Self::Admin => "admin",
            Self::Project(role) => role.as_str(),
        }
    }
}

#[derive(utoipa::OpenApi)]
#[openapi(
    info(
        title = "Temper",
        description = "Every operation names in `x-access` what it needs: `public`, `user`, \
            `admin`, or a role in the project of the address. Errors have the form of `ErrorBody`."
    ),
    // What only occurs in the parameters of an address is not found by itself.
    components(schemas(ErrorBody, ExportFormat))
)]
struct Base;

/// The document before any route.
#[must_use]
pub fn base() -> OpenApi {
    let mut document = Base::openapi();
    env!("CARGO_PKG_VERSION").clone_into(&mut document.info.version);
    document
}

/// Notes on each operation of a group what it needs.
pub fn declare(access: Access, mut routes: OpenApiRouter<App>) -> OpenApiRouter<App> {
    for item in routes.get_openapi_mut().paths.paths.values_mut() {
        for operation in operations(item) {
            let extension = Extensions::builder().add(ACCESS_EXTENSION, json!(access.as_str()));
            operation.extensions = Some(extension.build());
        }
    }
    routes
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = &mut utoipa::openapi::path::Operation> {
    [
        &mut item.get,
        &mut item.post,
        &mut item.put,
        &mut item.patch,
        &mut item.delete,
    ]
    .into_iter()
    .flatten()
}

/// Serves the document.
pub fn serve(document: OpenApi) -> Router<App> {
    Router::new().route(
        "/api/openapi.json",
        get(move || async move { axum::Json(document) }),
    )
}
