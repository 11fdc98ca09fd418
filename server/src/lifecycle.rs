//! Stopping: the first signal lets work end in order, the second one, or a minute, ends it at once.

use std::time::Duration;

use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// How long work may take to end in order.
const GRACE: Duration = Duration::from_mins(1);

/// The two signals that everything long-lived listens to, and the list of what must end first.
#[derive(Clone, Debug, Default)]
pub struct Lifecycle {
    soft: CancellationToken,
    hard: CancellationToken,
    tasks: TaskTracker,
}

impl Lifecycle {
    /// Ends when the server should stop taking work and finish what it has.
    #[must_use]
    pub fn soft(&self) -> CancellationToken {
        self.soft.clone()
    }

    /// Ends when everything must stop at once.
    #[must_use]
    pub fn hard(&self) -> CancellationToken {
        self.hard.clone()
    }

    /// Runs a task that must end before the program does.
    pub fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        self.tasks.spawn(task);
    }

    /// Begins to stop.
    pub fn stop(&self) {
        self.soft.cancel();
    }

    /// Waits for every task to end, at most for the time of grace.
    pub async fn finish(&self) {
        self.stop();
        self.tasks.close();
        tokio::select! {
            () = self.tasks.wait() => {}
            () = self.hard.cancelled() => tracing::warn!("stopping at once"),
            () = tokio::time::sleep(GRACE) => {
                tracing::warn!(seconds = GRACE.as_secs(), "some work did not end in time");
                self.hard.cancel();
            }
        }
    }

    /// Turns the system's signals into the two of this type.
    pub async fn listen(self) {
        signal().await;
        tracing::info!("stopping; once more to stop at once");
        self.soft.cancel();
        signal().await;
        self.hard.cancel();
    }
}

/// Waits for an interrupt or a request to terminate.
async fn signal() {
    use tokio::signal::unix::{SignalKind, signal};

    let Ok(mut terminate) = signal(SignalKind::terminate()) else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = terminate.recv() => {}
        _ = tokio::signal::ctrl_c() => {}
    }
}
