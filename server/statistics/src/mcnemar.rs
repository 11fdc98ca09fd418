//! Whether fixed and broken items could be the flips of a coin.
//!
//! Items on which both models agree say nothing about which is better. Among the others, a change
//! that does nothing fixes and breaks with equal probability.

use crate::PairedTable;
use crate::distribution::fair_coins;

/// McNemar's exact test, two-sided: the p-value of as lopsided a split of the discordant items.
///
/// With `m = fixed + broken` and `k = min(fixed, broken)` it is `min(1, 2 P(X ≤ k))`,
/// `X ~ Binomial(m, 1/2)`. Never too small, at the price of being too large for few items. Without
/// discordant items nothing speaks against equality: 1.
///
/// Source: Q. McNemar (1947), Psychometrika 12, 153-157, in its conditional binomial form.
pub fn mcnemar_exact(table: &PairedTable) -> f64 {
    let (_, at_most) = fair_coins(table.fixed.min(table.broken), table.discordant());
    (2.0 * at_most).min(1.0)
}

/// McNemar's mid-p test, two-sided: the outcome seen counts half.
///
/// The exact p-value minus `P(X = k)`; if fixed equals broken, `1 - P(X = k) / 2`. Closer to the
/// nominal level than the exact test, and in rare cases slightly above it. Without discordant
/// items it is 1, as the exact one.
///
/// Source: M. W. Fagerland, S. Lydersen, P. Laake (2013), BMC Medical Research Methodology 13, 91.
pub fn mcnemar_mid_p(table: &PairedTable) -> f64 {
    if table.discordant() == 0 {
        return 1.0;
    }
    let (exactly, at_most) = fair_coins(table.fixed.min(table.broken), table.discordant());
    if table.fixed == table.broken {
        1.0 - exactly / 2.0
    } else {
        2.0 * at_most - exactly
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn discordant(broken: u64, fixed: u64) -> PairedTable {
        PairedTable {
            both_passed: 5,
            broken,
            fixed,
            both_failed: 5,
        }
    }

    #[test]
    fn small_tables_by_hand() {
        // Six coins, all heads or all tails: 2 / 64.
        assert!((mcnemar_exact(&discordant(0, 6)) - 2.0 / 64.0).abs() < 1e-14);
        assert!((mcnemar_mid_p(&discordant(0, 6)) - 1.0 / 64.0).abs() < 1e-14);
        // One against seven: 2 (1 + 8) / 256, and half of the outcome seen off.
        assert!((mcnemar_exact(&discordant(7, 1)) - 18.0 / 256.0).abs() < 1e-14);
        assert!((mcnemar_mid_p(&discordant(7, 1)) - 10.0 / 256.0).abs() < 1e-14);
    }

    #[test]
    fn an_even_split_and_no_split_speak_for_nothing() {
        assert_eq!(
            mcnemar_exact(&discordant(4, 4)).to_bits(),
            1.0_f64.to_bits()
        );
        assert!((mcnemar_mid_p(&discordant(1, 1)) - 0.75).abs() < 1e-14);
        for table in [discordant(0, 0), PairedTable::default()] {
            assert_eq!(mcnemar_exact(&table).to_bits(), 1.0_f64.to_bits());
            assert_eq!(mcnemar_mid_p(&table).to_bits(), 1.0_f64.to_bits());
        }
    }

    #[test]
    fn the_direction_does_not_matter() {
        let (one, other) = (discordant(3, 17), discordant(17, 3));
        assert!((mcnemar_exact(&one) - mcnemar_exact(&other)).abs() < 1e-15);
        assert!((mcnemar_mid_p(&one) - mcnemar_mid_p(&other)).abs() < 1e-15);
    }
}
