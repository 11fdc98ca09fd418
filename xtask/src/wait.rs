//! Waiting for a condition with a deadline.

use std::{
    thread::sleep,
    time::{Duration, Instant},
};

use anyhow::{Result, bail};

/// How long to wait between two looks.
const PERIOD: Duration = Duration::from_millis(50);

/// Asks until the answer is yes; fails when `limit` has passed, or when asking fails.
pub(crate) fn until(
    what: &str,
    limit: Duration,
    mut condition: impl FnMut() -> Result<bool>,
) -> Result<()> {
    let start = Instant::now();
    while !condition()? {
        if start.elapsed() > limit {
            bail!("{what} did not happen within {} seconds", limit.as_secs());
        }
        sleep(PERIOD);
    }
    Ok(())
}
