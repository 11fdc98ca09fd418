//! What happens in a run, as it happens: every event behind a place, and the run's summary
//! whenever it changed.

use std::{collections::VecDeque, time::Duration};

use futures::{Stream, stream};
use shared::{
    ids::{ProjectId, RunId},
    run::{LiveMessage, RunSummary},
};
use store::{StoreError, run_events, runs};
use tokio::{sync::watch, time::Instant};
use tokio_util::sync::CancellationToken;

use crate::app::App;

/// Events that are read at once.
const PAGE: u32 = 200;

/// How long a reader trusts that no news is no news: a runner in another process on the same
/// database wakes nobody here.
const LOOK_INTERVAL: Duration = Duration::from_secs(5);

/// How long a stream lasts before its reader has to ask again, by which it is seen whether they
/// still may.
const LIFETIME: Duration = Duration::from_mins(10);

/// A message with its place, where it is an event.
pub type Placed = (Option<i64>, LiveMessage);

/// Tells what happens in a run behind the place `after`, until the server stops.
pub fn watch_run(
    app: App,
    project_id: ProjectId,
    number: i64,
    after: i64,
) -> impl Stream<Item = Result<Placed, StoreError>> + Send {
    let watcher = Watcher {
        news: app.news.watch(),
        stop: app.lifecycle.soft(),
        end: Instant::now() + LIFETIME,
        app,
        project_id,
        number,
        after,
        shown: None,
        waiting: VecDeque::new(),
    };
    stream::try_unfold(watcher, |mut watcher| async move {
        let next = watcher.next().await?;
        Ok(next.map(|message| (message, watcher)))
    })
}

/// Where a reader stands.
struct Watcher {
    app: App,
    news: watch::Receiver<u64>,
    stop: CancellationToken,
    end: Instant,
    project_id: ProjectId,
    number: i64,
    after: i64,
    shown: Option<RunSummary>,
    waiting: VecDeque<Placed>,
}

impl Watcher {
    async fn next(&mut self) -> Result<Option<Placed>, StoreError> {
        loop {
            if let Some(message) = self.waiting.pop_front() {
                return Ok(Some(message));
            }
            if self.stop.is_cancelled() {
                return Ok(None);
            }
            // Seen before looking: what arrives meanwhile wakes again.
            self.news.mark_unchanged();
            if !self.look().await? {
                return Ok(None);
            }
            if self.waiting.is_empty() && !self.wait().await {
                return Ok(None);
            }
        }
    }

    /// Reads what is new; false if the run is gone.
    async fn look(&mut self) -> Result<bool, StoreError> {
        let mut tx = self.app.store.read().await?;
        let record = runs::get_by_number(&mut tx, self.project_id, self.number).await?;
        let Some(record) = record else {
            return Ok(false);
        };
        let id: RunId = record.summary.id;
        let events = run_events::list_after(&mut tx, id, self.after, PAGE).await?;
        // Events come first: a page stops listening once it hears that the run has ended.
        let has_all = events.len() < PAGE as usize;
        for event in events {
            self.after = event.seq;
            self.waiting
                .push_back((Some(event.seq), LiveMessage::Event(Box::new(event))));
        }
        if has_all && self.shown.as_ref() != Some(&record.summary) {
            let message = LiveMessage::Run(Box::new(record.summary.clone()));
            self.waiting.push_back((None, message));
            self.shown = Some(record.summary);
        }
        Ok(true)
    }

    /// Waits for news; false if the stream should end.
    async fn wait(&mut self) -> bool {
        tokio::select! {
            changed = self.news.changed() => changed.is_ok(),
            () = tokio::time::sleep(LOOK_INTERVAL) => Instant::now() < self.end,
            () = self.stop.cancelled() => false,
        }
    }
}
