//! Counts failures by key in a window of time, in memory.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use chrono::{DateTime, TimeDelta, Utc};

use crate::error::{ApiError, ApiResult};

/// Above this many keys the old ones are forgotten.
const MAX_KEYS: usize = 10_000;

/// Allows so many failures by key in each window.
#[derive(Debug)]
pub struct RateLimiter {
    limit: u32,
    window: TimeDelta,
    counts: Mutex<HashMap<String, Count>>,
}

#[derive(Debug)]
struct Count {
    since: DateTime<Utc>,
    failures: u32,
}

impl RateLimiter {
    /// Allows `limit` failures in each `window`.
    #[must_use]
    pub fn new(limit: u32, window: TimeDelta) -> Self {
        Self {
            limit,
            window,
            counts: Mutex::default(),
        }
    }

    /// Refuses if `key` has used up its failures.
    pub fn check(&self, key: &str, now: DateTime<Utc>) -> ApiResult<()> {
        let counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(count) = counts.get(key) else {
            return Ok(());
        };
        let left = self.window - (now - count.since);
        if count.failures < self.limit || left <= TimeDelta::zero() {
            return Ok(());
        }
        let retry_after_seconds = u64::try_from(left.num_seconds()).unwrap_or(0) + 1;
        Err(ApiError::RateLimited {
            retry_after_seconds,
        })
    }

    /// Counts a failure of `key`.
    pub fn count(&self, key: &str, now: DateTime<Utc>) {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        if counts.len() >= MAX_KEYS {
            counts.retain(|_, count| now - count.since < self.window);
        }
        let count = counts.entry(key.to_owned()).or_insert(Count {
            since: now,
            failures: 0,
        });
        if now - count.since >= self.window {
            *count = Count {
                since: now,
                failures: 0,
            };
        }
        count.failures += 1;
    }

    /// Forgets the failures of `key`.
    pub fn forget(&self, key: &str) {
        self.counts
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_waits_for_its_window_and_does_not_bar_others() {
        let limiter = RateLimiter::new(2, TimeDelta::minutes(5));
        let start = DateTime::from_timestamp(1_700_000_000, 0).unwrap();
        limiter.count("a", start);
        assert!(limiter.check("a", start).is_ok());
        limiter.count("a", start);
        let refused = limiter.check("a", start + TimeDelta::minutes(1));
        assert!(matches!(
            refused,
            Err(ApiError::RateLimited {
                retry_after_seconds: 241
            })
        ));
        assert!(limiter.check("b", start).is_ok());
        assert!(limiter.check("a", start + TimeDelta::minutes(5)).is_ok());
    }
}
