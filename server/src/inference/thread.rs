//! Where models compute: on threads that give way to those that answer requests.

use std::thread;

use tokio::{sync::oneshot, task::JoinHandle};
use tokio_util::sync::CancellationToken;
use trainer::run::Interrupter;

use super::InferenceError;

/// Stack of the thread; those that share its work have their own.
const STACK_BYTES: usize = 16 << 20;

/// How much the thread gives way to the server's, from 0 to 19.
#[cfg(target_os = "linux")]
const NICENESS: i32 = 10;

/// Does work that computes for long on a thread of its own, and waits for its end. A panic in it is
/// an error.
pub async fn on_thread<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, InferenceError> + Send + 'static,
) -> Result<T, InferenceError> {
    let (done, result) = oneshot::channel();
    let work = move || {
        give_way();
        // Nobody waits any more where the asking task was dropped.
        drop(done.send(work()));
    };
    thread::Builder::new()
        .name("inference".to_owned())
        .stack_size(STACK_BYTES)
        .spawn(work)
        .map_err(|error| InferenceError::Refused(format!("cannot start a thread: {error}")))?;
    result.await.unwrap_or(Err(InferenceError::Lost))
}

/// Lets the server's threads go first: on Linux the niceness is a thread's own, and inherited by
/// those that it starts.
fn give_way() {
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::process::setpriority_process(None, NICENESS) {
        tracing::warn!(%error, "inference does not give way to the server");
    }
}

/// Stops computing when a token ends, or when the leash is dropped because nobody waits any more.
#[derive(Debug)]
pub struct Leash {
    interrupter: Interrupter,
    follower: JoinHandle<()>,
}

impl Leash {
    /// A leash that ends with a token.
    #[must_use]
    pub fn follow(token: CancellationToken) -> Self {
        let interrupter = Interrupter::new();
        let at_end = interrupter.clone();
        let follower = tokio::spawn(async move {
            token.cancelled().await;
            at_end.interrupt("it was asked to stop");
        });
        Self {
            interrupter,
            follower,
        }
    }

    /// What the computing thread looks at.
    #[must_use]
    pub fn interrupter(&self) -> Interrupter {
        self.interrupter.clone()
    }
}

impl Drop for Leash {
    fn drop(&mut self) {
        self.follower.abort();
        self.interrupter.interrupt("nobody waits for it any more");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_slip_on_the_thread_is_an_error() {
        let lost = on_thread::<()>(|| panic!("a slip")).await;
        assert!(matches!(lost, Err(InferenceError::Lost)));
        assert_eq!(on_thread(|| Ok(1)).await.unwrap(), 1);
    }

    #[tokio::test]
    async fn a_dropped_leash_interrupts() {
        let leash = Leash::follow(CancellationToken::new());
        let interrupter = leash.interrupter();
        assert!(interrupter.reason().is_none());
        drop(leash);
        assert!(interrupter.reason().is_some());
    }
}
