//! Checks are written by people and run on whatever a model says: one that panics, or that takes
//! too long, fails with its reason, and the evaluation goes on.

use std::{
    sync::{
        Arc,
        mpsc::{self, RecvTimeoutError},
    },
    thread,
    time::Duration,
};

use checks::{Checker, Subject};
use serde_json::Value;
use shared::check::{Check, CheckResult};

/// How long the checks of one answer may take.
pub(super) const PATIENCE: Duration = Duration::from_secs(10);

/// What checks are run on, with nothing borrowed.
#[derive(Debug)]
pub(super) struct OwnedSubject {
    pub(super) input: String,
    pub(super) output: String,
    pub(super) expected: Option<Value>,
    pub(super) tokens: usize,
}

impl OwnedSubject {
    fn borrow(&self) -> Subject<'_> {
        Subject {
            input: &self.input,
            output: &self.output,
            expected: self.expected.as_ref(),
            tokens: Some(self.tokens),
        }
    }
}

/// Runs all checks at once; only where that fails, one by one, so that the others still count.
pub(super) fn run(checker: Checker, checks: &[&Check], subject: OwnedSubject) -> Vec<CheckResult> {
    let subject = Arc::new(subject);
    let whole = subject.clone();
    if let Ok(results) = guarded(PATIENCE, move || checker.run(&whole.borrow())) {
        return results;
    }
    let one = |check: &&Check| {
        let (only, subject) = (vec![(*check).clone()], subject.clone());
        let run = move || match Checker::new(&only) {
            Ok(checker) => checker.run(&subject.borrow()),
            Err(error) => vec![failed(&only[0].name, error.to_string())],
        };
        match guarded(PATIENCE, run) {
            Ok(results) => results.into_iter().next(),
            Err(reason) => Some(failed(&check.name, reason)),
        }
    };
    checks.iter().filter_map(one).collect()
}

fn failed(name: &str, detail: String) -> CheckResult {
    CheckResult {
        name: name.to_owned(),
        passed: false,
        score: None,
        detail,
    }
}

/// Does work on a thread of its own, and says why there is no result if there is none in time. A
/// thread that takes too long is left alone: nothing can end it.
fn guarded<T: Send + 'static>(
    patience: Duration,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, String> {
    let (done, result) = mpsc::channel();
    // Nobody waits any more where it took too long.
    let spawned = thread::Builder::new()
        .name("checks".to_owned())
        .spawn(move || drop(done.send(work())));
    spawned.map_err(|error| format!("cannot start a thread to evaluate it: {error}"))?;
    result.recv_timeout(patience).map_err(|error| match error {
        RecvTimeoutError::Timeout => {
            format!("took longer than {} s on this answer", patience.as_secs())
        }
        RecvTimeoutError::Disconnected => {
            "could not be evaluated: an error in the program, which its log names".to_owned()
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_and_a_lack_of_end_are_reasons() {
        assert_eq!(guarded(PATIENCE, || 1), Ok(1));
        let slip = guarded::<()>(PATIENCE, || panic!("a slip")).unwrap_err();
        assert!(slip.contains("error in the program"), "{slip}");
        let (end, waiting) = mpsc::channel::<()>();
        let endless = guarded(Duration::from_millis(20), move || waiting.recv().is_ok());
        assert!(endless.unwrap_err().contains("took longer"));
        drop(end);
    }
}
