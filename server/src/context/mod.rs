//! Clock, random source and ids. Nothing else in the server may ask the system for them, so that
//! a test decides what they say.

mod clock;
mod ids;

use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, Utc};
use rand::{RngCore, SeedableRng, rngs::StdRng};

pub use clock::{Clock, FixedClock, SystemClock};

/// Clock, random source and ids together. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Context {
    clock: Arc<dyn Clock>,
    source: Arc<Mutex<Source>>,
}

#[derive(Debug)]
struct Source {
    rng: StdRng,
    ids: ids::IdSequence,
}

impl Context {
    /// The system's clock, and randomness from the operating system.
    #[must_use]
    pub fn system() -> Self {
        Self::new(Arc::new(SystemClock), StdRng::from_os_rng())
    }

    /// A clock and a seeded random source.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>, rng: StdRng) -> Self {
        Self {
            clock,
            source: Arc::new(Mutex::new(Source {
                rng,
                ids: ids::IdSequence::default(),
            })),
        }
    }

    /// The time, to the microsecond.
    #[must_use]
    pub fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }

    /// A new id. Ids made one after the other sort in that order.
    #[must_use]
    pub fn id<Id: From<uuid::Uuid>>(&self) -> Id {
        let now = self.now();
        self.with_source(|source| source.ids.next(now, &mut source.rng))
            .into()
    }

    /// Thirty-two unpredictable bytes.
    #[must_use]
    pub fn secret(&self) -> [u8; 32] {
        let mut bytes = [0; 32];
        self.with_source(|source| source.rng.fill_bytes(&mut bytes));
        bytes
    }

    /// A random number.
    #[must_use]
    pub fn random_u64(&self) -> u64 {
        self.with_source(|source| source.rng.next_u64())
    }

    fn with_source<T>(&self, act: impl FnOnce(&mut Source) -> T) -> T {
        act(&mut self.source.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
