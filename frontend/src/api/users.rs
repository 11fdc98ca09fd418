//! Accounts, for administrators.

use std::future::Future;

use shared::{
    account::{CreateUser, UpdateUser, User},
    ids::UserId,
};

use super::{
    ApiResult,
    client::{self, Method},
};

/// Every account, by name.
pub fn list_users() -> impl Future<Output = ApiResult<Vec<User>>> {
    client::get("/api/users".to_owned())
}

/// Makes an account.
pub async fn create_user(request: CreateUser) -> ApiResult<User> {
    client::send(Method::Post, "/api/users".to_owned(), &request).await
}

/// Changes an account.
pub async fn update_user(user: UserId, request: UpdateUser) -> ApiResult<User> {
    client::send(Method::Patch, format!("/api/users/{user}"), &request).await
}
