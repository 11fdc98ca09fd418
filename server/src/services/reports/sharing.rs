//! Read-only links to reports, for people without an account.

use chrono::Duration;
use shared::{
    ids::ShareLinkId,
    report::{CreateShareLink, CreatedShareLink, MAX_SHARE_DAYS, Report, ShareLink},
};
use store::{Tx, reports, share_links};

use crate::{
    app::App,
    error::{ApiError, ApiResult},
    extract::ProjectAccess,
    services::{change::Change, secret},
};

/// The links to a report that have not ended, newest first.
pub async fn list_share_links(
    app: &App,
    access: &ProjectAccess,
    number: i64,
) -> ApiResult<Vec<ShareLink>> {
    let mut tx = app.store.read().await?;
    let report = find(&mut tx, access, number).await?;
    Ok(share_links::list(&mut tx, report, app.context.now()).await?)
}

/// Makes a link. Its secret is in this answer only.
pub async fn create_share_link(
    app: &App,
    access: &ProjectAccess,
    number: i64,
    request: CreateShareLink,
) -> ApiResult<CreatedShareLink> {
    if !(1..=MAX_SHARE_DAYS).contains(&request.days) {
        return Err(ApiError::invalid(
            "days",
            format!("must be 1 to {MAX_SHARE_DAYS}"),
        ));
    }
    let now = app.context.now();
    let link = ShareLink {
        id: app.context.id(),
        expires_at: now + Duration::days(request.days.into()),
        created_by: Some(access.user_id()),
        created_at: now,
    };
    let secret = secret::generate(&app.context);
    let mut change = Change::begin_in(app, access).await?;
    let report = find(change.tx(), access, number).await?;
    share_links::insert(change.tx(), report, &link, &secret::hash(&secret)).await?;
    let detail = format!("for {} days", request.days);
    change
        .commit("share_report", format!("report {number}"), &detail)
        .await?;
    let path = format!("/share/{secret}");
    Ok(CreatedShareLink { link, path })
}

/// Ends a link.
pub async fn delete_share_link(
    app: &App,
    access: &ProjectAccess,
    number: i64,
    id: ShareLinkId,
) -> ApiResult<()> {
    let mut change = Change::begin_in(app, access).await?;
    let report = find(change.tx(), access, number).await?;
    if !share_links::delete(change.tx(), report, id).await? {
        return Err(ApiError::NotFound("share link"));
    }
    change
        .commit("end_share_link", format!("report {number}"), "")
        .await
}

/// The report behind a link's secret.
pub async fn read_shared(app: &App, secret: &str) -> ApiResult<Report> {
    let mut tx = app.store.read().await?;
    let hash = secret::hash(secret);
    let id = share_links::find_report(&mut tx, &hash, app.context.now()).await?;
    let id = id.ok_or(ApiError::NotFound("shared report, or its link has ended"))?;
    let report = reports::get(&mut tx, id).await?;
    report.ok_or(ApiError::NotFound("report"))
}

async fn find(
    tx: &mut Tx,
    access: &ProjectAccess,
    number: i64,
) -> ApiResult<shared::ids::ReportId> {
    let summary = reports::get_summary(tx, access.project_id(), number).await?;
    Ok(summary.ok_or(ApiError::NotFound("report"))?.id)
}
