//! The answers of evaluations, one row for each item of the suite that is answered.

use shared::{evaluation::EvaluationResult, ids::EvaluationId, suite::SuiteItem};
use sqlx::FromRow;

use crate::{Result, StoreError, Tx, json, suites::SuiteItemRow};

/// An answer with the item it answers.
macro_rules! select_results {
    ($rest:literal) => {
        concat!(
            "SELECT i.id, i.key, i.input, i.expected, i.coverage, i.clauses, i.tags,
                 i.checks AS item_checks,
                 r.position, r.output, r.passed, r.score, r.checks AS found, r.categories,
                 r.failed_clauses, r.prompt_tokens, r.output_tokens, r.latency_ms, r.cut_off,
                 r.reward_score
             FROM evaluation_results r
                 JOIN evaluations e ON e.id = r.evaluation_id
                 JOIN suite_items i ON i.suite_id = e.suite_id AND i.position = r.position
             WHERE r.evaluation_id = $1 ",
            $rest
        )
    };
}

#[derive(FromRow)]
struct ResultRow {
    #[sqlx(flatten)]
    item: SuiteItemRow,
    position: i64,
    output: String,
    passed: bool,
    score: f64,
    found: String,
    categories: String,
    failed_clauses: String,
    prompt_tokens: i64,
    output_tokens: i64,
    latency_ms: f64,
    cut_off: bool,
    reward_score: Option<f64>,
}

impl TryFrom<ResultRow> for EvaluationResult {
    type Error = StoreError;

    fn try_from(row: ResultRow) -> Result<Self> {
        Ok(Self {
            position: row.position,
            item: SuiteItem::try_from(row.item)?,
            output: row.output,
            passed: row.passed,
            score: row.score,
            checks: json::decode(&row.found)?,
            categories: json::decode(&row.categories)?,
            failed_clauses: json::decode(&row.failed_clauses)?,
            prompt_tokens: row.prompt_tokens,
            output_tokens: row.output_tokens,
            latency_ms: row.latency_ms,
            cut_off: row.cut_off,
            reward_score: row.reward_score,
        })
    }
}

/// Adds an answer. A second one to the same item is a [`StoreError::Conflict`].
pub async fn insert(tx: &mut Tx, id: EvaluationId, result: &EvaluationResult) -> Result<()> {
    const SQL: &str = "INSERT INTO evaluation_results (evaluation_id, position, output, passed,
             score, checks, categories, failed_clauses, prompt_tokens, output_tokens, latency_ms,
             cut_off, reward_score)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)";
    let checks = json::encode(&result.checks)?;
    let categories = json::encode(&result.categories)?;
    let failed_clauses = json::encode(&result.failed_clauses)?;
    on_db!(tx, |conn| sqlx::query(SQL)
        .bind(id.as_uuid())
        .bind(result.position)
        .bind(&result.output)
        .bind(result.passed)
        .bind(result.score)
        .bind(&checks)
        .bind(&categories)
        .bind(&failed_clauses)
        .bind(result.prompt_tokens)
        .bind(result.output_tokens)
        .bind(result.latency_ms)
        .bind(result.cut_off)
        .bind(result.reward_score)
        .execute(conn)
        .await
        .map(|_| ()))?;
    Ok(())
}

/// The positions of the items that are answered, in their order.
pub async fn positions(tx: &mut Tx, id: EvaluationId) -> Result<Vec<i64>> {
    const SQL: &str =
        "SELECT position FROM evaluation_results WHERE evaluation_id = $1 ORDER BY position";
    Ok(on_db!(tx, |conn| sqlx::query_scalar(SQL)
        .bind(id.as_uuid())
        .fetch_all(conn)
        .await)?)
}

/// The answers to the items behind the position `after`, in the order of the suite; -1 begins with
/// the first one.
pub async fn list(
    tx: &mut Tx,
    id: EvaluationId,
    after: i64,
    limit: u32,
) -> Result<Vec<EvaluationResult>> {
    const SQL: &str = select_results!("AND r.position > $2 ORDER BY r.position LIMIT $3");
    let rows: Vec<ResultRow> = on_db!(tx, |conn| sqlx::query_as(SQL)
        .bind(id.as_uuid())
        .bind(after)
        .bind(i64::from(limit))
        .fetch_all(conn)
        .await)?;
    rows.into_iter().map(TryInto::try_into).collect()
}

/// The answer to one item.
pub async fn get(tx: &mut Tx, id: EvaluationId, position: i64) -> Result<Option<EvaluationResult>> {
    const SQL: &str = select_results!("AND r.position = $2");
    let row: Option<ResultRow> = on_db!(tx, |conn| sqlx::query_as(SQL)
        .bind(id.as_uuid())
        .bind(position)
        .fetch_optional(conn)
        .await)?;
    row.map(TryInto::try_into).transpose()
}
