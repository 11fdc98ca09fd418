//! What stands beside the responses of a pair.

use serde_json::{Map, Value};
use shared::dataset::{Margin, Votes};

use super::rows::present;

/// How many annotators preferred which response: both counts, or none.
pub(super) fn votes(object: &Map<String, Value>) -> Result<Option<Votes>, String> {
    let count = |key: &str| {
        let value = present(object, key).map(|value| {
            let count = value.as_u64().and_then(|count| u32::try_from(count).ok());
            count.ok_or_else(|| format!("{key} must be a whole number from 0 up"))
        });
        value.transpose()
    };
    match (count("votes_chosen")?, count("votes_rejected")?) {
        (None, None) => Ok(None),
        (Some(chosen), Some(rejected)) => Votes::new(chosen, rejected).map(Some),
        (Some(_), None) => Err("votes_chosen stands without votes_rejected".to_owned()),
        (None, Some(_)) => Err("votes_rejected stands without votes_chosen".to_owned()),
    }
}

/// By how much the chosen response shall score above the rejected one.
pub(super) fn margin(object: &Map<String, Value>) -> Result<Option<Margin>, String> {
    let margin = present(object, "margin").map(|value| {
        let number = value.as_f64().ok_or("margin must be a number")?;
        Margin::new(number)
    });
    margin.transpose()
}

#[cfg(test)]
mod tests {
    use shared::dataset::RowContent;

    use super::*;
    use crate::data::Row;

    #[test]
    fn votes_and_margins_stand_beside_a_pair() {
        let said = |further: &str| {
            let text = format!(r#"{{"prompt": "a", "chosen": "b", "rejected": "c", {further}}}"#);
            Row::parse(1, &text).map(|row| match row.content {
                RowContent::Preference { votes, margin, .. } => (votes, margin),
                _ => panic!("not a pair"),
            })
        };
        let votes = Votes::new(2, 1).ok();
        let margin = Margin::new(0.5).ok();
        let both = r#""votes_chosen": 2, "votes_rejected": 1, "margin": 0.5"#;
        assert_eq!(said(both), Ok((votes, margin)));
        let nothing = r#""votes_chosen": null, "votes_rejected": null, "margin": null"#;
        assert_eq!(said(nothing), Ok((None, None)));
        for (further, word) in [
            (r#""votes_chosen": 2"#, "without votes_rejected"),
            (r#""votes_rejected": 2"#, "without votes_chosen"),
            (r#""votes_chosen": 1, "votes_rejected": 2"#, "more votes"),
            (
                r#""votes_chosen": 1.5, "votes_rejected": 0"#,
                "votes_chosen must be",
            ),
            (r#""margin": "wide""#, "margin must be"),
            (r#""margin": 1e300"#, "no finite number"),
        ] {
            let message = said(further).unwrap_err();
            assert!(message.contains(word), "{further}: {message}");
        }
    }
}
