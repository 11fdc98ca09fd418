//! The thread of a run: one session of the trainer, from the configuration to the adapter.

use std::{
    fs::{self, File, TryLockError},
    io,
    path::{Path, PathBuf},
    thread,
    time::{Duration, Instant},
};

use shared::{ids::RunId, training::TrainingConfig};
use tokio::sync::{mpsc, oneshot};
use trainer::{
    run::{Interrupter, Outcome},
    session::{Session, Target},
};

use super::journal::{Entry, Journal};
use crate::{app::App, context::Context, training};

/// Stack of the thread; the trainer's own threads have theirs.
const STACK_BYTES: usize = 16 << 20;

/// Events that may wait to be taken before the trainer waits too.
const EVENTS: usize = 1024;

/// How much the threads of a run give way to the server's, from 0 to 19.
#[cfg(target_os = "linux")]
const NICENESS: i32 = 10;

/// How often a thread looks whether another one has left the folder.
const LOCK_INTERVAL: Duration = Duration::from_millis(100);

/// What a run is given.
#[derive(Debug)]
pub(super) struct Work {
    /// The trainer's configuration.
    pub(super) config: TrainingConfig,
    /// The hash of the base's weights as they were registered.
    pub(super) base_hash: String,
    /// The folder of the run.
    pub(super) output: PathBuf,
    /// How often the run was begun.
    pub(super) attempt: i64,
    /// The clock.
    pub(super) context: Context,
}

/// A run that goes on its own thread. Dropped, it is asked to stop.
#[derive(Debug)]
pub(super) struct Running {
    /// What happens.
    pub(super) events: mpsc::Receiver<Entry>,
    interrupter: Interrupter,
    result: Option<oneshot::Receiver<Result<Outcome, String>>>,
}

/// The folder of a run's checkpoints and adapter.
pub(super) fn folder(app: &App, id: RunId) -> PathBuf {
    app.data_dir.join("runs").join(id.to_string())
}

impl Running {
    pub(super) fn interrupt(&self, reason: &str) {
        self.interrupter.interrupt(reason);
    }

    pub(super) fn is_stopping(&self) -> bool {
        self.interrupter.reason().is_some()
    }

    /// Waits for the thread's end.
    pub(super) async fn end(mut self) -> Result<Outcome, String> {
        let lost = || Err("an error in the program ended the training".to_owned());
        match self.result.take() {
            Some(result) => result.await.unwrap_or_else(|_| lost()),
            None => lost(),
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.interrupter.interrupt("nobody waits for it any more");
    }
}

impl Work {
    /// Starts the thread.
    pub(super) fn start(self) -> io::Result<Running> {
        let interrupter = Interrupter::new();
        let (sender, events) = mpsc::channel(EVENTS);
        let (done, result) = oneshot::channel();
        let on_thread = interrupter.clone();
        let work = move || {
            give_way();
            let outcome = self.train(&sender, &on_thread);
            drop(sender);
            // Nobody waits any more where the job was dropped.
            drop(done.send(outcome));
        };
        thread::Builder::new()
            .name("training-run".to_owned())
            .stack_size(STACK_BYTES)
            .spawn(work)?;
        Ok(Running {
            events,
            interrupter,
            result: Some(result),
        })
    }

    fn train(
        &self,
        events: &mpsc::Sender<Entry>,
        interrupter: &Interrupter,
    ) -> Result<Outcome, String> {
        let unusable = |error: &io::Error| {
            let folder = self.output.display();
            format!("the folder {folder} cannot be used: {error}")
        };
        fs::create_dir_all(&self.output).map_err(|error| unusable(&error))?;
        let lock = lock(&self.output, interrupter).map_err(|error| unusable(&error))?;
        let session = Session::open(self.config.clone()).map_err(|error| error.to_string())?;
        if session.loaded().content_hash != self.base_hash {
            return Err(
                "the base's files are not those that were registered: put the old ones back, or \
                 register the new ones and ask for another run"
                    .to_owned(),
            );
        }
        let mut journal = Journal::open(&self.output).map_err(|error| unusable(&error))?;
        let mut sink = |event| {
            let entry = Entry {
                attempt: self.attempt,
                at: self.context.now(),
                event,
            };
            if let Err(error) = journal.write(&entry) {
                tracing::warn!(%error, "cannot write the journal of a run");
            }
            // Nobody listens any more where the job was dropped; the next attempt reads the journal.
            drop(events.blocking_send(entry));
        };
        let start = Instant::now();
        let target = Target {
            output: &self.output,
            resume: true,
            clock: &|| start.elapsed(),
        };
        let outcome = training::train(&session, target, &mut sink, interrupter);
        drop(lock);
        outcome.map_err(|error| error.to_string())
    }
}

/// Holds the folder of a run as long as the answer lives. A thread that lost its job may still be
/// saving its state there.
fn lock(folder: &Path, interrupter: &Interrupter) -> io::Result<File> {
    let file = File::create(folder.join("lock"))?;
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::Error(error)) => return Err(error),
            Err(TryLockError::WouldBlock) if interrupter.reason().is_some() => {
                return Err(io::Error::other("another process still works in it"));
            }
            Err(TryLockError::WouldBlock) => thread::sleep(LOCK_INTERVAL),
        }
    }
}

/// Lets the server's threads go first. The threads that this one starts do the same: on Linux the
/// niceness is a thread's own, and inherited.
fn give_way() {
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::process::setpriority_process(None, NICENESS) {
        tracing::warn!(%error, "training does not give way to the server");
    }
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests {
    use super::*;

    /// The niceness of the calling thread.
    fn niceness() -> String {
        let stat = fs::read_to_string("/proc/thread-self/stat").unwrap();
        let fields = stat.rsplit_once(')').unwrap().1;
        fields.split_whitespace().nth(16).unwrap().to_owned()
    }

    #[test]
    fn only_the_thread_of_a_run_and_those_it_starts_give_way() {
        let here = niceness();
        let work = || {
            give_way();
            (niceness(), thread::spawn(niceness).join().unwrap())
        };
        let wanted = NICENESS.to_string();
        assert_eq!(
            thread::spawn(work).join().unwrap(),
            (wanted.clone(), wanted)
        );
        assert_eq!(niceness(), here);
    }
}
