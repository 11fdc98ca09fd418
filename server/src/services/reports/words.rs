//! Numbers as a reader of a report meets them.

use shared::{evaluation::Rate, report::PairedDifference};

/// A share, such as `92.5 %`.
pub(crate) fn percent(share: f64) -> String {
    format!("{:.1} %", share * 100.0)
}

/// A difference of shares in percentage points, such as `+8.8`, with a true minus sign.
pub(crate) fn points(difference: f64) -> String {
    let rounded = (difference * 1000.0).round() / 10.0;
    if rounded < 0.0 {
        format!("\u{2212}{:.1}", -rounded)
    } else {
        format!("+{:.1}", rounded.abs())
    }
}

/// Passed of all with the share, such as `74 of 80 (92.5 %)`.
pub(crate) fn counts(rate: &Rate) -> String {
    format!("{} of {} ({})", rate.passed, rate.total, percent(rate.rate))
}

/// A difference with its interval, such as `+8.8 points (95 % interval +2.1 to +15.9)`.
pub(crate) fn interval(difference: &PairedDifference, confidence: f64) -> String {
    format!(
        "{} points ({:.0} % interval {} to {})",
        points(difference.estimate),
        confidence * 100.0,
        points(difference.lower),
        points(difference.upper)
    )
}

/// A p-value, such as `p = 0.012` or `p < 0.001`.
pub(crate) fn p_value(p: f64) -> String {
    if p < 0.001 {
        "p < 0.001".to_owned()
    } else {
        format!("p = {p:.3}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_difference_that_rounds_to_nothing_has_no_minus() {
        assert_eq!(points(-0.0001), "+0.0");
        assert_eq!(points(-0.088), "\u{2212}8.8");
        assert_eq!(points(0.25), "+25.0");
        assert_eq!(percent(0.925), "92.5 %");
        assert_eq!(p_value(0.000_4), "p < 0.001");
    }
}
