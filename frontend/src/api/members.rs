//! The members of a project.

use std::future::Future;

use shared::{
    account::{Member, PutMember},
    ids::UserId,
};

use super::{
    ApiResult,
    client::{self, Method},
    projects::path_of,
};

/// The members of a project, by name.
pub fn list_members(project: &str) -> impl Future<Output = ApiResult<Vec<Member>>> + use<> {
    client::get(format!("{}/members", path_of(project)))
}

/// Adds a member, or changes their role.
pub async fn put_member(project: String, request: PutMember) -> ApiResult<Member> {
    client::send(
        Method::Put,
        format!("{}/members", path_of(&project)),
        &request,
    )
    .await
}

/// Removes a member.
pub async fn delete_member(project: String, user: UserId) -> ApiResult<()> {
    let path = format!("{}/members/{user}", path_of(&project));
    client::send_empty(Method::Delete, path).await
}
