//! At least and at most, for the checks that count.

use crate::error::Unusable;

/// A range with one end or both.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    min: Option<u32>,
    max: Option<u32>,
}

impl Bounds {
    pub(crate) fn new(min: Option<u32>, max: Option<u32>) -> Result<Self, Unusable> {
        match (min, max) {
            (None, None) => Err(Unusable::new(
                "max",
                "is missing, and so is `min`: set at least one of them",
            )),
            (Some(min), Some(max)) if min > max => {
                let problem =
                    format!("is {min} and `max` is {max}: `min` cannot be the larger one");
                Err(Unusable::new("min", problem))
            }
            _ => Ok(Self { min, max }),
        }
    }

    pub(crate) fn contain(self, count: usize) -> bool {
        // A count beyond 32 bits lies above every bound.
        let count = u32::try_from(count).unwrap_or(u32::MAX);
        self.min.is_none_or(|min| count >= min) && self.max.is_none_or(|max| count <= max)
    }

    /// `at least 1`, `at most 3`, `1 to 3`, `exactly 2`.
    pub(crate) fn wanted(self) -> String {
        match (self.min, self.max) {
            (Some(min), Some(max)) if min == max => format!("exactly {min}"),
            (Some(min), Some(max)) => format!("{min} to {max}"),
            (Some(min), None) => format!("at least {min}"),
            (None, Some(max)) => format!("at most {max}"),
            (None, None) => "any number".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ends_are_included() {
        let bounds = Bounds::new(Some(1), Some(3)).unwrap();
        let inside: Vec<usize> = (0..6).filter(|count| bounds.contain(*count)).collect();
        assert_eq!(inside, [1, 2, 3]);
        assert_eq!(bounds.wanted(), "1 to 3");
        assert!(!Bounds::new(None, Some(7)).unwrap().contain(usize::MAX));
    }

    #[test]
    fn no_bound_and_crossed_bounds_are_refused() {
        assert!(Bounds::new(None, None).is_err());
        let error = Bounds::new(Some(3), Some(1))
            .unwrap_err()
            .of("c")
            .to_string();
        assert_eq!(
            error,
            "check `c`: `min` is 3 and `max` is 1: `min` cannot be the larger one"
        );
    }
}
