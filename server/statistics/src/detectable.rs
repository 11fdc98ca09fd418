//! What a suite of this size could have seen at all.

use crate::distribution::normal_quantile;
use crate::{Confidence, StatisticsError};

/// The smallest true difference of pass rates that a paired test over `items` items finds with
/// probability `power`, if the two models disagree on a share `discordance` of the items.
///
/// Connor's sample size for McNemar's test, `n = (z_α √ψ + z_β √(ψ - δ²))² / δ²`, solved for `δ`:
/// ```text
/// δ = √ψ (z_α √n + z_β √(n - z_α² + z_β²)) / (n + z_β²)
/// ```
/// with `ψ` the discordance, `z_α` the quantile of `confidence` and `z_β` that of `power`. Source:
/// R. J. Connor (1987), Biometrics 43, 207-211.
///
/// `None` means that no difference is found with that power: `|δ|` cannot exceed `ψ`, and where
/// the formula asks for more, the suite is too small. A discordance seen on few items is itself
/// uncertain; for planning, take the upper end of its [`wilson`](crate::wilson()) interval.
pub fn smallest_detectable_effect(
    items: u64,
    discordance: f64,
    power: f64,
    confidence: Confidence,
) -> Result<Option<f64>, StatisticsError> {
    if items == 0 {
        return Err(StatisticsError::NoItems);
    }
    check(
        "the discordance",
        discordance,
        discordance > 0.0 && discordance <= 1.0,
    )?;
    check("the power", power, power > 0.0 && power < 1.0)?;

    let n = items as f64;
    let (z_alpha, z_beta) = (confidence.z(), normal_quantile(power));
    let inner = n - z_alpha * z_alpha + z_beta * z_beta;
    if inner < 0.0 {
        return Ok(None);
    }
    let effect =
        discordance.sqrt() * (z_alpha * n.sqrt() + z_beta * inner.sqrt()) / (n + z_beta * z_beta);
    Ok((effect <= discordance).then_some(effect))
}

fn check(name: &'static str, value: f64, usable: bool) -> Result<(), StatisticsError> {
    if usable {
        return Ok(());
    }
    let range = "a share above 0 and up to 1 (the power: below 1), such as 0.8";
    Err(StatisticsError::OutOfRange { name, value, range })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(items: u64, discordance: f64) -> Option<f64> {
        let confidence = Confidence::two_sided(0.95).unwrap();
        smallest_detectable_effect(items, discordance, 0.8, confidence).unwrap()
    }

    #[test]
    fn it_undoes_the_sample_size() {
        let (z_alpha, z_beta) = (1.959_963_984_540_054_f64, 0.841_621_233_572_914_3_f64);
        for (items, discordance) in [(80, 0.3), (200, 0.1), (1000, 0.25), (50, 1.0)] {
            let effect = at(items, discordance).unwrap();
            let spread = (discordance - effect * effect).sqrt();
            let needed = (z_alpha * discordance.sqrt() + z_beta * spread).powi(2) / effect.powi(2);
            assert!((needed - items as f64).abs() < 1e-6, "{items}: {needed}");
        }
    }

    #[test]
    fn more_items_and_less_disagreement_show_smaller_effects() {
        assert!(at(400, 0.2) < at(100, 0.2));
        assert!(at(400, 0.1) < at(400, 0.2));
    }

    #[test]
    fn too_few_items_detect_nothing() {
        assert_eq!(at(1, 0.5), None);
        assert_eq!(at(20, 0.05), None);
    }

    #[test]
    fn unusable_shares_are_refused() {
        let confidence = Confidence::two_sided(0.95).unwrap();
        for (discordance, power) in [
            (0.0, 0.8),
            (1.1, 0.8),
            (f64::NAN, 0.8),
            (0.2, 0.0),
            (0.2, 1.0),
        ] {
            assert!(smallest_detectable_effect(80, discordance, power, confidence).is_err());
        }
        let nothing = smallest_detectable_effect(0, 0.2, 0.8, confidence);
        assert_eq!(nothing, Err(StatisticsError::NoItems));
    }
}
