//! Datasets that other areas make: from judgements, from logged requests, from generated rows.

use shared::{
    dataset::{CreateDataset, CreateDatasetVersion, DatasetVersion, Row},
    ids::DatasetId,
};

use crate::{
    app::App,
    error::{ApiError, ApiResult},
    extract::ProjectAccess,
    services::{
        dataset_versions::create_version,
        datasets,
        row_batches::{self, BATCH_ROWS, Placement, PreparedRow},
    },
};

/// Puts rows at the end of a dataset's draft, a batch at a time; answers how many.
///
/// The rows are drawn as they are needed. The first unusable one ends it with an error that names
/// it; the batches before stay in the draft.
pub async fn append_rows(
    app: &App,
    access: &ProjectAccess,
    dataset_id: DatasetId,
    rows: impl IntoIterator<Item = Row, IntoIter: Send> + Send,
) -> ApiResult<i64> {
    append(app, access, dataset_id, rows, false).await
}

/// The same, but for rows whose content the draft has already.
pub async fn append_new_rows(
    app: &App,
    access: &ProjectAccess,
    dataset_id: DatasetId,
    rows: impl IntoIterator<Item = Row, IntoIter: Send> + Send,
) -> ApiResult<i64> {
    append(app, access, dataset_id, rows, true).await
}

async fn append(
    app: &App,
    access: &ProjectAccess,
    dataset_id: DatasetId,
    rows: impl IntoIterator<Item = Row, IntoIter: Send> + Send,
    skip_duplicates: bool,
) -> ApiResult<i64> {
    let dataset = datasets::find(app, access, dataset_id).await?;
    let placement = Placement {
        draft: dataset.draft,
        import_id: None,
        skip_duplicates,
    };
    let mut rows = rows.into_iter();
    let (mut taken, mut appended) = (0, 0);
    loop {
        let batch = next_batch(&mut rows, taken)?;
        taken += row_batches::count(batch.len());
        if batch.is_empty() {
            return Ok(appended);
        }
        let mut tx = app.store.write().await?;
        appended += row_batches::append(app, &mut tx, placement, batch)
            .await?
            .imported;
        tx.commit().await?;
    }
}

fn next_batch(rows: &mut impl Iterator<Item = Row>, before: i64) -> ApiResult<Vec<PreparedRow>> {
    let numbered = rows.by_ref().take(BATCH_ROWS).zip(before + 1..);
    let prepared = numbered.map(|(row, number)| {
        row_batches::prepare(row).map_err(|why| ApiError::invalid(format!("rows.{number}"), why))
    });
    prepared.collect()
}

/// Makes a dataset of rows and cuts its first version.
pub async fn create_dataset_from_rows(
    app: &App,
    access: &ProjectAccess,
    dataset: CreateDataset,
    version: CreateDatasetVersion,
    rows: impl IntoIterator<Item = Row, IntoIter: Send> + Send,
) -> ApiResult<DatasetVersion> {
    let made = datasets::create_dataset(app, access, dataset).await?;
    append_rows(app, access, made.id, rows).await?;
    create_version(app, access, made.id, version).await
}
