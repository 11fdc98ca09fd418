//! Aliases: which model version is in production, and how it came there.

use shared::{
    ids::{ModelVersionId, ReportId},
    model::{Alias, AliasMove, MoveAlias, PRODUCTION},
};
use store::{Tx, alias_moves, models, reports};

use crate::{
    app::App,
    error::{ApiError, ApiResult},
    extract::ProjectAccess,
    services::{asking::no_answers, change::Change},
};

/// The longest reason for moving an alias without a report.
const MAX_REASON_CHARACTERS: usize = 2000;

/// Every alias of a project with its moves.
pub async fn list_aliases(app: &App, access: &ProjectAccess) -> ApiResult<Vec<Alias>> {
    let mut tx = app.store.read().await?;
    Ok(vec![production(&mut tx, access).await?])
}

/// Moves `production`: by a passed report whose candidate the version is, or with a reason.
pub async fn move_production(
    app: &App,
    access: &ProjectAccess,
    request: MoveAlias,
) -> ApiResult<Alias> {
    let mut change = Change::begin_in(app, access).await?;
    let id = request.model_version_id;
    let version = models::get_version(change.tx(), access.project_id(), id).await?;
    let version = version.ok_or_else(|| {
        ApiError::invalid("model_version_id", "is no model version of this project")
    })?;
    if !version.kind.writes_answers() {
        return Err(ApiError::invalid("model_version_id", no_answers(&version)));
    }
    let before = alias_moves::list(change.tx(), access.project_id(), PRODUCTION).await?;
    if before.first().map(|last| last.model_version_id) == Some(id) {
        let message = format!("{} v{} is in production", version.name, version.number);
        return Err(ApiError::Conflict(message));
    }
    let (report, reason) = grounds(change.tx(), access, &request).await?;
    let detail = match (&request.report, &reason) {
        (Some(number), None) => format!("by report {number}"),
        (_, reason) => format!("overridden: {}", reason.as_deref().unwrap_or_default()),
    };
    let made = AliasMove {
        model_version_id: id,
        report: request.report,
        override_reason: reason,
        rollback: false,
        moved_by: Some(access.user_id()),
        moved_at: app.context.now(),
    };
    let name = format!("{} v{}", version.name, version.number);
    record(
        app,
        access,
        change,
        made,
        report,
        ("promote_model", name, detail),
    )
    .await
}

/// Moves `production` back to where it pointed before.
pub async fn roll_back_production(app: &App, access: &ProjectAccess) -> ApiResult<Alias> {
    let mut change = Change::begin_in(app, access).await?;
    let moves = alias_moves::list(change.tx(), access.project_id(), PRODUCTION).await?;
    let previous = previous(&moves).ok_or_else(|| {
        let message = "no model version was in production before this one";
        ApiError::Conflict(message.to_owned())
    })?;
    let version = models::get_version(change.tx(), access.project_id(), previous).await?;
    let version = version.ok_or(ApiError::NotFound("model version"))?;
    let made = AliasMove {
        model_version_id: previous,
        report: None,
        override_reason: None,
        rollback: true,
        moved_by: Some(access.user_id()),
        moved_at: app.context.now(),
    };
    let name = format!("{} v{}", version.name, version.number);
    record(
        app,
        access,
        change,
        made,
        None,
        ("roll_back_model", name, String::new()),
    )
    .await
}

/// What allows a move: the id of a passed report, or a reason.
async fn grounds(
    tx: &mut Tx,
    access: &ProjectAccess,
    request: &MoveAlias,
) -> ApiResult<(Option<ReportId>, Option<String>)> {
    let reason = request
        .override_reason
        .as_deref()
        .unwrap_or_default()
        .trim();
    if reason.chars().count() > MAX_REASON_CHARACTERS {
        let message = format!("must have at most {MAX_REASON_CHARACTERS} characters");
        return Err(ApiError::invalid("override_reason", message));
    }
    let reason = (!reason.is_empty()).then(|| reason.to_owned());
    let Some(number) = request.report else {
        return match reason {
            Some(reason) => Ok((None, Some(reason))),
            None => Err(ApiError::invalid(
                "report",
                "name a passed report on this version, or give a reason for going without",
            )),
        };
    };
    let report = reports::get_summary(tx, access.project_id(), number).await?;
    let report =
        report.ok_or_else(|| ApiError::invalid("report", "is no report of this project"))?;
    if report.candidate_id != request.model_version_id {
        let message = format!("is about {}, not about this version", report.candidate_name);
        return Err(ApiError::invalid("report", message));
    }
    if !report.passed && reason.is_none() {
        let message = "was not passed: give a reason to promote the version all the same";
        return Err(ApiError::invalid("report", message));
    }
    if let (Some(answers), None) = (report.candidate_best_of, &reason) {
        let message = format!(
            "was passed with the best of {answers} answers, which the version alone does not give: \
             give a reason to promote it all the same"
        );
        return Err(ApiError::invalid("report", message));
    }
    Ok((
        Some(report.id),
        reason.filter(|_| !report.allows_promotion()),
    ))
}

async fn record(
    app: &App,
    access: &ProjectAccess,
    mut change: Change<'_>,
    made: AliasMove,
    report: Option<ReportId>,
    (action, name, detail): (&str, String, String),
) -> ApiResult<Alias> {
    let (project, id) = (access.project_id(), app.context.id());
    alias_moves::insert(change.tx(), id, project, PRODUCTION, &made, report).await?;
    let alias = production(change.tx(), access).await?;
    let detail = format!("{name} {detail}");
    change
        .commit(action, format!("alias {PRODUCTION}"), detail.trim())
        .await?;
    Ok(alias)
}

async fn production(tx: &mut Tx, access: &ProjectAccess) -> ApiResult<Alias> {
    Ok(Alias {
        name: PRODUCTION.to_owned(),
        moves: alias_moves::list(tx, access.project_id(), PRODUCTION).await?,
    })
}

/// Where the alias pointed before, moves given newest first: a move goes on top of those before,
/// and a rollback takes the top one off.
fn previous(moves: &[AliasMove]) -> Option<ModelVersionId> {
    let mut stack = Vec::new();
    for made in moves.iter().rev() {
        if made.rollback {
            stack.pop();
        } else {
            stack.push(made.model_version_id);
        }
    }
    stack.pop();
    stack.pop()
}

#[cfg(test)]
mod tests {
    use shared::ids::ModelVersionId;

    use super::*;

    fn moves(made: &[(u128, bool)]) -> Vec<AliasMove> {
        let made = made.iter().rev().map(|(id, rollback)| AliasMove {
            model_version_id: ModelVersionId(uuid::Uuid::from_u128(*id)),
            report: None,
            override_reason: None,
            rollback: *rollback,
            moved_by: None,
            moved_at: chrono::DateTime::UNIX_EPOCH,
        });
        made.collect()
    }

    fn previous_of(made: &[(u128, bool)]) -> Option<u128> {
        previous(&moves(made)).map(|id| id.as_uuid().as_u128())
    }

    #[test]
    fn rolling_back_again_goes_further_back() {
        assert_eq!(previous_of(&[]), None);
        assert_eq!(previous_of(&[(1, false)]), None);
        assert_eq!(previous_of(&[(1, false), (2, false)]), Some(1));
        assert_eq!(previous_of(&[(1, false), (2, false), (1, true)]), None);
        let back_once = [(1, false), (2, false), (3, false), (2, true)];
        assert_eq!(previous_of(&back_once), Some(1));
        let and_forth = [(1, false), (2, false), (1, true), (3, false)];
        assert_eq!(previous_of(&and_forth), Some(1));
    }
}
