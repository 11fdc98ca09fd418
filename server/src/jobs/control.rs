//! What connects a handler with its runner: progress out, stop in.

use std::sync::atomic::{AtomicBool, Ordering};

use store::jobs::{self, Lease};
use tokio_util::sync::CancellationToken;

use super::JobError;
use crate::app::App;

/// A running job's line to its runner.
#[derive(Debug)]
pub struct JobControl {
    lease: Lease,
    stop: CancellationToken,
    cancelled: AtomicBool,
    lost: AtomicBool,
}

impl JobControl {
    pub(super) fn new(lease: Lease, stop: CancellationToken) -> Self {
        Self {
            lease,
            stop,
            cancelled: AtomicBool::new(false),
            lost: AtomicBool::new(false),
        }
    }

    /// The runner's hold on the job, to be named by statements that only its owner may make.
    #[must_use]
    pub const fn lease(&self) -> Lease {
        self.lease
    }

    /// Ends when the job should stop, for whatever reason.
    #[must_use]
    pub fn stopped(&self) -> CancellationToken {
        self.stop.clone()
    }

    /// Why the job should stop, if it should.
    pub fn check(&self) -> Result<(), JobError> {
        if !self.stop.is_cancelled() {
            return Ok(());
        }
        Err(if self.lost.load(Ordering::SeqCst) {
            JobError::LeaseLost
        } else if self.cancelled.load(Ordering::SeqCst) {
            JobError::Cancelled
        } else {
            JobError::Interrupted
        })
    }

    /// Notes how far the job is, from 0 to 1, and what it is doing.
    pub async fn progress(
        &self,
        app: &App,
        progress: Option<f64>,
        message: &str,
    ) -> Result<(), JobError> {
        self.check()?;
        let mut tx = app.store.write().await?;
        let held = jobs::set_progress(&mut tx, self.lease, progress, message).await?;
        tx.commit().await?;
        if held {
            Ok(())
        } else {
            Err(JobError::LeaseLost)
        }
    }

    pub(super) fn cancel(&self) {
        self.cancelled.store(true, Ordering::SeqCst);
        self.stop.cancel();
    }

    pub(super) fn lose(&self) {
        self.lost.store(true, Ordering::SeqCst);
        self.stop.cancel();
    }
}
