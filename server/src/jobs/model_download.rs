//! The job that downloads a base model from the hub and registers it.
//!
//! What came before an interruption stays in the cache, and the next attempt goes on from there.

use std::time::{Duration, Instant};

use futures::{FutureExt, future::BoxFuture};
use hub::{Fetch, Fetched, Hub, Progress};
use shared::model::ModelKind;
use store::jobs::JobRecord;
use tokio::sync::watch;

use super::{JobControl, JobError, JobHandler, JobResult, register, registered, task_of};
use crate::{
    app::App,
    services::{
        model_downloads::{ModelDownloadTask, TrainerReader, cache},
        models::{self, Contents, NewBase, models_folder},
    },
};

/// How often the progress is told.
const PERIOD: Duration = Duration::from_secs(1);

/// How long bytes are counted before the time that is left is told.
const WARM_UP: Duration = Duration::from_secs(3);

/// Downloads base models.
#[derive(Clone, Copy, Debug, Default)]
pub struct ModelDownloadJob;

impl JobHandler for ModelDownloadJob {
    fn run<'job>(
        &'job self,
        app: &'job App,
        job: &'job JobRecord,
        control: &'job JobControl,
    ) -> BoxFuture<'job, JobResult> {
        async move {
            let task: ModelDownloadTask = task_of(job)?;
            // The server may have been started anew with downloads forbidden.
            let hub = app.hub.as_ref();
            let hub = hub.map_err(|refusal| JobError::Failed(refusal.clone()))?;
            let fetched = download(app, hub, &task, control).await?;
            control.progress(app, Some(1.0), "loading it once").await?;
            let contents = models::inspect(fetched.path.clone()).await;
            let contents = contents.map_err(JobError::Failed)?;
            let base = base(app, &task, fetched, contents)?;
            let version = register(app, job, control, task.requested_by, base).await?;
            Ok(registered(&version))
        }
        .boxed()
    }
}

/// Downloads until the end, or until the job should stop.
async fn download(
    app: &App,
    hub: &Hub,
    task: &ModelDownloadTask,
    control: &JobControl,
) -> Result<Fetched, JobError> {
    control.progress(app, None, "asking the hub").await?;
    let cache = cache(app);
    let progress = watch::Sender::default();
    let fetch = Fetch {
        hub,
        cache: &cache,
        reader: &TrainerReader,
        progress: &progress,
    };
    let mut fetching = fetch.model(&task.hub).boxed();
    let stopped = control.stopped();
    let mut heard = progress.subscribe();
    let mut pace = Pace::default();
    let mut ticks = tokio::time::interval(PERIOD);
    loop {
        tokio::select! {
            fetched = &mut fetching => {
                return fetched.map_err(|error| JobError::Failed(error.to_string()));
            }
            () = stopped.cancelled() => control.check()?,
            _ = ticks.tick() => {
                if heard.has_changed().unwrap_or(false) {
                    let now = heard.borrow_and_update().clone();
                    let message = pace.describe(&now, Instant::now());
                    let share = now.done as f64 / now.total.max(1) as f64;
                    control.progress(app, Some(share), &message).await?;
                }
            }
        }
    }
}

/// How quickly bytes come.
#[derive(Debug, Default)]
struct Pace {
    /// When the files that are under way began to come, how many of their bytes were there, and how
    /// many they are.
    begun: Option<(Instant, u64, u64)>,
}

impl Pace {
    /// How far a download is, with the time that is left once that can be told.
    fn describe(&mut self, now: &Progress, at: Instant) -> String {
        let (since, first) = match self.begun {
            Some((since, first, total)) if total == now.total && first <= now.done => {
                (since, first)
            }
            _ => {
                self.begun = Some((at, now.done, now.total));
                (at, now.done)
            }
        };
        let spent = at.duration_since(since);
        let came = now.done - first;
        if spent < WARM_UP || came == 0 || now.done >= now.total {
            return now.to_string();
        }
        let left = (now.total - now.done) as f64 * spent.as_secs_f64() / came as f64;
        format!("{now}, {} left", duration(left))
    }
}

fn duration(seconds: f64) -> String {
    match seconds {
        short if short < 90.0 => format!("{:.0} s", short.max(1.0)),
        medium if medium < 5400.0 => format!("{:.0} min", medium / 60.0),
        long => format!("{:.1} h", long / 3600.0),
    }
}

/// What was downloaded, to be registered.
fn base(
    app: &App,
    task: &ModelDownloadTask,
    fetched: Fetched,
    contents: Contents,
) -> Result<NewBase, JobError> {
    let path = fetched.path.strip_prefix(models_folder(app));
    let path = path.map_err(|error| JobError::Failed(error.to_string()))?;
    Ok(NewBase {
        name: task.name.clone(),
        kind: ModelKind::Base,
        path: path.to_string_lossy().into_owned(),
        hub: Some(fetched.model),
        contents,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_left_is_told_once_there_is_a_pace() {
        let mut pace = Pace::default();
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let progress = |done, total| Progress {
            file: "m.safetensors".to_owned(),
            done,
            total,
        };
        // The small files come first, and their pace says nothing of the weights.
        assert_eq!(
            pace.describe(&progress(10, 10), at(0)),
            "m.safetensors: 10 bytes of 10 bytes"
        );
        let said = pace.describe(&progress(100_000_000, 1_000_000_000), at(5));
        assert_eq!(said, "m.safetensors: 100.0 MB of 1.0 GB");
        let said = pace.describe(&progress(200_000_000, 1_000_000_000), at(15));
        assert_eq!(said, "m.safetensors: 200.0 MB of 1.0 GB, 80 s left");
        let said = pace.describe(&progress(1_000_000_000, 1_000_000_000), at(95));
        assert_eq!(said, "m.safetensors: 1.0 GB of 1.0 GB");
    }
}
