//! Version 7 UUIDs that sort in the order of their making.

use chrono::{DateTime, Utc};
use rand::RngCore;
use uuid::Uuid;

/// The largest number that fits into the twelve bits after the timestamp.
const MAX_COUNTER: u16 = 0x0fff;

/// Makes ids: milliseconds, then a counter, then randomness (RFC 9562, section 6.2, method 1).
#[derive(Debug, Default)]
pub(super) struct IdSequence {
    millis: u64,
    counter: u16,
}

impl IdSequence {
    /// The next id. If the clock stands still or goes back, the last millisecond counts on.
    pub(super) fn next(&mut self, now: DateTime<Utc>, rng: &mut impl RngCore) -> Uuid {
        let millis = u64::try_from(now.timestamp_millis()).unwrap_or_default();
        if millis > self.millis {
            self.millis = millis;
            self.counter = 0;
        } else if self.counter == MAX_COUNTER {
            self.millis += 1;
            self.counter = 0;
        } else {
            self.counter += 1;
        }
        let mut tail = [0; 10];
        rng.fill_bytes(&mut tail);
        let [high, low] = self.counter.to_be_bytes();
        tail[0] = high;
        tail[1] = low;
        uuid::Builder::from_unix_timestamp_millis(self.millis, &tail).into_uuid()
    }
}

#[cfg(test)]
mod tests {
    use rand::{SeedableRng, rngs::StdRng};

    use super::*;

    #[test]
    fn ids_sort_in_the_order_of_their_making_even_when_the_clock_stands_still() {
        let mut ids = IdSequence::default();
        let mut rng = StdRng::seed_from_u64(1);
        let now = DateTime::from_timestamp_micros(1_700_000_000_000_000).unwrap();
        let made: Vec<Uuid> = (0..10_000).map(|_| ids.next(now, &mut rng)).collect();
        assert!(made.windows(2).all(|pair| pair[0] < pair[1]));
        assert_eq!(made[0].get_version_num(), 7);
    }
}
