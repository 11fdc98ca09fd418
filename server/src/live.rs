//! Word that a run has news, to everybody who watches one.
//!
//! What the news is stands in the database: who is woken reads on from where they were, so that a
//! slow reader, a reload and a restart are the same thing.

use tokio::sync::watch;

/// Wakes the watchers of runs.
#[derive(Debug)]
pub struct News(watch::Sender<u64>);

impl Default for News {
    fn default() -> Self {
        Self(watch::Sender::new(0))
    }
}

impl News {
    /// Wakes everybody who watches.
    pub fn tell(&self) {
        self.0.send_modify(|count| *count = count.wrapping_add(1));
    }

    /// A watcher, who has seen everything so far.
    #[must_use]
    pub fn watch(&self) -> watch::Receiver<u64> {
        self.0.subscribe()
    }
}
