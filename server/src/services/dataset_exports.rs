//! Versions as files that other tools, and the import, read.

use bytes::Bytes;
use futures::{Stream, StreamExt, TryStreamExt};
use shared::{
    dataset::{DatasetRow, ExportFormat, Split},
    ids::{DatasetId, DatasetVersionId, ProjectId},
};
use store::{StoreError, dataset_versions::VersionRecord};

use crate::{
    app::App,
    error::{ApiError, ApiResult},
    extract::ProjectAccess,
    formats::export::{can_hold, write},
    services::{
        dataset_rows::{read_version, stream_rows},
        dataset_versions::find_version,
        datasets,
    },
};

/// A file that is written while it is read.
#[derive(Debug)]
pub struct Export<S> {
    /// What it is called.
    pub file_name: String,
    /// Its bytes.
    pub lines: S,
}

/// Writes a version, or one side of its split, as JSONL.
///
/// Whether the format can hold every row is known before the first byte is sent.
pub async fn export_version(
    app: &App,
    access: &ProjectAccess,
    (dataset_id, number): (DatasetId, i64),
    format: ExportFormat,
    split: Option<Split>,
) -> ApiResult<Export<impl Stream<Item = Result<Bytes, StoreError>> + Send + use<>>> {
    let dataset = datasets::get_dataset(app, access, dataset_id).await?;
    let record = find_version(app, access, dataset_id, number).await?;
    refuse_what_does_not_fit(app, &record, format).await?;
    let side = split.map_or_else(String::new, |split| format!("-{split}"));
    let name: String = dataset
        .name
        .chars()
        .map(|c| {
            if c.is_ascii_alphanumeric() {
                c.to_ascii_lowercase()
            } else {
                '-'
            }
        })
        .collect();
    let rows = stream_rows(app.clone(), &record, split);
    Ok(Export {
        file_name: format!("{name}-v{number}{side}-{format}.jsonl"),
        lines: write_lines(rows, format),
    })
}

/// The rows of a version, or of one side of its split, as the JSONL that the trainer reads.
pub async fn training_lines(
    app: &App,
    project_id: ProjectId,
    id: DatasetVersionId,
    split: Option<Split>,
) -> ApiResult<impl Stream<Item = Result<Bytes, StoreError>> + Send + use<>> {
    let rows = read_version(app, project_id, id, split).await?;
    Ok(write_lines(rows, ExportFormat::Native))
}

/// Rows are joined to pieces of some size: a piece a row would cost more than the row.
fn write_lines(
    rows: impl Stream<Item = Result<DatasetRow, StoreError>> + Send,
    format: ExportFormat,
) -> impl Stream<Item = Result<Bytes, StoreError>> + Send {
    const ROWS_OF_A_PIECE: usize = 200;
    rows.chunks(ROWS_OF_A_PIECE).map(move |chunk| {
        let mut piece = Vec::new();
        for row in chunk {
            let fields = write(&row?.row, format).map_err(StoreError::corrupt)?;
            serde_json::to_writer(&mut piece, &fields).map_err(StoreError::corrupt)?;
            piece.push(b'\n');
        }
        Ok(Bytes::from(piece))
    })
}

/// Looks at the kinds first, and at every row only where the kind does not decide.
async fn refuse_what_does_not_fit(
    app: &App,
    record: &VersionRecord,
    format: ExportFormat,
) -> ApiResult<()> {
    let mut look = false;
    for count in &record.version.counts.by_kind {
        match can_hold(format, count.kind) {
            Some(true) => {}
            None => look = true,
            Some(false) => {
                let message = format!(
                    "cannot hold the {} rows of kind {}: use native, or another format",
                    count.rows, count.kind
                );
                return Err(ApiError::invalid("format", message));
            }
        }
    }
    if !look {
        return Ok(());
    }
    let mut rows = std::pin::pin!(stream_rows(app.clone(), record, None));
    while let Some(row) = rows.try_next().await? {
        if let Err(why) = write(&row.row, format) {
            let message = format!("cannot hold the row at position {}: {why}", row.position);
            return Err(ApiError::invalid("format", message));
        }
    }
    Ok(())
}
