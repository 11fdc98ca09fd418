//! Where the parts of a chart lie: round values along an axis, labels that do not lie on each other.

/// The height of a label.
const LABEL: f64 = 14.0;

/// Round values that cover a range, about five of them.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "it is clamped to a few"
)]
pub(super) fn ticks(low: f64, high: f64) -> Vec<f64> {
    let span = if high > low {
        high - low
    } else if high == 0.0 {
        1.0
    } else {
        high.abs()
    };
    let rough = span / 4.0;
    let power = 10_f64.powf(rough.log10().floor());
    let unit = [1.0, 2.0, 5.0, 10.0]
        .into_iter()
        .map(|factor| factor * power)
        .find(|unit| *unit >= rough)
        .unwrap_or(rough);
    let first = (low / unit).floor();
    let count = (high / unit).ceil() - first;
    let count = count.clamp(1.0, 12.0) as usize;
    (0..=count).map(|at| (first + at as f64) * unit).collect()
}

/// A height for a label that no other label has: further down, or further up where it would come
/// below `lowest`, the largest height.
pub(super) fn free_place(taken: &mut Vec<f64>, wanted: f64, lowest: f64) -> f64 {
    let pushed = |by: f64| {
        let mut place = wanted;
        // Each label can push it once; a rounding error must not push it for ever.
        for _ in 0..taken.len() {
            if let Some(near) = taken.iter().find(|other| (**other - place).abs() < LABEL) {
                place = near + by;
            }
        }
        place
    };
    let below = pushed(LABEL);
    let place = if below > lowest {
        pushed(-LABEL)
    } else {
        below
    };
    taken.push(place);
    place
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_and_cover_the_range() {
        assert_eq!(ticks(0.0, 10.0), [0.0, 5.0, 10.0]);
        assert_eq!(ticks(0.0, 100.0), [0.0, 50.0, 100.0]);
        assert_eq!(ticks(1.0, 1.0), [1.0, 1.5]);
        assert_eq!(ticks(0.0, 0.0), [0.0, 0.5]);
        let fine = ticks(0.83, 2.41);
        assert!(fine[0] <= 0.83 && *fine.last().unwrap() >= 2.41, "{fine:?}");
    }

    #[test]
    fn labels_do_not_lie_on_each_other() {
        let mut taken = Vec::new();
        let places = [50.0, 52.0].map(|wanted| free_place(&mut taken, wanted, 170.0));
        let [first, second] = places;
        assert!((first - 50.0_f64).abs() < 1e-9 && (second - 64.0_f64).abs() < 1e-9);
        let axis = 170.0;
        let mut taken = vec![axis, axis - LABEL];
        let third = free_place(&mut taken, axis - 1.0, axis);
        assert!((third - (axis - 2.0 * LABEL)).abs() < 1e-9, "{third}");
    }
}
