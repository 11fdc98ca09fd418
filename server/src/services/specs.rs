//! The behaviour spec: read, edited into the next version, compared.

use shared::{
    error::FieldError,
    spec::{self, Clause, CreateSpecVersion, SpecComparison, SpecVersion, SpecVersionSummary},
};
use store::{StoreError, specs};

use crate::{
    app::App,
    error::{ApiError, ApiResult},
    extract::ProjectAccess,
    services::change::Change,
};

/// The versions of a project's spec, newest first.
pub async fn list_spec_versions(
    app: &App,
    access: &ProjectAccess,
) -> ApiResult<Vec<SpecVersionSummary>> {
    let mut tx = app.store.read().await?;
    Ok(specs::list(&mut tx, access.project_id()).await?)
}

/// One version.
pub async fn get_spec_version(
    app: &App,
    access: &ProjectAccess,
    number: i64,
) -> ApiResult<SpecVersion> {
    let mut tx = app.store.read().await?;
    let version = specs::get(&mut tx, access.project_id(), number).await?;
    version.ok_or(ApiError::NotFound("spec version"))
}

/// What differs between two versions.
pub async fn compare_spec_versions(
    app: &App,
    access: &ProjectAccess,
    before: i64,
    after: i64,
) -> ApiResult<SpecComparison> {
    let before = get_spec_version(app, access, before).await?;
    let after = get_spec_version(app, access, after).await?;
    Ok(spec::compare(&before.clauses, &after.clauses))
}

/// Makes the next version.
pub async fn create_spec_version(
    app: &App,
    access: &ProjectAccess,
    request: CreateSpecVersion,
) -> ApiResult<SpecVersion> {
    validate(&request.clauses)?;
    let mut change = Change::begin_in(app, access).await?;
    let latest = specs::latest(change.tx(), access.project_id()).await?;
    let latest = latest.map(|version| version.number);
    if latest != request.based_on {
        return Err(outdated(latest));
    }
    let number = latest.unwrap_or(0) + 1;
    let version = SpecVersion {
        summary: SpecVersionSummary {
            id: app.context.id(),
            number,
            note: request.note.trim().to_owned(),
            clause_count: i64::try_from(request.clauses.len()).unwrap_or(i64::MAX),
            created_by: Some(access.user_id()),
            created_at: app.context.now(),
        },
        clauses: request.clauses,
    };
    specs::insert(change.tx(), access.project_id(), &version)
        .await
        .map_err(|error| match error {
            StoreError::Conflict(_) => outdated(Some(number)),
            other => other.into(),
        })?;
    change
        .commit(
            "create_spec_version",
            format!("spec v{number}"),
            &version.summary.note,
        )
        .await?;
    Ok(version)
}

fn outdated(latest: Option<i64>) -> ApiError {
    let latest = latest.map_or("none yet".to_owned(), |number| format!("v{number}"));
    ApiError::Conflict(format!(
        "the newest version of the spec is {latest}, not the one this edit began from: compare \
         them, and save your edit again on top of the newest"
    ))
}

fn validate(clauses: &[Clause]) -> ApiResult<()> {
    let mut errors = spec::validate(clauses);
    for (index, clause) in clauses.iter().enumerate() {
        if let Err(error) = checks::Checker::new(&clause.checks) {
            errors.push(FieldError::new(
                format!("clauses.{index}.checks"),
                error.to_string(),
            ));
        }
    }
    if errors.is_empty() {
        Ok(())
    } else {
        Err(ApiError::invalid_fields(errors))
    }
}
