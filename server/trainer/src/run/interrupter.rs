//! Stopping a run from another thread.

use std::sync::{Arc, OnceLock};

/// Asks a run to stop; clones share the wish. The run saves its state and returns.
#[derive(Clone, Debug, Default)]
pub struct Interrupter {
    reason: Arc<OnceLock<String>>,
}

impl Interrupter {
    /// One that has not been used.
    pub fn new() -> Self {
        Self::default()
    }

    /// Asks the run to stop. Only the first reason is kept.
    pub fn interrupt(&self, reason: impl Into<String>) {
        // A second wish to stop changes nothing.
        let _ = self.reason.set(reason.into());
    }

    /// Why the run should stop, if it should.
    pub fn reason(&self) -> Option<&str> {
        self.reason.get().map(String::as_str)
    }
}
