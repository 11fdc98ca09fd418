//! A change to the records: one transaction with its audit entry.

use shared::ids::{ProjectId, UserId};
use store::{Tx, audit};

use crate::{app::App, error::ApiResult, extract::ProjectAccess};

/// A transaction that can end only with an audit entry. Dropped, it changes nothing.
#[derive(Debug)]
pub struct Change<'app> {
    app: &'app App,
    tx: Tx,
    user_id: Option<UserId>,
    project_id: Option<ProjectId>,
}

impl<'app> Change<'app> {
    /// Begins a change outside of any project. `user_id` is absent for the server itself.
    pub async fn begin(app: &'app App, user_id: Option<UserId>) -> ApiResult<Self> {
        Ok(Self {
            app,
            tx: app.store.write().await?,
            user_id,
            project_id: None,
        })
    }

    /// Begins a change in a project.
    pub async fn begin_in(app: &'app App, access: &ProjectAccess) -> ApiResult<Self> {
        Ok(Self {
            app,
            tx: app.store.write().await?,
            user_id: Some(access.user_id()),
            project_id: Some(access.project_id()),
        })
    }

    /// Files the change under a project that it has just made.
    pub const fn set_project(&mut self, project_id: ProjectId) {
        self.project_id = Some(project_id);
    }

    /// Files the change under a person who has just signed in.
    pub const fn set_user(&mut self, user_id: UserId) {
        self.user_id = Some(user_id);
    }

    /// The transaction.
    pub const fn tx(&mut self) -> &mut Tx {
        &mut self.tx
    }

    /// Ends the change: `action` was done to `subject`, and `detail` says what else matters.
    pub async fn commit(
        mut self,
        action: &str,
        subject: impl std::fmt::Display + Send,
        detail: &str,
    ) -> ApiResult<()> {
        let entry = audit::NewAuditEntry {
            id: self.app.context.id(),
            at: self.app.context.now(),
            project_id: self.project_id,
            user_id: self.user_id,
            action,
            subject: &subject.to_string(),
            detail,
        };
        audit::insert(&mut self.tx, entry).await?;
        Ok(self.tx.commit().await?)
    }
}
