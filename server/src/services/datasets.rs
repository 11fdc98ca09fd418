//! Datasets of a project.

use shared::{
    dataset::{CreateDataset, Dataset, UpdateDataset},
    ids::DatasetId,
};
use store::{
    StoreError,
    datasets::{self, DatasetRecord, NewDataset},
    row_lists::{self, RowListId},
};

use crate::{
    app::App,
    error::{ApiError, ApiResult},
    extract::ProjectAccess,
    services::change::Change,
};

/// The datasets of a project, by name.
pub async fn list_datasets(app: &App, access: &ProjectAccess) -> ApiResult<Vec<Dataset>> {
    let mut tx = app.store.read().await?;
    Ok(datasets::list_of_project(&mut tx, access.project_id()).await?)
}

/// A dataset of the project with its draft.
pub async fn find(app: &App, access: &ProjectAccess, id: DatasetId) -> ApiResult<DatasetRecord> {
    let mut tx = app.store.read().await?;
    let dataset = datasets::get(&mut tx, access.project_id(), id).await?;
    dataset.ok_or(ApiError::NotFound("dataset"))
}

/// One dataset.
pub async fn get_dataset(app: &App, access: &ProjectAccess, id: DatasetId) -> ApiResult<Dataset> {
    find(app, access, id).await.map(|record| record.dataset)
}

/// Makes an empty dataset.
pub async fn create_dataset(
    app: &App,
    access: &ProjectAccess,
    request: CreateDataset,
) -> ApiResult<Dataset> {
    let name = valid_name(&request.name)?;
    let draft: RowListId = app.context.id();
    let dataset = NewDataset {
        id: app.context.id(),
        project_id: access.project_id(),
        name,
        description: request.description.trim(),
        draft,
        created_at: app.context.now(),
    };
    let mut change = Change::begin_in(app, access).await?;
    row_lists::insert(change.tx(), draft).await?;
    datasets::insert(change.tx(), dataset)
        .await
        .map_err(taken)?;
    change
        .commit("create_dataset", format!("dataset {}", dataset.id), name)
        .await?;
    get_dataset(app, access, dataset.id).await
}

/// Changes a dataset's name and description.
pub async fn update_dataset(
    app: &App,
    access: &ProjectAccess,
    id: DatasetId,
    request: UpdateDataset,
) -> ApiResult<Dataset> {
    let mut dataset = get_dataset(app, access, id).await?;
    if let Some(name) = &request.name {
        valid_name(name)?.clone_into(&mut dataset.name);
    }
    if let Some(description) = &request.description {
        description.trim().clone_into(&mut dataset.description);
    }
    let mut change = Change::begin_in(app, access).await?;
    datasets::update(change.tx(), id, &dataset.name, &dataset.description)
        .await
        .map_err(taken)?;
    change
        .commit("update_dataset", format!("dataset {id}"), &dataset.name)
        .await?;
    Ok(dataset)
}

fn valid_name(name: &str) -> ApiResult<&str> {
    let name = name.trim();
    if name.is_empty() || name.chars().count() > 100 {
        return Err(ApiError::invalid("name", "must have 1 to 100 characters"));
    }
    Ok(name)
}

fn taken(error: StoreError) -> ApiError {
    match error {
        StoreError::Conflict(_) => {
            ApiError::Conflict("the project has a dataset of that name already".to_owned())
        }
        other => other.into(),
    }
}
