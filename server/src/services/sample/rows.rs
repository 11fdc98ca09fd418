//! The rows and pairs of the sample project: datasets with a version each, and a queue to judge.

use anyhow::Context as _;
use serde::Deserialize;
use shared::{
    coverage::Coverage,
    dataset::{CreateDataset, CreateDatasetVersion, Provenance, Row, RowContent, RowSource},
    message::Message,
    queue::{AddPairs, CreateQueue, NewPair},
};

use super::parse;
use crate::{
    app::App,
    error::ApiResult,
    extract::ProjectAccess,
    services::{dataset_builds, dataset_versions, datasets, queues},
};

/// The name of the queue.
const QUEUE: &str = "Which plan is better?";

/// A dataset of the sample.
struct Source {
    name: &'static str,
    description: &'static str,
    lines: &'static str,
    validation_share: f64,
}

const SOURCES: [Source; 3] = [
    Source {
        name: "Support desk intake",
        description: "Messages of customers and their action plans, to train on.",
        lines: sample_file!("train.jsonl"),
        validation_share: 0.1,
    },
    Source {
        name: "General instructions",
        description: "Answers to general questions, to mix in against forgetting.",
        lines: sample_file!("general_mix.jsonl"),
        validation_share: 0.0,
    },
    Source {
        name: "Held-out pairs",
        description: "Pairs that are never trained on: all of them measure how often a tuned model \
                      prefers the better plan.",
        lines: sample_file!("pairs_heldout.jsonl"),
        validation_share: 0.0,
    },
];

/// A line of one of the files.
#[derive(Deserialize)]
struct Line {
    prompt: String,
    completion: Option<String>,
    chosen: Option<String>,
    rejected: Option<String>,
    #[serde(default)]
    coverage: Option<Coverage>,
    #[serde(default)]
    clauses: Vec<String>,
    #[serde(default)]
    tags: Vec<String>,
}

impl Line {
    fn into_row(self, number: usize) -> anyhow::Result<Row> {
        let prompt = vec![Message::user(self.prompt)];
        let answer = |text| vec![Message::assistant(text)];
        let content = match (self.completion, self.chosen, self.rejected) {
            (Some(completion), None, None) => RowContent::Completion {
                prompt,
                completion: answer(completion),
            },
            (None, Some(chosen), Some(rejected)) => RowContent::Preference {
                prompt,
                chosen: answer(chosen),
                rejected: answer(rejected),
                votes: None,
                margin: None,
            },
            _ => anyhow::bail!("line {number} of the sample project's rows is damaged"),
        };
        Ok(Row {
            content,
            coverage: self.coverage.unwrap_or(Coverage::Typical),
            tags: self.tags,
            clauses: self.clauses,
            provenance: Provenance {
                source: RowSource::Written,
                detail: format!("sample project, line {number}"),
            },
            data: serde_json::Map::new(),
        })
    }
}

fn lines(text: &str) -> anyhow::Result<Vec<Line>> {
    text.lines().map(|line| parse("a row", line)).collect()
}

/// Makes the datasets that are not there yet, each with its first version.
pub(super) async fn load_datasets(app: &App, access: &ProjectAccess) -> ApiResult<()> {
    let known = datasets::list_datasets(app, access).await?;
    for source in SOURCES {
        let existing = known.iter().find(|dataset| dataset.name == source.name);
        if existing.is_some_and(|dataset| dataset.latest_version.is_some()) {
            continue;
        }
        let id = if let Some(dataset) = existing {
            dataset.id
        } else {
            let request = CreateDataset {
                name: source.name.to_owned(),
                description: source.description.to_owned(),
            };
            datasets::create_dataset(app, access, request).await?.id
        };
        // Rows that an interrupted loading left are not added a second time.
        if existing.is_none_or(|dataset| dataset.draft_row_count == 0) {
            let rows = lines(source.lines)?.into_iter().zip(1..);
            let rows = rows
                .map(|(line, number)| line.into_row(number))
                .collect::<anyhow::Result<Vec<Row>>>()?;
            dataset_builds::append_rows(app, access, id, rows).await?;
        }
        let version = CreateDatasetVersion {
            note: "As it comes with the sample project".to_owned(),
            validation_share: source.validation_share,
            seed: 0,
        };
        dataset_versions::create_version(app, access, id, version).await?;
    }
    Ok(())
}

/// Makes the queue with its pairs, unless it is there.
pub(super) async fn load_queue(app: &App, access: &ProjectAccess) -> ApiResult<()> {
    let known = queues::list_queues(app, access).await?;
    let existing = known.into_iter().find(|queue| queue.name == QUEUE);
    let queue = if let Some(queue) = existing {
        queue
    } else {
        let request = CreateQueue {
            name: QUEUE.to_owned(),
            spec_version: None,
            overlap: 1,
            reservation_minutes: 30,
        };
        queues::create_queue(app, access, request).await?
    };
    if queue.progress.pairs > 0 {
        return Ok(());
    }
    let pairs = lines(sample_file!("pairs_queue.jsonl"))?
        .into_iter()
        .zip(0..);
    let pairs = pairs
        .map(|(line, index)| new_pair(line, index))
        .collect::<anyhow::Result<Vec<NewPair>>>()?;
    queues::add_pairs(app, access, queue.id, AddPairs { pairs }).await?;
    Ok(())
}

/// The better plan is side A of every second pair.
fn new_pair(line: Line, index: usize) -> anyhow::Result<NewPair> {
    let chosen = line
        .chosen
        .context("a pair of the sample project has no better plan")?;
    let rejected = line
        .rejected
        .context("a pair of the sample project has no worse plan")?;
    let (better, worse) = ("written to be better", "written to be worse");
    let mut sides = [(chosen, better), (rejected, worse)];
    sides.rotate_left(index % 2);
    let [(response_a, source_a), (response_b, source_b)] = sides;
    Ok(NewPair {
        messages: vec![Message::user(line.prompt)],
        response_a,
        response_b,
        source_a: source_a.to_owned(),
        source_b: source_b.to_owned(),
    })
}
