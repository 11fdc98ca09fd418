//! Imports of uploaded files into drafts: asked for here, done by the job in
//! [`jobs::import`](crate::jobs::import).

use serde::{Deserialize, Serialize};
use shared::{
    dataset::{CreateImport, Import, Rejection},
    ids::{DatasetId, ImportId, UploadId},
    job::{Job, JobKind, JobState},
    page::Page,
};
use store::{
    Tx, import_rejections,
    imports::{self, ImportRecord},
    jobs, row_lists,
};

use crate::{
    app::App,
    error::{ApiError, ApiResult},
    extract::{PageQuery, ProjectAccess, next_cursor},
    formats::file::START,
    services::{change::Change, datasets, uploads},
};

/// Segments that one transaction takes out of a draft.
const SEGMENTS_AT_ONCE: i64 = 5;

/// What the job of an import is told.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct ImportPayload {
    /// The dataset.
    pub dataset_id: DatasetId,
    /// The import.
    pub import_id: ImportId,
}

/// Asks for the import of a file into a dataset's draft.
pub async fn create_import(
    app: &App,
    access: &ProjectAccess,
    dataset_id: DatasetId,
    request: CreateImport,
) -> ApiResult<Import> {
    let dataset = datasets::find(app, access, dataset_id).await?;
    let upload = uploads::find(app, access, request.upload_id).await?;
    let inspection = uploads::inspect(app, &upload, request.format).await?;
    let proposed = inspection.recognised.map(|known| known.mapping);
    let unknown = "no known set of columns: say what each one is";
    let mapping = request
        .mapping
        .or(proposed)
        .ok_or_else(|| ApiError::invalid("mapping", unknown))?;
    uploads::refuse_bad_mapping(&mapping)?;
    let import = Import {
        id: app.context.id(),
        dataset_id,
        job_id: app.context.id(),
        state: JobState::Queued,
        message: String::new(),
        progress: None,
        file_name: upload.file_name,
        size_bytes: upload.size_bytes,
        format: inspection.format,
        mapping,
        imported: 0,
        duplicates: 0,
        rejected: 0,
        taken_back: false,
        created_by: Some(access.user_id()),
        created_at: app.context.now(),
    };
    let record = ImportRecord {
        import,
        project_id: access.project_id(),
        upload_id: upload.id,
        draft: dataset.draft,
        default_coverage: request.default_coverage,
        skip_duplicates: request.skip_duplicates,
        next: START,
    };
    enqueue(app, access, &record, &dataset.dataset.name).await?;
    Ok(record.import)
}

async fn enqueue(
    app: &App,
    access: &ProjectAccess,
    record: &ImportRecord,
    dataset_name: &str,
) -> ApiResult<()> {
    let import = &record.import;
    let title = format!("Import {} into {dataset_name}", import.file_name);
    let payload = ImportPayload {
        dataset_id: import.dataset_id,
        import_id: import.id,
    };
    let payload = serde_json::to_string(&payload).map_err(anyhow::Error::new)?;
    let job = Job {
        id: import.job_id,
        project_id: access.project_id(),
        kind: JobKind::Import,
        title,
        state: JobState::Queued,
        progress: None,
        message: String::new(),
        created_at: import.created_at,
        started_at: None,
        finished_at: None,
    };
    let mut change = Change::begin_in(app, access).await?;
    refuse_while_imported(change.tx(), record.upload_id).await?;
    jobs::insert(change.tx(), &job, &payload).await?;
    imports::insert(change.tx(), record).await?;
    change
        .commit("create_import", format!("import {}", import.id), &job.title)
        .await?;
    app.job_wake.notify_one();
    Ok(())
}

/// Refuses what cannot be done while an import of a file waits or runs.
pub async fn refuse_while_imported(tx: &mut Tx, upload_id: UploadId) -> ApiResult<()> {
    if imports::is_upload_in_use(tx, upload_id).await? {
        let message = "the file is being imported: wait for the import's end, or cancel it";
        return Err(ApiError::Conflict(message.to_owned()));
    }
    Ok(())
}

/// The imports into a dataset, newest first.
pub async fn list_imports(
    app: &App,
    access: &ProjectAccess,
    dataset_id: DatasetId,
    page: PageQuery,
) -> ApiResult<Page<Import>> {
    datasets::find(app, access, dataset_id).await?;
    let mut tx = app.store.read().await?;
    let before = page.after.map(ImportId::from);
    let mut items = imports::list_of_dataset(&mut tx, dataset_id, before, page.probe()).await?;
    let next = next_cursor(&mut items, page.limit(), |import| import.id.as_uuid());
    Ok(Page { items, next })
}

/// One import and how it goes.
pub async fn get_import(
    app: &App,
    access: &ProjectAccess,
    dataset_id: DatasetId,
    id: ImportId,
) -> ApiResult<Import> {
    find(app, access, dataset_id, id)
        .await
        .map(|record| record.import)
}

async fn find(
    app: &App,
    access: &ProjectAccess,
    dataset_id: DatasetId,
    id: ImportId,
) -> ApiResult<ImportRecord> {
    datasets::find(app, access, dataset_id).await?;
    let mut tx = app.store.read().await?;
    let record = imports::get(&mut tx, dataset_id, id).await?;
    record.ok_or(ApiError::NotFound("import"))
}

/// The rejected records of an import behind the record `after`, in the order of the file.
pub async fn list_rejections(
    app: &App,
    access: &ProjectAccess,
    (dataset_id, id): (DatasetId, ImportId),
    after: i64,
    limit: u32,
) -> ApiResult<Page<Rejection>> {
    find(app, access, dataset_id, id).await?;
    let mut tx = app.store.read().await?;
    let mut items = import_rejections::list_of_import(&mut tx, id, after, limit + 1).await?;
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let more = items.len() > limit;
    items.truncate(limit);
    let next = items
        .last()
        .filter(|_| more)
        .map(|last| last.record.to_string());
    Ok(Page { items, next })
}

/// Takes the rows of an import out of the draft again. Versions keep them.
pub async fn take_back_import(
    app: &App,
    access: &ProjectAccess,
    dataset_id: DatasetId,
    id: ImportId,
) -> ApiResult<Import> {
    let record = find(app, access, dataset_id, id).await?;
    if record.import.state.is_open() {
        let message = "the import is not over: cancel it, which takes its rows back";
        return Err(ApiError::Conflict(message.to_owned()));
    }
    remove_rows(app, &record).await?;
    let change = Change::begin_in(app, access).await?;
    let detail = record.import.file_name.as_str();
    change
        .commit("take_back_import", format!("import {id}"), detail)
        .await?;
    get_import(app, access, dataset_id, id).await
}

/// Takes the rows of an import out of its draft, a few segments at a time.
pub async fn remove_rows(app: &App, record: &ImportRecord) -> store::error::Result<()> {
    let id = record.import.id;
    loop {
        let mut tx = app.store.write().await?;
        row_lists::lock(&mut tx, record.draft, 0).await?;
        let segments =
            row_lists::segments_of_import(&mut tx, record.draft, id, SEGMENTS_AT_ONCE).await?;
        for segment in &segments {
            row_lists::remove_segment(&mut tx, record.draft, *segment).await?;
        }
        if segments.is_empty() {
            imports::set_taken_back(&mut tx, id).await?;
            return tx.commit().await;
        }
        tx.commit().await?;
    }
}
