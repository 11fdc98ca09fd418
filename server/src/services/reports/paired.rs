//! Two models' verdicts on the same items, as rates and a difference.

use shared::{evaluation::Rate, report::PairedDifference};
use statistics::{
    Confidence, PairedTable, StatisticsError, mcnemar_exact, paired_difference, wilson,
};

/// The verdicts of baseline and candidate on the same items.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pairing {
    pub(super) table: PairedTable,
    pub(super) baseline: Rate,
    pub(super) candidate: Rate,
    pub(super) difference: PairedDifference,
}

impl Pairing {
    /// Counts verdicts, a pair of baseline and candidate for each item.
    pub(super) fn of(
        verdicts: impl IntoIterator<Item = (bool, bool)>,
        confidence: Confidence,
    ) -> Result<Self, StatisticsError> {
        let table = PairedTable::from_pairs(verdicts);
        let difference = paired_difference(&table, confidence)?;
        Ok(Self {
            table,
            baseline: rate(table.both_passed + table.broken, table.total(), confidence)?,
            candidate: rate(table.both_passed + table.fixed, table.total(), confidence)?,
            difference: PairedDifference {
                estimate: difference.value,
                lower: difference.interval.lower,
                upper: difference.interval.upper,
                fixed: count(table.fixed),
                broken: count(table.broken),
                p_value: mcnemar_exact(&table),
                corrected_p_value: None,
            },
        })
    }
}

fn rate(passed: u64, total: u64, confidence: Confidence) -> Result<Rate, StatisticsError> {
    let found = wilson(passed, total, confidence)?;
    Ok(Rate {
        passed: count(passed),
        total: count(total),
        rate: found.value,
        lower: found.interval.lower,
        upper: found.interval.upper,
    })
}

fn count(items: u64) -> i64 {
    i64::try_from(items).unwrap_or(i64::MAX)
}
