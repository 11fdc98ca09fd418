//! The answers of an evaluation: by page, one by one, and as a file.

use bytes::Bytes;
use futures::{Stream, stream};
use serde::Deserialize;
use shared::{
    coverage::Coverage,
    evaluation::{EvaluationResult, FailureCategory},
    ids::EvaluationId,
    page::{DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE, Page},
};
use store::{StoreError, evaluation_results};
use utoipa::IntoParams;

use super::{dataset_exports::Export, evaluations::find};
use crate::{
    app::App,
    error::{ApiError, ApiResult},
    extract::ProjectAccess,
};

/// Answers that are read at once.
const ROWS_AT_ONCE: u32 = 200;

/// Which answers of an evaluation, and from where on.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ResultQuery {
    /// Only items that passed, or only those that failed.
    pub passed: Option<bool>,
    /// Only items with a failure of this category.
    pub category: Option<FailureCategory>,
    /// Only items on which a check of the clause with this key failed.
    pub clause: Option<String>,
    /// Only items on which the check with this name failed.
    pub check: Option<String>,
    /// Only items that cover this.
    pub coverage: Option<Coverage>,
    /// The cursor that the previous page ended with.
    pub after: Option<i64>,
    /// How many answers, at most 200.
    pub limit: Option<u32>,
}

impl ResultQuery {
    fn matches(&self, result: &EvaluationResult) -> bool {
        let failed_check = |name: &String| {
            let mut checks = result.checks.iter();
            checks.any(|check| check.name == *name && !check.passed)
        };
        self.passed.is_none_or(|passed| passed == result.passed)
            && self
                .category
                .is_none_or(|category| result.categories.contains(&category))
            && self
                .clause
                .as_ref()
                .is_none_or(|key| result.failed_clauses.contains(key))
            && self.check.as_ref().is_none_or(failed_check)
            && self
                .coverage
                .is_none_or(|coverage| coverage == result.item.content.coverage)
    }
}

/// The answers of an evaluation, in the order of the suite.
pub async fn list_results(
    app: &App,
    access: &ProjectAccess,
    number: i64,
    query: ResultQuery,
) -> ApiResult<Page<EvaluationResult>> {
    let limit = query.limit.unwrap_or(DEFAULT_PAGE_SIZE);
    let limit = usize::try_from(limit.clamp(1, MAX_PAGE_SIZE)).unwrap_or(usize::MAX);
    let mut tx = app.store.read().await?;
    let id = find(&mut tx, access.project_id(), number)
        .await?
        .evaluation
        .id;
    let mut after = query.after.unwrap_or(-1);
    let mut items: Vec<EvaluationResult> = Vec::new();
    loop {
        let rows = evaluation_results::list(&mut tx, id, after, ROWS_AT_ONCE).await?;
        let Some(last) = rows.last() else {
            return Ok(Page { items, next: None });
        };
        after = last.position;
        for row in rows.into_iter().filter(|row| query.matches(row)) {
            if items.len() == limit {
                let next = items.last().map(|last| last.position.to_string());
                return Ok(Page { items, next });
            }
            items.push(row);
        }
    }
}

/// The answer to the item at a position of the suite.
pub async fn get_result(
    app: &App,
    access: &ProjectAccess,
    number: i64,
    position: i64,
) -> ApiResult<EvaluationResult> {
    let mut tx = app.store.read().await?;
    let record = find(&mut tx, access.project_id(), number).await?;
    let result = evaluation_results::get(&mut tx, record.evaluation.id, position).await?;
    result.ok_or(ApiError::NotFound("answer in this evaluation"))
}

/// Every answer of an evaluation, as JSONL.
pub async fn export_results(
    app: &App,
    access: &ProjectAccess,
    number: i64,
) -> ApiResult<Export<impl Stream<Item = Result<Bytes, StoreError>> + Send + use<>>> {
    let mut tx = app.store.read().await?;
    let id = find(&mut tx, access.project_id(), number)
        .await?
        .evaluation
        .id;
    drop(tx);
    let lines = stream::try_unfold((app.clone(), -1), move |(app, after)| async move {
        let piece = read_piece(&app, id, after).await?;
        Ok(piece.map(|(piece, after)| (piece, (app, after))))
    });
    Ok(Export {
        file_name: format!("evaluation-{number}.jsonl"),
        lines,
    })
}

/// The lines behind a position, and the position of the last one; none at the end.
async fn read_piece(
    app: &App,
    id: EvaluationId,
    after: i64,
) -> Result<Option<(Bytes, i64)>, StoreError> {
    let mut tx = app.store.read().await?;
    let rows = evaluation_results::list(&mut tx, id, after, ROWS_AT_ONCE).await?;
    let Some(last) = rows.last().map(|row| row.position) else {
        return Ok(None);
    };
    let mut piece = Vec::new();
    for row in &rows {
        serde_json::to_writer(&mut piece, row).map_err(StoreError::corrupt)?;
        piece.push(b'\n');
    }
    Ok(Some((Bytes::from(piece), last)))
}
