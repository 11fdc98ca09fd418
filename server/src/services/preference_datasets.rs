//! What judgements are good for: rows of a preference dataset, and a file.

use std::collections::BTreeSet;

use bytes::Bytes;
use futures::{Stream, stream};
use serde_json::Map;
use shared::{
    coverage::Coverage,
    dataset::{CreateDataset, CreateDatasetVersion, Provenance, Row, RowContent, RowSource, Votes},
    ids::{DatasetId, PairId, QueueId},
    message::Message,
    queue::{
        Choice, Consensus, CreatePreferenceDataset, NewPair, PreferenceDataset, Queue, QueuePair,
        QueueResults, consensus,
    },
};
use store::{StoreError, Tx, datasets as stored_datasets, judgements, queue_pairs};

use super::dataset_exports::Export;
use crate::{
    app::App,
    error::{ApiError, ApiResult},
    extract::ProjectAccess,
    formats::content,
    services::{
        dataset_builds::append_new_rows,
        dataset_versions::{MAX_VALIDATION_SHARE, create_version},
        datasets,
        judged_rows::update_votes,
        queues,
    },
};

/// Pairs that are read at once.
const PAIRS_AT_ONCE: u32 = 200;

/// What the judgements of a queue come to.
#[derive(Debug, Default)]
struct Verdicts {
    results: QueueResults,
    rows: Vec<Row>,
    /// Pairs with a preferred side that are no row, because a response is empty.
    unusable: i64,
}

/// Makes a preference dataset version from the judgements of a queue. Pairs whose row the dataset
/// has already are not added again, so asking once more changes nothing but votes.
pub async fn create_preference_dataset(
    app: &App,
    access: &ProjectAccess,
    id: QueueId,
    request: CreatePreferenceDataset,
) -> ApiResult<PreferenceDataset> {
    if !(0.0..=MAX_VALIDATION_SHARE).contains(&request.validation_share) {
        let message = "must be from 0 to 0.5";
        return Err(ApiError::invalid("validation_share", message));
    }
    let mut tx = app.store.read().await?;
    let queue = queues::find(&mut tx, access, id).await?;
    let verdicts = verdicts(&mut tx, &queue).await?;
    drop(tx);
    if verdicts.rows.is_empty() {
        let message = "no pair of the queue has a preferred side yet: judge more of them first";
        return Err(ApiError::Conflict(message.to_owned()));
    }
    let dataset_id = dataset_of(app, access, &request.name, &queue).await?;
    let note = note(&queue, &verdicts);
    let missing = update_votes(app, access, dataset_id, verdicts.rows).await?;
    append_new_rows(app, access, dataset_id, missing).await?;
    let version = CreateDatasetVersion {
        note,
        validation_share: request.validation_share,
        seed: 0,
    };
    Ok(PreferenceDataset {
        version: create_version(app, access, dataset_id, version).await?,
        results: verdicts.results,
    })
}

/// The dataset with a name, made if there is none.
async fn dataset_of(
    app: &App,
    access: &ProjectAccess,
    name: &str,
    queue: &Queue,
) -> ApiResult<DatasetId> {
    let mut tx = app.store.read().await?;
    let known = stored_datasets::list_of_project(&mut tx, access.project_id()).await?;
    drop(tx);
    if let Some(dataset) = known.iter().find(|dataset| dataset.name == name.trim()) {
        return Ok(dataset.id);
    }
    let request = CreateDataset {
        name: name.to_owned(),
        description: format!("Preferences from the judgements of {}", queue.name),
    };
    Ok(datasets::create_dataset(app, access, request).await?.id)
}

fn note(queue: &Queue, verdicts: &Verdicts) -> String {
    let QueueResults {
        decided,
        ties,
        both_bad,
        splits,
        unfinished,
    } = verdicts.results;
    let unusable = match verdicts.unusable {
        0 => String::new(),
        count => format!(", and {count} with an empty response"),
    };
    format!(
        "From the judgements of {}: {decided} pairs; left out are {ties} ties, {both_bad} with two \
         bad sides, {splits} splits and {unfinished} unfinished{unusable}",
        queue.name
    )
}

/// Reads every pair with its judgements.
async fn verdicts(tx: &mut Tx, queue: &Queue) -> ApiResult<Verdicts> {
    let mut verdicts = Verdicts::default();
    let mut after = None;
    loop {
        let pairs = read(tx, queue, after).await?;
        let Some(last) = pairs.last() else {
            return Ok(verdicts);
        };
        after = Some(last.id);
        for pair in pairs {
            verdicts.add(pair, queue);
        }
    }
}

/// The pairs behind a pair, with their judgements.
async fn read(
    tx: &mut Tx,
    queue: &Queue,
    after: Option<PairId>,
) -> Result<Vec<QueuePair>, StoreError> {
    let stored = queue_pairs::list(tx, queue.id, false, after, PAIRS_AT_ONCE).await?;
    let mut pairs = Vec::with_capacity(stored.len());
    for pair in stored {
        let judgements = judgements::list_of_pair(tx, pair.id).await?;
        let choices: Vec<Choice> = judgements.iter().map(|made| made.choice).collect();
        pairs.push(QueuePair {
            id: pair.id,
            pair: pair.pair,
            flagged: pair.flagged,
            consensus: consensus(&choices, queue.overlap),
            judgements,
        });
    }
    Ok(pairs)
}

impl Verdicts {
    fn add(&mut self, pair: QueuePair, queue: &Queue) {
        let results = &mut self.results;
        let winner = match pair.consensus {
            Consensus::A => Choice::A,
            Consensus::B => Choice::B,
            Consensus::Tie => return results.ties += 1,
            Consensus::BothBad => return results.both_bad += 1,
            Consensus::Split => return results.splits += 1,
            Consensus::Unfinished => return results.unfinished += 1,
        };
        let row = row(pair, winner, queue);
        if content::check(&row.content).is_ok() {
            results.decided += 1;
            self.rows.push(row);
        } else {
            self.unusable += 1;
        }
    }
}

/// The row that a decided pair becomes. It exercises the clauses that were cited for its verdict.
fn row(pair: QueuePair, winner: Choice, queue: &Queue) -> Row {
    let votes = votes(&pair, winner);
    let agreeing = pair.judgements.iter().filter(|made| made.choice == winner);
    let clauses: BTreeSet<String> = agreeing.flat_map(|made| made.clauses.clone()).collect();
    let NewPair {
        messages,
        response_a,
        response_b,
        ..
    } = pair.pair;
    let (chosen, rejected) = if winner == Choice::A {
        (response_a, response_b)
    } else {
        (response_b, response_a)
    };
    Row {
        content: RowContent::Preference {
            prompt: messages,
            chosen: vec![Message::assistant(chosen)],
            rejected: vec![Message::assistant(rejected)],
            votes,
            margin: None,
        },
        coverage: Coverage::Typical,
        tags: Vec::new(),
        clauses: clauses.into_iter().collect(),
        provenance: Provenance {
            source: RowSource::Judgement,
            detail: format!("pair {} of {}", pair.id, queue.name),
        },
        data: Map::new(),
    }
}

/// How many annotators preferred which side of a decided pair; that one did so alone is what a row
/// without votes says. Whoever called it a tie, found both bad or skipped it voted for neither.
fn votes(pair: &QueuePair, winner: Choice) -> Option<Votes> {
    let loser = match winner {
        Choice::A => Choice::B,
        _ => Choice::A,
    };
    let of = |side| {
        let made = pair.judgements.iter();
        let count = made.filter(|made| made.choice == side).count();
        u32::try_from(count).unwrap_or(u32::MAX)
    };
    match (of(winner), of(loser)) {
        (1, 0) => None,
        (chosen, rejected) => Votes::new(chosen, rejected).ok(),
    }
}

/// Every judged pair of a queue with its judgements, as JSONL.
pub async fn export_judgements(
    app: &App,
    access: &ProjectAccess,
    id: QueueId,
) -> ApiResult<Export<impl Stream<Item = Result<Bytes, StoreError>> + Send + use<>>> {
    let mut tx = app.store.read().await?;
    let queue = queues::find(&mut tx, access, id).await?;
    drop(tx);
    let state = (app.clone(), queue, None::<PairId>);
    let lines = stream::try_unfold(state, |(app, queue, after)| async move {
        let mut tx = app.store.read().await?;
        let pairs = read(&mut tx, &queue, after).await?;
        drop(tx);
        let Some(last) = pairs.last().map(|pair| pair.id) else {
            return Ok(None);
        };
        let mut piece = Vec::new();
        for pair in pairs.iter().filter(|pair| !pair.judgements.is_empty()) {
            serde_json::to_writer(&mut piece, pair).map_err(StoreError::corrupt)?;
            piece.push(b'\n');
        }
        Ok(Some((Bytes::from(piece), (app, queue, Some(last)))))
    });
    Ok(Export {
        file_name: format!("judgements-{id}.jsonl"),
        lines,
    })
}
