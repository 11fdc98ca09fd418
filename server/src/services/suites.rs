//! Held-out suites: made, read, locked.

use std::collections::HashSet;

use checks::{Checker, check_rule};
use shared::{
    error::FieldError,
    ids::SuiteId,
    suite::{CreateSuite, Gate, MAX_SUITE_ITEMS, Suite, SuiteItem},
};
use store::{Tx, suites};

use crate::{
    app::App,
    error::{ApiError, ApiResult},
    extract::ProjectAccess,
    services::change::Change,
};

/// The most errors that one answer names.
const MAX_ERRORS: usize = 50;

/// The suites of a project, by key, newest version first.
pub async fn list_suites(app: &App, access: &ProjectAccess) -> ApiResult<Vec<Suite>> {
    let mut tx = app.store.read().await?;
    Ok(suites::list(&mut tx, access.project_id()).await?)
}

/// One version of a suite.
pub async fn get_suite(app: &App, access: &ProjectAccess, id: SuiteId) -> ApiResult<Suite> {
    let mut tx = app.store.read().await?;
    find(&mut tx, access, id).await
}

/// The items of a version, in their order.
pub async fn list_suite_items(
    app: &App,
    access: &ProjectAccess,
    id: SuiteId,
    offset: u32,
    limit: u32,
) -> ApiResult<Vec<SuiteItem>> {
    let mut tx = app.store.read().await?;
    find(&mut tx, access, id).await?;
    Ok(suites::list_items(&mut tx, id, offset, limit).await?)
}

async fn find(tx: &mut Tx, access: &ProjectAccess, id: SuiteId) -> ApiResult<Suite> {
    let suite = suites::get(tx, access.project_id(), id).await?;
    suite.ok_or(ApiError::NotFound("suite"))
}

/// Makes a suite, or the next version of one.
pub async fn create_suite(
    app: &App,
    access: &ProjectAccess,
    request: CreateSuite,
) -> ApiResult<Suite> {
    let errors = validate(&request);
    if !errors.is_empty() {
        return Err(ApiError::invalid_fields(errors));
    }
    let mut change = Change::begin_in(app, access).await?;
    let known = suites::list(change.tx(), access.project_id()).await?;
    let newest = known
        .iter()
        .filter(|suite| suite.key == request.key)
        .map(|suite| suite.version);
    let suite = Suite {
        id: app.context.id(),
        version: newest.max().unwrap_or(0) + 1,
        key: request.key,
        name: request.name.trim().to_owned(),
        kind: request.kind,
        pass_rule: request.pass_rule,
        gate: request.gate.unwrap_or(Gate::usual(request.kind)),
        checks: request.checks,
        item_count: i64::try_from(request.items.len()).unwrap_or(i64::MAX),
        locked_at: None,
        created_at: app.context.now(),
    };
    suites::insert(change.tx(), access.project_id(), &suite).await?;
    for (position, content) in (0_i64..).zip(request.items) {
        let item = SuiteItem {
            id: app.context.id(),
            content,
        };
        suites::insert_item(change.tx(), suite.id, position, &item).await?;
    }
    let detail = format!(
        "{} v{}, {} items",
        suite.key, suite.version, suite.item_count
    );
    change
        .commit("create_suite", format!("suite {}", suite.id), &detail)
        .await?;
    Ok(suite)
}

/// Locks a version: from now on it cannot be changed, and runs may be measured by it.
pub async fn lock_suite(app: &App, access: &ProjectAccess, id: SuiteId) -> ApiResult<Suite> {
    let mut change = Change::begin_in(app, access).await?;
    let suite = find(change.tx(), access, id).await?;
    if !suites::lock(change.tx(), id, app.context.now()).await? {
        return Err(ApiError::Conflict("the suite is locked already".to_owned()));
    }
    let suite = find(change.tx(), access, suite.id).await?;
    let detail = format!("{} v{}", suite.key, suite.version);
    change
        .commit("lock_suite", format!("suite {id}"), &detail)
        .await?;
    Ok(suite)
}

/// Deletes a version that was never locked.
pub async fn delete_suite(app: &App, access: &ProjectAccess, id: SuiteId) -> ApiResult<()> {
    let mut change = Change::begin_in(app, access).await?;
    let suite = find(change.tx(), access, id).await?;
    if !suites::delete_unlocked(change.tx(), id).await? {
        let message = "a locked suite stays: runs and reports name it";
        return Err(ApiError::Conflict(message.to_owned()));
    }
    let detail = format!("{} v{}", suite.key, suite.version);
    change
        .commit("delete_suite", format!("suite {id}"), &detail)
        .await
}

/// What is wrong with a suite, at most [`MAX_ERRORS`] of it.
fn validate(request: &CreateSuite) -> Vec<FieldError> {
    let mut errors = Vec::new();
    if !is_key(&request.key) {
        let message = "must be lower-case words joined by hyphens or underscores";
        errors.push(FieldError::new("key", message));
    }
    if request.name.trim().is_empty() {
        errors.push(FieldError::new("name", "must not be empty"));
    }
    if let Err(error) = check_rule(&request.pass_rule) {
        errors.push(FieldError::new("pass_rule", error.to_string()));
    }
    if request.gate.is_some_and(|gate| !is_usable(gate)) {
        let message = "a rate must be from 0 to 1, and a margin above 0 and below 1";
        errors.push(FieldError::new("gate", message));
    }
    if request.items.is_empty() || request.items.len() > MAX_SUITE_ITEMS {
        errors.push(FieldError::new(
            "items",
            format!("must be 1 to {MAX_SUITE_ITEMS}"),
        ));
    }
    validate_items(request, &mut errors);
    errors.truncate(MAX_ERRORS);
    errors
}

/// Whether a gate can be decided. A margin of 0 could never be kept by an equal model.
fn is_usable(gate: Gate) -> bool {
    match gate {
        Gate::Goal { min_rate, .. } => min_rate.is_none_or(|rate| (0.0..=1.0).contains(&rate)),
        Gate::Guard { margin } => margin > 0.0 && margin < 1.0,
    }
}

fn validate_items(request: &CreateSuite, errors: &mut Vec<FieldError>) {
    let of_suite = match Checker::new(&request.checks) {
        Ok(checker) => checker,
        Err(error) => return errors.push(FieldError::new("checks", error.to_string())),
    };
    let mut keys = HashSet::new();
    for (index, item) in request.items.iter().enumerate() {
        if item.key.trim().is_empty() || !keys.insert(item.key.as_str()) {
            let message = "must be there, and differ from those of earlier items";
            errors.push(FieldError::new(format!("items.{index}.key"), message));
        }
        if item.input.trim().is_empty() {
            errors.push(FieldError::new(
                format!("items.{index}.input"),
                "must not be empty",
            ));
        }
        if request.checks.is_empty() && item.checks.is_empty() {
            let message = "must be at least one, or nothing could pass or fail";
            errors.push(FieldError::new(format!("items.{index}.checks"), message));
        }
        let usable = of_suite
            .with(&item.checks)
            .and_then(|checker| checker.check_expected(item.expected.as_ref()));
        if let Err(error) = usable {
            errors.push(FieldError::new(
                format!("items.{index}.checks"),
                error.to_string(),
            ));
        }
    }
}

fn is_key(text: &str) -> bool {
    let word = |part: &str| {
        !part.is_empty()
            && part
                .chars()
                .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit())
    };
    text.len() <= 60 && text.split(['-', '_']).all(word)
}
