//! The job that reads an uploaded file into a dataset's draft.
//!
//! A thread cuts the file into batches while the batch before is written. Each batch is one
//! transaction that holds its rows, its rejections and the place in the file behind it, so that
//! after a crash the job goes on there: no record is lost or doubled. A cancelled import takes its
//! rows back.

use std::{io, path::Path, time::Duration};

use futures::{FutureExt, future::BoxFuture};
use shared::dataset::{FileFormat, Import, Rejection};
use store::{
    import_rejections,
    imports::{self, FilePlace, ImportRecord, Outcome},
    jobs::JobRecord,
    uploads,
};
use tokio::{sync::mpsc, time::Instant};

use super::{JobControl, JobError, JobHandler, JobResult, task_of};
use crate::{
    app::App,
    formats::{Fields, Record, excerpt, file::RecordReader, mapping::Mapper},
    services::{
        imports::{ImportPayload, remove_rows},
        row_batches::{self, BATCH_ROWS, Placement, PreparedRow},
        uploads::{path_of, remove, source_of},
    },
};

/// A batch has no more text than this, but for its last record.
const BATCH_BYTES: i64 = 1 << 20;

/// How often the progress is noted.
const PROGRESS_INTERVAL: Duration = Duration::from_millis(500);

/// Imports files.
#[derive(Clone, Copy, Debug, Default)]
pub struct ImportJob;

/// What is written in one transaction.
#[derive(Debug)]
struct Batch {
    rows: Vec<PreparedRow>,
    rejections: Vec<Rejection>,
    /// The place behind its last record.
    next: FilePlace,
}

impl JobHandler for ImportJob {
    fn run<'job>(
        &'job self,
        app: &'job App,
        job: &'job JobRecord,
        control: &'job JobControl,
    ) -> BoxFuture<'job, JobResult> {
        async move {
            let payload: ImportPayload = task_of(job)?;
            let mut tx = app.store.read().await?;
            let found = imports::get(&mut tx, payload.dataset_id, payload.import_id).await?;
            let record = found.ok_or_else(|| JobError::Failed("the dataset is gone".to_owned()))?;
            let upload = uploads::get(&mut tx, record.project_id, record.upload_id).await?;
            drop(tx);
            // Without its file, an import had ended and only could not say so any more.
            if upload.is_some() {
                let result = import(app, &record, control).await;
                if matches!(result, Err(JobError::Cancelled)) {
                    remove_rows(app, &record).await?;
                }
                result?;
                remove(app, record.upload_id).await?;
            }
            summary(app, payload).await
        }
        .boxed()
    }
}

async fn summary(app: &App, payload: ImportPayload) -> JobResult {
    let mut tx = app.store.read().await?;
    let record = imports::get(&mut tx, payload.dataset_id, payload.import_id).await?;
    Ok(record.map_or_else(String::new, |record| {
        let Import {
            imported,
            duplicates,
            rejected,
            ..
        } = record.import;
        format!("{imported} rows imported, {duplicates} duplicates seen, {rejected} rejected")
    }))
}

async fn import(app: &App, record: &ImportRecord, control: &JobControl) -> Result<(), JobError> {
    let (sender, mut batches) = mpsc::channel(2);
    let reader = Reader::new(record);
    let path = path_of(app, record.upload_id);
    let reading = tokio::task::spawn_blocking(move || reader.read_all(&path, &sender));
    let mut place = record.next;
    let mut noted = Instant::now();
    while let Some(batch) = batches.recv().await {
        control.check()?;
        let next = batch.next;
        write(app, record, place, batch).await?;
        place = next;
        if noted.elapsed() > PROGRESS_INTERVAL {
            noted = Instant::now();
            let share = place.byte as f64 / record.import.size_bytes.max(1) as f64;
            let message = format!("line {}", place.line);
            control
                .progress(app, Some(share.min(1.0)), &message)
                .await?;
        }
    }
    let failed = |error: &dyn std::fmt::Display| {
        let message = format!(
            "the file cannot be read behind line {}: {error}; the rows before are in the draft",
            place.line
        );
        JobError::Failed(message)
    };
    match reading.await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(error)) => Err(failed(&error)),
        Err(panic) => Err(failed(&panic)),
    }
}

/// Writes a batch, unless another runner has gone on from `place` already.
async fn write(
    app: &App,
    record: &ImportRecord,
    place: FilePlace,
    batch: Batch,
) -> Result<(), JobError> {
    let placement = Placement {
        draft: record.draft,
        import_id: Some(record.import.id),
        skip_duplicates: record.skip_duplicates,
    };
    let mut tx = app.store.write().await?;
    let placed = row_batches::append(app, &mut tx, placement, batch.rows).await?;
    import_rejections::insert(&mut tx, record.import.id, &batch.rejections).await?;
    let outcome = Outcome {
        rejected: row_batches::count(batch.rejections.len()),
        ..placed
    };
    if !imports::advance(&mut tx, record.import.id, place, batch.next, outcome).await? {
        return Err(JobError::LeaseLost);
    }
    Ok(tx.commit().await?)
}

/// Reads the file on a thread of its own.
struct Reader {
    format: FileFormat,
    file_name: String,
    place: FilePlace,
    mapper: Mapper,
}

impl Reader {
    fn new(record: &ImportRecord) -> Self {
        Self {
            format: record.import.format,
            file_name: record.import.file_name.clone(),
            place: record.next,
            mapper: Mapper::new(record.import.mapping.clone(), record.default_coverage),
        }
    }

    /// Sends the file's records in batches, until its end or until nobody listens any more.
    fn read_all(self, path: &Path, sender: &mpsc::Sender<Batch>) -> io::Result<()> {
        let mut records = RecordReader::open(path, self.format, self.place)?;
        let mut batch = Batch::at(self.place);
        let mut begin = self.place.byte;
        loop {
            let record = match records.read() {
                Ok(Some(record)) => record,
                end => {
                    if !batch.is_empty() {
                        drop(sender.blocking_send(batch));
                    }
                    return end.map(drop);
                }
            };
            batch.next = record.next;
            self.add(&mut batch, record);
            if batch.len() == BATCH_ROWS || batch.next.byte - begin > BATCH_BYTES {
                begin = batch.next.byte;
                let next = Batch::at(batch.next);
                if sender
                    .blocking_send(std::mem::replace(&mut batch, next))
                    .is_err()
                {
                    return Ok(());
                }
            }
        }
    }

    fn add(&self, batch: &mut Batch, record: Record) {
        let place = record.place;
        let rejection = |reason, excerpt| Rejection {
            record: place.record,
            line: place.line,
            reason,
            excerpt,
        };
        match record.fields {
            Err(unreadable) => {
                batch
                    .rejections
                    .push(rejection(unreadable.reason, unreadable.excerpt));
            }
            Ok(fields) => match self.prepare(&fields, place.line) {
                Ok(row) => batch.rows.push(row),
                Err(why) => {
                    let text = serde_json::Value::Object(fields).to_string();
                    batch.rejections.push(rejection(why, excerpt(&text)));
                }
            },
        }
    }

    fn prepare(&self, fields: &Fields, line: i64) -> Result<PreparedRow, String> {
        row_batches::prepare(self.mapper.map(fields, source_of(&self.file_name, line))?)
    }
}

impl Batch {
    const fn at(next: FilePlace) -> Self {
        Self {
            rows: Vec::new(),
            rejections: Vec::new(),
            next,
        }
    }

    const fn len(&self) -> usize {
        self.rows.len() + self.rejections.len()
    }

    const fn is_empty(&self) -> bool {
        self.len() == 0
    }
}
