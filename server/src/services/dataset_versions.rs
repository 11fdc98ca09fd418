//! Versions: cut from a draft, and looked up.

use shared::{
    dataset::{CreateDatasetVersion, DatasetVersion, RowCounts},
    ids::{DatasetId, DatasetVersionId, ProjectId},
};
use store::{
    dataset_versions::{self, VersionRecord},
    datasets::{self, DatasetRecord},
    imports,
    row_lists::{self, RowListId},
};

use crate::{
    app::App,
    error::{ApiError, ApiResult},
    extract::ProjectAccess,
    services::{change::Change, datasets::find, split::Arc, survey::Survey},
};

/// The most that a version may hold back.
pub(super) const MAX_VALIDATION_SHARE: f64 = 0.5;

/// The versions of a dataset, newest first.
pub async fn list_versions(
    app: &App,
    access: &ProjectAccess,
    dataset_id: DatasetId,
) -> ApiResult<Vec<DatasetVersion>> {
    find(app, access, dataset_id).await?;
    let mut tx = app.store.read().await?;
    Ok(dataset_versions::list_of_dataset(&mut tx, dataset_id).await?)
}

/// One version with what is needed to read its rows.
pub async fn find_version(
    app: &App,
    access: &ProjectAccess,
    dataset_id: DatasetId,
    number: i64,
) -> ApiResult<VersionRecord> {
    find(app, access, dataset_id).await?;
    let mut tx = app.store.read().await?;
    let record = dataset_versions::get_by_number(&mut tx, dataset_id, number).await?;
    record.ok_or(ApiError::NotFound("version of the dataset"))
}

/// One version of any dataset of a project, for areas that name versions by their id.
pub async fn get_by_id(
    app: &App,
    project_id: ProjectId,
    id: DatasetVersionId,
) -> ApiResult<VersionRecord> {
    let mut tx = app.store.read().await?;
    let record = dataset_versions::get(&mut tx, project_id, id).await?;
    record.ok_or(ApiError::NotFound("version of a dataset"))
}

/// What the draft of a dataset holds.
pub async fn count_draft(
    app: &App,
    access: &ProjectAccess,
    dataset_id: DatasetId,
) -> ApiResult<RowCounts> {
    let record = find(app, access, dataset_id).await?;
    let mut tx = app.store.read().await?;
    let survey = Survey::of(&mut tx, record.draft).await?;
    let nothing = Arc {
        start: 0,
        length: 0,
    };
    Ok(survey.count(nothing))
}

/// Cuts a version from a dataset's draft.
///
/// The rows are looked at outside of any writing transaction; the one that follows only refers to
/// their segments, and is refused if the draft was changed in between.
pub async fn create_version(
    app: &App,
    access: &ProjectAccess,
    dataset_id: DatasetId,
    request: CreateDatasetVersion,
) -> ApiResult<DatasetVersion> {
    if !(0.0..=MAX_VALIDATION_SHARE).contains(&request.validation_share) {
        return Err(ApiError::invalid(
            "validation_share",
            "must be from 0 to 0.5",
        ));
    }
    let dataset = find(app, access, dataset_id).await?;
    let mut tx = app.store.read().await?;
    if imports::any_under_way(&mut tx, dataset_id).await? {
        let message = "an import into the dataset is not over: wait for its end, or cancel it";
        return Err(ApiError::Conflict(message.to_owned()));
    }
    let survey = Survey::of(&mut tx, dataset.draft).await?;
    drop(tx);
    if survey.prompt_keys.is_empty() {
        return Err(ApiError::Conflict("the draft has no rows yet".to_owned()));
    }
    let arc = Arc::find(&survey.prompt_keys, request.validation_share, request.seed);
    let arc = arc.ok_or_else(|| {
        let message = "all rows have the same prompt, so none can be held back: use 0";
        ApiError::invalid("validation_share", message)
    })?;
    let hash = survey.content_hash(arc);
    let list: RowListId = app.context.id();
    let record = VersionRecord {
        version: DatasetVersion {
            id: app.context.id(),
            dataset_id,
            number: dataset.dataset.latest_version.unwrap_or_default() + 1,
            parent: dataset.dataset.latest_version,
            note: request.note.trim().to_owned(),
            content_hash: hex::encode(hash),
            validation_share: request.validation_share,
            seed: request.seed,
            counts: survey.count(arc),
            created_by: Some(access.user_id()),
            created_at: app.context.now(),
        },
        list,
        split_start: arc.start,
        split_length: arc.length,
    };
    freeze(app, access, &dataset, &record, &hash).await?;
    Ok(record.version)
}

async fn freeze(
    app: &App,
    access: &ProjectAccess,
    dataset: &DatasetRecord,
    record: &VersionRecord,
    hash: &[u8],
) -> ApiResult<()> {
    let version = &record.version;
    let mut change = Change::begin_in(app, access).await?;
    let state = row_lists::lock(change.tx(), dataset.draft, 0).await?;
    if state.revision != dataset.revision + 1 {
        let message = "the draft was changed while the version was cut: try again";
        return Err(ApiError::Conflict(message.to_owned()));
    }
    row_lists::freeze(change.tx(), dataset.draft, record.list).await?;
    dataset_versions::insert(change.tx(), record, hash).await?;
    datasets::set_cut_revision(change.tx(), version.dataset_id, state.revision).await?;
    let subject = format!("dataset {}", version.dataset_id);
    let detail = format!("{} version {}", dataset.dataset.name, version.number);
    change
        .commit("create_dataset_version", subject, &detail)
        .await
}
