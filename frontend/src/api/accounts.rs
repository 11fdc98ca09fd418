//! Set-up, signing in and out.

use std::future::Future;

use shared::account::{Session, SetupRequest, SetupState, SignInRequest};

use super::{
    ApiResult,
    client::{self, Method},
};

/// Whether the first account is still to be made.
pub fn get_setup() -> impl Future<Output = ApiResult<SetupState>> {
    client::get("/api/setup".to_owned())
}

/// Makes the first account and signs it in.
pub async fn create_setup(request: SetupRequest) -> ApiResult<Session> {
    client::send(Method::Post, "/api/setup".to_owned(), &request).await
}

/// Who is signed in.
pub fn get_session() -> impl Future<Output = ApiResult<Session>> {
    client::get("/api/session".to_owned())
}

/// Signs in.
pub async fn create_session(request: SignInRequest) -> ApiResult<Session> {
    client::send(Method::Post, "/api/session".to_owned(), &request).await
}

/// Signs out.
pub async fn delete_session() -> ApiResult<()> {
    client::send_empty(Method::Delete, "/api/session".to_owned()).await
}
