//! What a preference row may say beyond which response is better: by how many votes, and by how much.

use serde::{Deserialize, Serialize};

/// How many annotators preferred which response of a pair. There is at least one vote, and the chosen
/// response has no fewer than the rejected one. Who called it a tie voted for neither.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(try_from = "Counts", into = "Counts")]
pub struct Votes {
    /// For the chosen response.
    chosen: u32,
    /// For the rejected one.
    rejected: u32,
}

/// Votes as they are written.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Counts {
    chosen: u32,
    rejected: u32,
}

impl Votes {
    /// So many votes for each response.
    ///
    /// # Errors
    /// Says what is wrong where nobody voted, or more did so for the rejected response.
    pub fn new(chosen: u32, rejected: u32) -> Result<Self, String> {
        if chosen < rejected {
            return Err(format!(
                "the rejected response has {rejected} votes and the chosen one {chosen}: the one with \
                 more votes must be the chosen one"
            ));
        }
        if chosen == 0 {
            return Err("neither response has a vote: leave the votes out".to_owned());
        }
        Ok(Self { chosen, rejected })
    }

    /// The votes for the chosen response.
    #[must_use]
    pub const fn chosen(self) -> u32 {
        self.chosen
    }

    /// The votes for the rejected response.
    #[must_use]
    pub const fn rejected(self) -> u32 {
        self.rejected
    }

    /// The share of votes for the chosen response, from 0.5 to 1.
    #[must_use]
    pub fn share(self) -> f64 {
        let (chosen, rejected) = (f64::from(self.chosen), f64::from(self.rejected));
        chosen / (chosen + rejected)
    }

    /// Whether annotators disagree.
    #[must_use]
    pub const fn are_split(self) -> bool {
        self.rejected > 0
    }
}

impl TryFrom<Counts> for Votes {
    type Error = String;

    fn try_from(counts: Counts) -> Result<Self, String> {
        Self::new(counts.chosen, counts.rejected)
    }
}

impl From<Votes> for Counts {
    fn from(votes: Votes) -> Self {
        Self {
            chosen: votes.chosen,
            rejected: votes.rejected,
        }
    }
}

/// By how much the score of the chosen response shall exceed that of the rejected one. A finite number
/// of 32 bits, as TRL has it, written with as few digits as tell it apart.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(try_from = "f64", into = "f64")]
pub struct Margin(f32);

/// A margin is never NaN.
impl Eq for Margin {}

impl Margin {
    /// A margin, rounded to 32 bits.
    ///
    /// # Errors
    /// Says so where it is no finite number of 32 bits.
    #[expect(clippy::cast_possible_truncation, reason = "it is rounded to 32 bits")]
    pub fn new(margin: f64) -> Result<Self, String> {
        // Zero is written without a sign.
        let rounded = margin as f32 + 0.0;
        if rounded.is_finite() {
            Ok(Self(rounded))
        } else {
            Err(format!(
                "a margin of {margin} is no finite number of 32 bits"
            ))
        }
    }

    /// The number itself.
    #[must_use]
    pub const fn get(self) -> f32 {
        self.0
    }
}

impl TryFrom<f64> for Margin {
    type Error = String;

    fn try_from(margin: f64) -> Result<Self, String> {
        Self::new(margin)
    }
}

/// The number of 64 bits with the same shortest digits: 0.1 and not 0.10000000149011612.
impl From<Margin> for f64 {
    fn from(margin: Margin) -> Self {
        let digits = margin.0.to_string();
        digits.parse().unwrap_or(Self::from(margin.0))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn votes_name_the_better_response() {
        let votes: Votes = serde_json::from_value(json!({ "chosen": 2, "rejected": 1 })).unwrap();
        assert_eq!(votes, Votes::new(2, 1).unwrap());
        assert!((votes.share() - 2.0 / 3.0).abs() < 1e-15 && votes.are_split());
        let sure = Votes::new(3, 0).unwrap();
        assert!(sure.share() >= 1.0 && !sure.are_split());
        assert_eq!(json!(sure), json!({ "chosen": 3, "rejected": 0 }));
        for (chosen, rejected) in [(1, 2), (0, 0)] {
            let wrong = json!({ "chosen": chosen, "rejected": rejected });
            assert!(serde_json::from_value::<Votes>(wrong).is_err());
        }
        assert!(Votes::new(u32::MAX, u32::MAX).unwrap().share() <= 0.5);
    }

    #[test]
    fn margins_keep_their_digits() {
        for text in [
            "0.1",
            "-2.75",
            "16777216.0",
            "1e-30",
            "0.30000004",
            "3.4028235e+38",
        ] {
            let margin: Margin = serde_json::from_str(text).unwrap();
            let written = serde_json::to_string(&margin).unwrap();
            assert_eq!(serde_json::from_str::<Margin>(&written).unwrap(), margin);
            assert_eq!(written, text);
        }
        assert_eq!(
            serde_json::to_string(&Margin::new(-0.0).unwrap()).unwrap(),
            "0.0"
        );
        assert!(Margin::new(1e39).is_err() && Margin::new(f64::NAN).is_err());
    }
}
