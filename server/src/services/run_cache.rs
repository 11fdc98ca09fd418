//! What the preflight keeps between two requests: tokenizers, and the shapes of rows.
//!
//! The page asks while its form is edited. The longest length can change without tokenizing again,
//! because shapes are kept and not counts.

use std::{path::Path, sync::Arc};

use shared::{
    dataset::{RowContent, Split, Votes},
    ids::{DatasetVersionId, ModelVersionId},
    model::ModelVersion,
    training::Method,
};
use trainer::{
    data::{Encoder, RowShape, count_tokens, read_rows},
    model::{Outline, outline},
    session::Part,
};

use super::{kept::Kept, models::files_of, row_files, run_setup::RunSetup};
use crate::{app::App, error::ApiResult};
use store::dataset_versions::VersionRecord;
pub use trainer::data::TokenTotals;

/// Base models whose tokenizers are kept.
const OUTLINES: usize = 4;

/// Sides of versions whose shapes are kept.
const SHAPES: usize = 16;

/// What decides the shapes of rows.
#[derive(Clone, Debug, PartialEq, Eq)]
struct ShapeKey {
    version: DatasetVersionId,
    split: Option<Split>,
    base: ModelVersionId,
    system_prompt: Option<String>,
    method: Method,
    /// Whether rows are taken that are only mixed in.
    is_general: bool,
}

/// What is kept.
#[derive(Debug)]
pub struct RunCache {
    outlines: Kept<ModelVersionId, Outline>,
    shapes: Kept<ShapeKey, Shapes>,
}

/// The rows of one side, as they are kept.
#[derive(Debug)]
struct Shapes {
    rows: Vec<Option<RowShape>>,
    hidden_tools: usize,
    split_votes: usize,
}

impl Default for RunCache {
    fn default() -> Self {
        Self {
            outlines: Kept::new(OUTLINES),
            shapes: Kept::new(SHAPES),
        }
    }
}

/// A whole model without its weights, or why it cannot be used.
pub async fn outline_of(app: &App, base: &ModelVersion) -> Result<Arc<Outline>, Arc<str>> {
    let path = files_of(app, base);
    let read = move || outline(&path).map_err(|error| error.to_string());
    app.run_cache.outlines.get(base.id, read).await
}

/// What the rows of one side of a version come to as one part of a run, or why they cannot be rendered.
pub async fn totals_of(
    app: &App,
    setup: &RunSetup,
    outline: &Arc<Outline>,
    (record, split): (&VersionRecord, Option<Split>),
    part: Part,
) -> ApiResult<Result<TokenTotals, Arc<str>>> {
    let path = row_files::file_of(app, record, split).await?;
    let key = ShapeKey {
        version: record.version.id,
        split,
        base: setup.base.id,
        system_prompt: setup.system_prompt.clone(),
        method: setup.request.config.method,
        is_general: part == Part::General,
    };
    let (prompt, method) = (key.system_prompt.clone(), key.method);
    let outline = outline.clone();
    let count = move || shapes(&path, &outline, prompt.as_deref(), (method, part));
    let shapes = app.run_cache.shapes.get(key, count).await;
    let config = &setup.request.config;
    let packing = part.is_packed(config);
    Ok(shapes.map(|shapes| TokenTotals {
        hidden_tools: shapes.hidden_tools,
        split_votes: shapes.split_votes,
        ..count_tokens(&shapes.rows, config.data.max_length, packing)
    }))
}

fn has_split_votes(content: &RowContent) -> bool {
    match content {
        RowContent::Preference { votes, .. } => votes.is_some_and(Votes::are_split),
        _ => false,
    }
}

fn shapes(
    path: &Path,
    outline: &Outline,
    system_prompt: Option<&str>,
    (method, part): (Method, Part),
) -> Result<Shapes, String> {
    let rows = read_rows(path).map_err(|error| error.to_string())?;
    let encoder = Encoder::from_parts(
        &outline.tokenizer,
        &outline.template,
        system_prompt,
        usize::MAX,
    );
    let is_taken = |kind| part.takes(method.lesson(), kind);
    let shapes = encoder
        .shapes(method, &rows, is_taken)
        .map_err(|(row, error)| format!("row {} cannot be rendered: {error}", row + 1))?;
    let taken = rows.iter().filter(|row| is_taken(row.content.kind()));
    let hidden: Result<Vec<bool>, _> = taken.clone().map(|row| encoder.hides_tools(row)).collect();
    let hidden = hidden.map_err(|error| error.to_string())?;
    Ok(Shapes {
        rows: shapes,
        hidden_tools: hidden.into_iter().filter(|hides| *hides).count(),
        split_votes: taken.filter(|row| has_split_votes(&row.content)).count(),
    })
}
