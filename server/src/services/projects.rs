//! Projects and their members.

use shared::{
    account::{Member, PutMember, Role, User},
    ids::UserId,
    page::Page,
    project::{AuditEntry, CreateProject, Project, UpdateProject},
};
use store::{StoreError, Tx, audit, memberships, projects, projects::ProjectRecord, users};

use crate::{
    app::App,
    error::{ApiError, ApiResult},
    extract::{PageQuery, ProjectAccess, next_cursor},
    services::change::Change,
};

/// The project with this slug, and what a person may do in it. A project that is not theirs looks
/// like one that is not there to nobody: they are told that they have no access.
pub async fn find_with_role(
    app: &App,
    slug: &str,
    user: &User,
) -> ApiResult<(ProjectRecord, Role)> {
    let mut tx = app.store.read().await?;
    let no_access = || ApiError::Forbidden(format!("you are no member of a project `{slug}`"));
    let project = projects::get_by_slug(&mut tx, slug).await?;
    if user.is_admin {
        return project
            .map(|project| (project, Role::Owner))
            .ok_or(ApiError::NotFound("project"));
    }
    // The same answer for a project that is not there: its name is nobody else's business.
    let project = project.ok_or_else(no_access)?;
    let role = memberships::role_of(&mut tx, project.id, user.id).await?;
    Ok((project, role.ok_or_else(no_access)?))
}

fn visible(project: ProjectRecord, role: Role) -> Project {
    let ProjectRecord {
        id,
        slug,
        name,
        description,
        created_at,
    } = project;
    Project {
        id,
        slug,
        name,
        description,
        created_at,
        role,
    }
}

/// The projects that a person may see, by name.
pub async fn list_projects(app: &App, user: &User) -> ApiResult<Vec<Project>> {
    let mut tx = app.store.read().await?;
    let roles = memberships::list_of_user(&mut tx, user.id).await?;
    let role_in = |project: &ProjectRecord| {
        if user.is_admin {
            return Some(Role::Owner);
        }
        roles
            .iter()
            .find(|place| place.project_id == project.id)
            .map(|place| place.role)
    };
    let all = projects::list(&mut tx).await?;
    Ok(all
        .into_iter()
        .filter_map(|p| role_in(&p).map(|role| visible(p, role)))
        .collect())
}

/// Makes a project; its maker becomes its owner.
pub async fn create_project(app: &App, user: &User, request: CreateProject) -> ApiResult<Project> {
    let name = valid_name(&request.name)?;
    let mut change = Change::begin(app, Some(user.id)).await?;
    let project = ProjectRecord {
        id: app.context.id(),
        slug: free_slug(change.tx(), name).await?,
        name: name.to_owned(),
        description: request.description.trim().to_owned(),
        created_at: app.context.now(),
    };
    projects::insert(change.tx(), &project)
        .await
        .map_err(|error| match error {
            StoreError::Conflict(_) => ApiError::Conflict("that name was just taken".to_owned()),
            other => other.into(),
        })?;
    memberships::put(change.tx(), project.id, user.id, Role::Owner).await?;
    change.set_project(project.id);
    change
        .commit("create_project", format!("project {}", project.id), name)
        .await?;
    Ok(visible(project, Role::Owner))
}

fn valid_name(name: &str) -> ApiResult<&str> {
    let name = name.trim();
    if name.is_empty() || name.chars().count() > 100 {
        return Err(ApiError::invalid("name", "must have 1 to 100 characters"));
    }
    Ok(name)
}

/// A slug made from the name that no project has yet.
async fn free_slug(tx: &mut Tx, name: &str) -> ApiResult<String> {
    let base = slug_of(name);
    let mut slug = base.clone();
    let mut number = 1;
    while projects::get_by_slug(tx, &slug).await?.is_some() {
        number += 1;
        slug = format!("{base}-{number}");
    }
    Ok(slug)
}

/// The name in lower case, its letters and digits of ASCII kept and all else turned to hyphens.
fn slug_of(name: &str) -> String {
    let lower = name.to_lowercase();
    let words = lower
        .split(|c: char| !c.is_ascii_alphanumeric())
        .filter(|word| !word.is_empty());
    let slug = words.collect::<Vec<_>>().join("-");
    if slug.is_empty() {
        "project".to_owned()
    } else {
        slug
    }
}

/// The project that a person has access to.
#[must_use]
pub fn get_project(access: ProjectAccess) -> Project {
    visible(access.project, access.role)
}

/// Changes a project's name and description. Its address stays.
pub async fn update_project(
    app: &App,
    access: ProjectAccess,
    request: UpdateProject,
) -> ApiResult<Project> {
    let mut project = access.project.clone();
    if let Some(name) = &request.name {
        valid_name(name)?.clone_into(&mut project.name);
    }
    if let Some(description) = &request.description {
        description.trim().clone_into(&mut project.description);
    }
    let mut change = Change::begin_in(app, &access).await?;
    projects::update(change.tx(), project.id, &project.name, &project.description).await?;
    change
        .commit(
            "update_project",
            format!("project {}", project.id),
            &project.name,
        )
        .await?;
    Ok(visible(project, access.role))
}

/// The members of a project, by name.
pub async fn list_members(app: &App, access: &ProjectAccess) -> ApiResult<Vec<Member>> {
    let mut tx = app.store.read().await?;
    Ok(memberships::list_of_project(&mut tx, access.project_id()).await?)
}

/// Adds a member, or changes their role.
pub async fn put_member(
    app: &App,
    access: &ProjectAccess,
    request: PutMember,
) -> ApiResult<Member> {
    let mut change = Change::begin_in(app, access).await?;
    let account = users::get_by_email(change.tx(), request.email.trim()).await?;
    let missing = "has no account here: an administrator makes accounts under People";
    let user = account
        .ok_or_else(|| ApiError::invalid("email", missing))?
        .user;
    memberships::put(change.tx(), access.project_id(), user.id, request.role).await?;
    refuse_without_owner(change.tx(), access).await?;
    let detail = format!("{} as {}", user.email, request.role);
    change
        .commit("put_member", format!("user {}", user.id), &detail)
        .await?;
    Ok(Member {
        user,
        role: request.role,
    })
}

/// Removes a member.
pub async fn delete_member(app: &App, access: &ProjectAccess, user_id: UserId) -> ApiResult<()> {
    let mut change = Change::begin_in(app, access).await?;
    if !memberships::delete(change.tx(), access.project_id(), user_id).await? {
        return Err(ApiError::NotFound("member"));
    }
    refuse_without_owner(change.tx(), access).await?;
    change
        .commit("delete_member", format!("user {user_id}"), "")
        .await
}

async fn refuse_without_owner(tx: &mut Tx, access: &ProjectAccess) -> ApiResult<()> {
    if memberships::count_owners(tx, access.project_id()).await? == 0 {
        let message = "this would leave the project without an owner: name another one first";
        return Err(ApiError::Conflict(message.to_owned()));
    }
    Ok(())
}

/// What was changed in a project, newest first.
pub async fn list_audit(
    app: &App,
    access: &ProjectAccess,
    page: PageQuery,
) -> ApiResult<Page<AuditEntry>> {
    let mut tx = app.store.read().await?;
    let mut rows =
        audit::list_of_project(&mut tx, access.project_id(), page.after, page.probe()).await?;
    let next = next_cursor(&mut rows, page.limit(), |(id, _)| *id);
    Ok(Page {
        items: rows.into_iter().map(|(_, entry)| entry).collect(),
        next,
    })
}

#[cfg(test)]
mod tests {
    use super::slug_of;

    #[test]
    fn a_slug_keeps_what_an_address_can_show() {
        assert_eq!(slug_of("  Support desk: intake! "), "support-desk-intake");
        assert_eq!(slug_of("日本語"), "project");
    }
}
