//! The loop that claims jobs and sees them to their end.

use std::{panic::AssertUnwindSafe, time::Duration};

use chrono::TimeDelta;
use futures::FutureExt;
use shared::job::JobState;
use store::jobs::{self, JobRecord, Lease};
use tracing::Instrument;
use uuid::Uuid;

use super::{Handlers, JobControl, JobError, JobResult};
use crate::app::App;

/// How often a runner looks and signs.
#[derive(Clone, Copy, Debug)]
pub struct Timing {
    /// How long it waits for a wake-up before it looks by itself.
    pub poll: Duration,
    /// How often it renews its lease.
    pub heartbeat: Duration,
    /// How long a lease lasts after each renewal.
    pub lease: Duration,
}

impl Default for Timing {
    fn default() -> Self {
        Self::for_lease(Duration::from_secs(30))
    }
}

impl Timing {
    /// For leases of some length. A runner signs six times in each, so that a slow database does
    /// not cost it its job.
    #[must_use]
    pub fn for_lease(lease: Duration) -> Self {
        Self {
            poll: lease.min(Duration::from_secs(2)),
            heartbeat: lease / 6,
            lease,
        }
    }
}

/// Claims and runs jobs, one at a time, until the server stops.
pub async fn run(app: App, handlers: Handlers, timing: Timing) {
    let owner: Uuid = app.context.id();
    let stop = app.lifecycle.soft();
    while !stop.is_cancelled() {
        // Listen before looking, or a job that arrives in between would wait for the next poll.
        let wake = app.job_wake.notified();
        match claim(&app, owner, timing).await {
            Ok(Some(job)) => {
                let span = tracing::info_span!("job", id = %job.job.id, kind = %job.job.kind);
                work(&app, &handlers, job, owner, timing)
                    .instrument(span)
                    .await;
            }
            Ok(None) => wait(wake, &stop, timing.poll).await,
            Err(error) => {
                tracing::error!(%error, "cannot claim a job");
                wait(wake, &stop, timing.poll).await;
            }
        }
    }
}

async fn wait(
    wake: impl Future<Output = ()>,
    stop: &tokio_util::sync::CancellationToken,
    poll: Duration,
) {
    tokio::select! {
        () = wake => {}
        () = stop.cancelled() => {}
        () = tokio::time::sleep(poll) => {}
    }
}

async fn claim(app: &App, owner: Uuid, timing: Timing) -> store::error::Result<Option<JobRecord>> {
    let now = app.context.now();
    let mut tx = app.store.write().await?;
    let requeued = jobs::requeue_expired(&mut tx, now).await?;
    if requeued > 0 {
        tracing::warn!(requeued, "gave jobs back to the queue whose runner died");
    }
    let job = jobs::claim(&mut tx, owner, now + lease_length(timing), now).await?;
    tx.commit().await?;
    if job.is_some() {
        app.news.tell();
    }
    Ok(job)
}

fn lease_length(timing: Timing) -> TimeDelta {
    TimeDelta::from_std(timing.lease).unwrap_or(TimeDelta::MAX)
}

async fn work(app: &App, handlers: &Handlers, job: JobRecord, owner: Uuid, timing: Timing) {
    let lease = Lease {
        job_id: job.job.id,
        owner,
    };
    let control = JobControl::new(lease, app.lifecycle.soft().child_token());
    if job.cancel_requested {
        control.cancel();
    }
    tracing::info!(title = job.job.title, attempt = job.attempt, "job started");
    let Some(handler) = handlers.get(&job.job.kind) else {
        let message = format!(
            "this server has no handler for jobs of kind {}",
            job.job.kind
        );
        return end(app, lease, Err(JobError::Failed(message))).await;
    };
    let running = AssertUnwindSafe(handler.run(app, &job, &control)).catch_unwind();
    tokio::pin!(running);
    let result = tokio::select! {
        result = &mut running => result,
        () = keep_lease(app, &control, timing) => running.await,
    };
    let result = result.unwrap_or_else(|panic| Err(JobError::Failed(describe(&*panic))));
    end(app, lease, result).await;
}

/// Renews the lease and looks for a request to cancel; returns when the job should stop for one of
/// these reasons.
async fn keep_lease(app: &App, control: &JobControl, timing: Timing) {
    loop {
        tokio::select! {
            () = tokio::time::sleep(timing.heartbeat) => {}
            () = app.job_cancelled.notified() => {}
        }
        match renew(app, control.lease(), timing).await {
            Ok(Some(false)) => {}
            Ok(Some(true)) => return control.cancel(),
            Ok(None) => return control.lose(),
            Err(error) => tracing::warn!(%error, "cannot renew the lease of a job"),
        }
    }
}

async fn renew(app: &App, lease: Lease, timing: Timing) -> store::error::Result<Option<bool>> {
    let mut tx = app.store.write().await?;
    let until = app.context.now() + lease_length(timing);
    let answer = jobs::renew(&mut tx, lease, until).await?;
    tx.commit().await?;
    Ok(answer)
}

async fn end(app: &App, lease: Lease, result: JobResult) {
    if let Err(error) = record_end(app, lease, &result).await {
        tracing::error!(%error, "cannot record the end of a job; it will be tried again");
    }
    app.news.tell();
}

async fn record_end(app: &App, lease: Lease, result: &JobResult) -> store::error::Result<()> {
    let now = app.context.now();
    let mut tx = app.store.write().await?;
    let held = match result {
        Ok(message) => {
            tracing::info!(message, "job succeeded");
            jobs::finish(&mut tx, lease, JobState::Succeeded, message, now).await?
        }
        Err(JobError::Failed(message)) => {
            tracing::error!(message, "job failed");
            jobs::finish(&mut tx, lease, JobState::Failed, message, now).await?
        }
        Err(JobError::Cancelled) => {
            tracing::info!("job cancelled");
            jobs::finish(&mut tx, lease, JobState::Cancelled, "cancelled", now).await?
        }
        Err(JobError::Interrupted) => jobs::release(&mut tx, lease).await?,
        Err(JobError::LeaseLost) => true,
    };
    if !held {
        tracing::warn!("the job was not this runner's any more");
    }
    tx.commit().await
}

fn describe(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("no message");
    format!("an error in the program ended the job: {text}")
}
