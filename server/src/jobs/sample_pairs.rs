//! The job that asks two models, or one model twice, the prompts of a dataset version, and adds the
//! pairs of responses to a queue.
//!
//! A batch's pairs and the place behind them in the rows are one short transaction, so that after a
//! crash the job goes on there: no pair is lost or doubled. What a cancelled job has added stays.

use std::pin::pin;

use futures::{FutureExt, StreamExt, TryStreamExt, future::BoxFuture};
use shared::{
    dataset::{DatasetRow, RowContent},
    evaluation::Decoding,
    ids::{ModelVersionId, ProjectId, PromptVersionId},
    message::{Message, Speaker},
    queue::NewPair,
};
use store::{
    Tx,
    jobs::{self, JobRecord},
    queues,
};

use super::{JobControl, JobError, JobHandler, JobResult, task_of};
use crate::{
    app::App,
    error::{ApiError, ApiResult},
    inference::{
        Asking, InferenceError, Leash, ModelFiles, ModelInUse, Question, answer_together, on_thread,
    },
    services::{
        asking,
        dataset_rows::read_version,
        pair_sampling::{SamplingPayload, SamplingPlace},
        queues::insert_pairs,
        row_batches::count,
    },
};

/// Rows that are asked and written at once.
const ROWS_AT_ONCE: usize = 8;

/// Samples pairs.
#[derive(Clone, Copy, Debug, Default)]
pub struct SamplePairsJob;

impl JobHandler for SamplePairsJob {
    fn run<'job>(
        &'job self,
        app: &'job App,
        job: &'job JobRecord,
        control: &'job JobControl,
    ) -> BoxFuture<'job, JobResult> {
        async move {
            let payload: SamplingPayload = task_of(job)?;
            let task = Task::read(app, job.job.project_id, payload).await;
            let mut task = task.map_err(|error| JobError::Failed(error.to_string()))?;
            task.sample(app, control).await?;
            Ok(message(task.payload.place))
        }
        .boxed()
    }
}

fn message(place: SamplingPlace) -> String {
    let SamplingPlace {
        added,
        equal,
        without_prompt,
        ..
    } = place;
    let mut parts = vec![format!("{added} pairs added")];
    if equal > 0 {
        parts.push(format!(
            "{equal} left out because both responses were the same"
        ));
    }
    if without_prompt > 0 {
        parts.push(format!(
            "{without_prompt} rows passed over because they ask nothing"
        ));
    }
    parts.join(", ")
}

/// One side of the pairs.
#[derive(Clone, Debug)]
struct Side {
    files: ModelFiles,
    system: Option<String>,
    /// Where its responses come from, for engineers.
    source: String,
    /// Keeps the samples of the sides apart.
    number: u64,
}

/// Everything that sampling needs from the database.
struct Task {
    project_id: ProjectId,
    payload: SamplingPayload,
    sides: [Side; 2],
    /// Rows that will be asked or passed over.
    total: i64,
}

/// Prompts on their way to the models, which take them to a thread.
struct Batch {
    models: [ModelInUse; 2],
    sides: [Side; 2],
    decoding: Decoding,
    /// Each with its position in the version.
    prompts: Vec<(i64, Vec<Message>)>,
}

impl Task {
    async fn read(app: &App, project_id: ProjectId, payload: SamplingPayload) -> ApiResult<Self> {
        let request = &payload.request;
        let mut tx = app.store.read().await?;
        let queue = queues::get(&mut tx, project_id, payload.queue_id).await?;
        queue.ok_or(ApiError::NotFound("queue any more"))?;
        let record =
            store::dataset_versions::get(&mut tx, project_id, request.dataset_version_id).await?;
        let record = record.ok_or(ApiError::NotFound("dataset version any more"))?;
        let (a, b) = (
            (request.model_a, request.prompt_a),
            (request.model_b, request.prompt_b),
        );
        let sides = [
            Side::read(app, &mut tx, project_id, a, 0).await?,
            Side::read(app, &mut tx, project_id, b, 1).await?,
        ];
        Ok(Self {
            project_id,
            total: request.rows.min(record.version.counts.rows),
            sides,
            payload,
        })
    }

    async fn sample(&mut self, app: &App, control: &JobControl) -> Result<(), JobError> {
        control.progress(app, None, "loading the models").await?;
        let (loader, [a, b]) = (app.clone(), self.sides.clone());
        let open = move || {
            let a = loader.inference.open(&a.files)?;
            Ok([a, loader.inference.open(&b.files)?])
        };
        let models = on_thread(open).await?;
        let leash = Leash::follow(control.stopped());
        let version = self.payload.request.dataset_version_id;
        let rows = read_version(app, self.project_id, version, None).await;
        let rows = rows.map_err(|error| JobError::Failed(error.to_string()))?;
        let after = self.payload.place.after.unwrap_or(-1);
        let rows = rows.try_filter(|row| std::future::ready(row.position > after));
        let mut chunks = pin!(rows.chunks(ROWS_AT_ONCE));
        while self.payload.place.rows < self.total {
            control.check()?;
            let Some(chunk) = chunks.next().await else {
                break;
            };
            let mut chunk = chunk.into_iter().collect::<Result<Vec<_>, _>>()?;
            let left = usize::try_from(self.total - self.payload.place.rows).unwrap_or(0);
            chunk.truncate(left);
            let mut place = self.payload.place;
            place.after = chunk.last().map(|row| row.position).or(place.after);
            place.rows += count(chunk.len());
            let batch = self.batch(&models, chunk);
            let asked = batch.prompts.len();
            place.without_prompt += place.rows - self.payload.place.rows - count(asked);
            let interrupter = leash.interrupter();
            let pairs = on_thread(move || batch.answer(&interrupter)).await;
            // Whoever interrupted it says why.
            control.check()?;
            let pairs = pairs?;
            place.added += count(pairs.len());
            place.equal += count(asked - pairs.len());
            self.write(app, control, &pairs, place).await?;
        }
        Ok(())
    }

    fn batch(&self, models: &[ModelInUse; 2], rows: Vec<DatasetRow>) -> Batch {
        let prompts = rows.into_iter().filter_map(|row| {
            let prompt = prompt_of(row.row.content)?;
            Some((row.position, prompt))
        });
        Batch {
            models: models.clone(),
            sides: self.sides.clone(),
            decoding: self.payload.request.decoding,
            prompts: prompts.collect(),
        }
    }

    /// Writes a batch with the place behind it, if the job is still this runner's.
    async fn write(
        &mut self,
        app: &App,
        control: &JobControl,
        pairs: &[NewPair],
        place: SamplingPlace,
    ) -> Result<(), JobError> {
        let payload = SamplingPayload {
            place,
            ..self.payload.clone()
        };
        let text =
            serde_json::to_string(&payload).map_err(|error| JobError::Failed(error.to_string()))?;
        let share = place.rows as f64 / self.total.max(1) as f64;
        let message = format!("{} of {} rows asked", place.rows, self.total);
        let mut tx = app.store.write().await?;
        let held = jobs::set_progress(&mut tx, control.lease(), Some(share), &message).await?
            && jobs::set_payload(&mut tx, control.lease(), &text).await?;
        if !held {
            return Err(JobError::LeaseLost);
        }
        let queue = queues::get(&mut tx, self.project_id, payload.queue_id).await?;
        let queue = queue.ok_or_else(|| JobError::Failed("the queue is gone".to_owned()))?;
        insert_pairs(app, &mut tx, &queue, pairs).await?;
        tx.commit().await?;
        self.payload = payload;
        Ok(())
    }
}

impl Side {
    async fn read(
        app: &App,
        tx: &mut Tx,
        project_id: ProjectId,
        (model, prompt): (ModelVersionId, Option<PromptVersionId>),
        number: u64,
    ) -> ApiResult<Self> {
        let version = asking::find_model(tx, project_id, model, "model").await?;
        let files = asking::files_of(app, tx, project_id, &version).await?;
        let prompt = asking::find_prompt(tx, project_id, prompt, "prompt").await?;
        let with = prompt.as_ref().map_or_else(String::new, |(name, version)| {
            format!(" with {name} {}", version.number)
        });
        Ok(Self {
            source: format!("{}{with}, sample {}", files.name, number + 1),
            files,
            system: asking::system_of(prompt),
            number,
        })
    }
}

impl Batch {
    /// Asks both sides every prompt; leaves out pairs of equal responses. Blocks.
    fn answer(
        self,
        interrupter: &trainer::run::Interrupter,
    ) -> Result<Vec<NewPair>, InferenceError> {
        let questions = [0, 1].map(|side| self.questions(side));
        let asked = std::array::from_fn(|side| {
            let asking = Asking {
                system: self.sides[side].system.as_deref(),
                questions: &questions[side],
                decoding: self.decoding,
            };
            (&self.models[side], asking)
        });
        let [one, other] = answer_together(asked, interrupter)?;
        let responses = one.into_iter().zip(other);
        let [a, b] = &self.sides;
        let pairs = self.prompts.iter().zip(responses);
        let pairs = pairs.map(|((_, messages), (one, other))| NewPair {
            messages: messages.clone(),
            response_a: one.text,
            response_b: other.text,
            source_a: a.source.clone(),
            source_b: b.source.clone(),
        });
        Ok(pairs
            .filter(|pair| pair.response_a != pair.response_b)
            .collect())
    }

    /// The prompts as questions to one side, each with a seed of its own.
    fn questions(&self, side: usize) -> Vec<Question> {
        let of_side = self.sides[side].number;
        let prompts = self.prompts.iter();
        let questions = prompts.map(|(position, messages)| {
            let number = 2 * position.unsigned_abs() + of_side;
            Question::numbered(messages.clone(), self.decoding.seed, number)
        });
        questions.collect()
    }
}

/// What a row asks: of a conversation, its last turn of the model is asked again. Plain text asks
/// nothing.
fn prompt_of(content: RowContent) -> Option<Vec<Message>> {
    match content {
        RowContent::Completion { prompt, .. }
        | RowContent::Preference { prompt, .. }
        | RowContent::Unpaired { prompt, .. } => Some(prompt),
        RowContent::Conversation { mut messages } => {
            let is_answer = |message: &Message| message.role == Speaker::Assistant;
            messages.truncate(messages.iter().rposition(is_answer)?);
            (!messages.is_empty()).then_some(messages)
        }
        RowContent::Text { .. } => None,
    }
}
