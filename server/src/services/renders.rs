//! Rows as the model will see them, token by token.

use futures::TryStreamExt;
use shared::{
    dataset::{ExportFormat, Split},
    run::{RenderRows, RenderedRow, RenderedText, RenderedToken},
    training::Method,
};
use trainer::{
    data::{Encoder, Row, preview},
    error::TrainerError,
    model::Outline,
};

use crate::{
    app::App,
    error::{ApiError, ApiResult},
    extract::ProjectAccess,
    formats::export,
    services::{
        dataset_rows::stream_rows,
        row_batches::count,
        run_cache::outline_of,
        run_setup::{RunSetup, resolve},
    },
};

/// The most rows of one answer.
const MOST_ROWS: i64 = 20;

/// The most pieces that are shown of one long text.
const MOST_PIECES: usize = 4;

/// Renders rows that a run would learn from. Rows that its method does not learn from have no
/// texts.
pub async fn render_rows(
    app: &App,
    access: &ProjectAccess,
    request: RenderRows,
) -> ApiResult<Vec<RenderedRow>> {
    if !(1..=MOST_ROWS).contains(&request.count) {
        let message = format!("must be from 1 to {MOST_ROWS}");
        return Err(ApiError::invalid("count", message));
    }
    let skip = usize::try_from(request.skip)
        .map_err(|_| ApiError::invalid("skip", "must be 0 or more"))?;
    let setup = resolve(app, access.project_id(), request.run).await?;
    let outline = outline_of(app, &setup.base)
        .await
        .map_err(|reason| ApiError::invalid("run.base_id", reason.to_string()))?;
    let rows = some_rows(app, &setup, skip, request.count).await?;
    let render = move || {
        let rendered = rows
            .iter()
            .map(|(position, row)| render(&outline, &setup, *position, row));
        rendered.collect::<Result<Vec<_>, TrainerError>>()
    };
    tokio::task::spawn_blocking(render)
        .await
        .map_err(anyhow::Error::from)?
        .map_err(|error| ApiError::invalid("run.base_id", error.to_string()))
}

/// Rows to learn from, each with its position in the version.
async fn some_rows(
    app: &App,
    setup: &RunSetup,
    mut skip: usize,
    most: i64,
) -> ApiResult<Vec<(i64, Row)>> {
    let mut stream = std::pin::pin!(stream_rows(app.clone(), &setup.dataset, Some(Split::Train)));
    let mut rows = Vec::new();
    while let Some(row) = stream.try_next().await? {
        if skip > 0 {
            skip -= 1;
            continue;
        }
        let fields = export::write(&row.row, ExportFormat::Native).map_err(anyhow::Error::msg)?;
        let text = serde_json::Value::Object(fields).to_string();
        // Read as the run will read it, with its tools; what no method learns from stays empty.
        let parsed = Row::parse(rows.len() + 1, &text).unwrap_or(Row {
            line: 0,
            content: row.row.content.clone(),
            tools: None,
        });
        let content = row.row.content;
        rows.push((row.position, Row { content, ..parsed }));
        if count(rows.len()) == most {
            break;
        }
    }
    Ok(rows)
}

fn render(
    outline: &Outline,
    setup: &RunSetup,
    position: i64,
    row: &Row,
) -> Result<RenderedRow, TrainerError> {
    let config = &setup.request.config;
    let max_length = config.data.max_length;
    let system_prompt = setup.system_prompt.as_deref();
    let encoder = Encoder::from_parts(
        &outline.tokenizer,
        &outline.template,
        system_prompt,
        max_length,
    );
    let method: Method = config.method;
    let sequences = encoder.sequences(method, row)?.unwrap_or_default();
    let mut further_pieces = 0;
    let mut shown = Vec::new();
    for sequence in sequences {
        let whole = sequence.tokens.len();
        let mut pieces = sequence.fitted(&row.content, max_length);
        further_pieces += pieces.len().saturating_sub(MOST_PIECES);
        let kept: usize = pieces.iter().map(|piece| piece.tokens.len()).sum();
        pieces.truncate(MOST_PIECES);
        shown.extend(pieces.into_iter().map(|piece| (whole - kept, piece)));
    }
    let texts = shown.into_iter().map(|(truncated, sequence)| {
        let tokens = preview(&outline.tokenizer, &sequence)?;
        Ok(RenderedText {
            truncated: count(truncated),
            tokens: tokens
                .into_iter()
                .map(|token| RenderedToken {
                    text: token.text,
                    learned: token.in_loss,
                })
                .collect(),
        })
    });
    Ok(RenderedRow {
        position,
        texts: texts.collect::<Result<_, TrainerError>>()?,
        further_pieces: count(further_pieces),
    })
}
