//! The table that every paired comparison of pass rates starts from.

use crate::StatisticsError;

/// How baseline and candidate did on the same items.
///
/// | | candidate passed | candidate failed |
/// | --- | --- | --- |
/// | baseline passed | `both_passed` | `broken` |
/// | baseline failed | `fixed` | `both_failed` |
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PairedTable {
    /// Items that both passed.
    pub both_passed: u64,
    /// Items that only the baseline passed.
    pub broken: u64,
    /// Items that only the candidate passed.
    pub fixed: u64,
    /// Items that neither passed.
    pub both_failed: u64,
}

impl PairedTable {
    /// Counts pairs of verdicts, the baseline's first.
    pub fn from_pairs(pairs: impl IntoIterator<Item = (bool, bool)>) -> Self {
        let mut table = Self::default();
        for pair in pairs {
            match pair {
                (true, true) => table.both_passed += 1,
                (true, false) => table.broken += 1,
                (false, true) => table.fixed += 1,
                (false, false) => table.both_failed += 1,
            }
        }
        table
    }

    /// All items.
    pub const fn total(&self) -> u64 {
        self.both_passed + self.broken + self.fixed + self.both_failed
    }

    /// Items on which the two disagree.
    pub const fn discordant(&self) -> u64 {
        self.broken + self.fixed
    }

    /// The share of items on which the two disagree.
    pub fn discordance_rate(&self) -> Result<f64, StatisticsError> {
        Ok(self.discordant() as f64 / self.items()?)
    }

    /// The candidate's pass rate minus the baseline's: `(fixed - broken) / total`.
    pub fn difference(&self) -> Result<f64, StatisticsError> {
        Ok((self.fixed as f64 - self.broken as f64) / self.items()?)
    }

    /// The number of items, above zero.
    pub(crate) fn items(&self) -> Result<f64, StatisticsError> {
        match self.total() {
            0 => Err(StatisticsError::NoItems),
            total => Ok(total as f64),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_are_counted_with_the_baseline_first() {
        let pairs = [
            (true, true),
            (true, false),
            (false, true),
            (false, true),
            (false, false),
        ];

        let table = PairedTable::from_pairs(pairs);

        assert_eq!(
            table,
            PairedTable {
                both_passed: 1,
                broken: 1,
                fixed: 2,
                both_failed: 1
            }
        );
        assert_eq!(table.difference(), Ok(0.2));
        assert_eq!(table.discordance_rate(), Ok(0.6));
    }

    #[test]
    fn no_items_have_no_difference() {
        let table = PairedTable::from_pairs([]);

        assert_eq!(table.difference(), Err(StatisticsError::NoItems));
        assert_eq!(table.discordance_rate(), Err(StatisticsError::NoItems));
    }
}
