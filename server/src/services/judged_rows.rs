//! Rows from judgements in a draft that has some of them already, perhaps with other votes.

use std::collections::HashMap;

use shared::{
    dataset::{DatasetRow, Row, RowContent, RowKind, RowSource, UpdateRow, Votes},
    ids::DatasetId,
    page::MAX_PAGE_SIZE,
};

use crate::{
    app::App,
    error::ApiResult,
    extract::ProjectAccess,
    formats::content,
    services::{
        dataset_rows::{RowQuery, list_draft_rows},
        draft_rows::update_row,
    },
};

/// Gives rows of a draft that say the same as new ones their votes, so that judging again doubles no
/// row, and answers the rows that are not there yet. Votes from elsewhere are left as they are.
pub async fn update_votes(
    app: &App,
    access: &ProjectAccess,
    dataset_id: DatasetId,
    rows: Vec<Row>,
) -> ApiResult<Vec<Row>> {
    if rows.iter().all(|row| votes_of(&row.content).is_none()) {
        return Ok(rows);
    }
    let mut missing: Vec<Option<Row>> = rows.into_iter().map(Some).collect();
    let mut votes: HashMap<[u8; 32], (usize, Option<Votes>)> = HashMap::new();
    for (place, row) in missing.iter().flatten().enumerate() {
        votes.insert(
            hash_of_texts(&row.content)?,
            (place, votes_of(&row.content)),
        );
    }
    let mut query = RowQuery {
        kind: Some(RowKind::Preference),
        limit: Some(MAX_PAGE_SIZE),
        ..RowQuery::default()
    };
    loop {
        let page = list_draft_rows(app, access, dataset_id, query.clone()).await?;
        for present in page.items {
            if let Some((place, votes)) = votes.get(&hash_of_texts(&present.row.content)?) {
                missing[*place] = None;
                set_votes(app, access, dataset_id, present, *votes).await?;
            }
        }
        let Some(next) = page.next else {
            return Ok(missing.into_iter().flatten().collect());
        };
        query.after = Some(next.parse().map_err(anyhow::Error::from)?);
    }
}

async fn set_votes(
    app: &App,
    access: &ProjectAccess,
    dataset_id: DatasetId,
    present: DatasetRow,
    wanted: Option<Votes>,
) -> ApiResult<()> {
    let DatasetRow {
        position,
        hash,
        mut row,
        ..
    } = present;
    let judged_here = row.provenance.source == RowSource::Judgement;
    if let RowContent::Preference { votes, .. } = &mut row.content
        && *votes != wanted
        && (judged_here || votes.is_none())
    {
        *votes = wanted;
        let request = UpdateRow {
            row,
            expected_hash: Some(hash),
        };
        update_row(app, access, dataset_id, position, request).await?;
    }
    Ok(())
}

const fn votes_of(content: &RowContent) -> Option<Votes> {
    match content {
        RowContent::Preference { votes, .. } => *votes,
        _ => None,
    }
}

/// The hash of a content without what is said of it beyond its order.
fn hash_of_texts(content: &RowContent) -> ApiResult<[u8; 32]> {
    let mut content = content.clone();
    if let RowContent::Preference { votes, margin, .. } = &mut content {
        (*votes, *margin) = (None, None);
    }
    let stored = content::to_stored(&content).map_err(anyhow::Error::msg)?;
    Ok(stored.hash)
}
