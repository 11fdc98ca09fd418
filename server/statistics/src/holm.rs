//! Correction for asking many questions at once.

use std::collections::HashSet;

use crate::StatisticsError;

/// A hypothesis with its p-value before and after the correction.
#[derive(Clone, Debug, PartialEq)]
pub struct Adjusted {
    /// The name it was given.
    pub hypothesis: String,
    /// As it was given.
    pub p_value: f64,
    /// Compare this one with the level of the whole family.
    pub adjusted: f64,
}

/// Holm's step-down correction: the family-wise error stays below the level, whatever the
/// dependence between the tests.
///
/// In rising order `p₍₁₎ ≤ … ≤ p₍ₘ₎`, the adjusted value of the `j`-th is
/// `max over i ≤ j of min(1, (m - i + 1) p₍ᵢ₎)`. The result keeps the order of the input; equal
/// p-values get equal adjusted values; no hypotheses give no results.
///
/// Source: S. Holm (1979), Scandinavian Journal of Statistics 6, 65-70.
pub fn holm(hypotheses: &[(&str, f64)]) -> Result<Vec<Adjusted>, StatisticsError> {
    check(hypotheses)?;
    let count = hypotheses.len();
    let mut order: Vec<usize> = (0..count).collect();
    order.sort_by(|&one, &other| hypotheses[one].1.total_cmp(&hypotheses[other].1));

    let mut adjusted = vec![0.0; count];
    let mut running = 0.0_f64;
    for (rank, &index) in order.iter().enumerate() {
        let scaled = (count - rank) as f64 * hypotheses[index].1;
        running = running.max(scaled.min(1.0));
        adjusted[index] = running;
    }
    Ok(hypotheses
        .iter()
        .zip(adjusted)
        .map(|(&(name, p_value), adjusted)| Adjusted {
            hypothesis: name.to_owned(),
            p_value,
            adjusted,
        })
        .collect())
}

fn check(hypotheses: &[(&str, f64)]) -> Result<(), StatisticsError> {
    let mut seen = HashSet::new();
    for &(name, p_value) in hypotheses {
        if !(0.0..=1.0).contains(&p_value) {
            return Err(StatisticsError::PValue {
                hypothesis: name.to_owned(),
                p_value,
            });
        }
        if !seen.insert(name) {
            return Err(StatisticsError::Repeated(name.to_owned()));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_is_kept_and_the_values_never_fall() {
        let result = holm(&[("b", 0.04), ("a", 0.01), ("d", 0.03), ("c", 0.005)]).unwrap();

        let names: Vec<_> = result.iter().map(|one| one.hypothesis.as_str()).collect();
        assert_eq!(names, ["b", "a", "d", "c"]);
        // 4 x 0.005, 3 x 0.01, 2 x 0.03, and 1 x 0.04 raised to the one before it.
        for (one, expected) in result.iter().zip([0.06, 0.03, 0.06, 0.02]) {
            assert!((one.adjusted - expected).abs() < 1e-15, "{one:?}");
        }
    }

    #[test]
    fn one_hypothesis_needs_no_correction_and_none_has_no_result() {
        assert!((holm(&[("only", 0.2)]).unwrap()[0].adjusted - 0.2).abs() < 1e-15);
        assert_eq!(holm(&[]), Ok(Vec::new()));
    }

    #[test]
    fn values_end_at_one() {
        let result = holm(&[("a", 0.9), ("b", 0.8), ("c", 1.0)]).unwrap();
        assert!(result.iter().all(|one| (one.adjusted - 1.0).abs() < 1e-15));
    }

    #[test]
    fn what_is_no_p_value_and_a_repeated_name_are_refused() {
        for p_value in [-0.1, 1.1, f64::NAN] {
            let error = holm(&[("general ability", p_value)]).unwrap_err();
            assert!(error.to_string().contains("`general ability`"), "{error}");
        }
        let error = holm(&[("a", 0.1), ("a", 0.2)]).unwrap_err();
        assert_eq!(error, StatisticsError::Repeated("a".to_owned()));
    }
}
