//! What a run trains, as it is kept among the changed settings.

use shared::blank::LEARNING_RATE;

use super::settings::Changes;

/// The path of what is trained: the topic of an adapter's settings, or a word in its place.
pub(super) const TRAINED: &str = "adapter";

/// The word for all weights.
pub(super) const NO_ADAPTER: &str = "none";

/// Whether all weights are trained, so that no adapter has settings.
pub(super) fn trains_all(changes: &Changes) -> bool {
    changes.get(TRAINED).is_some_and(|word| word == NO_ADAPTER)
}

/// Notes that all weights are trained, or an adapter.
pub(super) fn train_all(changes: &mut Changes, is_whole: bool) {
    if is_whole {
        changes.insert(TRAINED.to_owned(), NO_ADAPTER.to_owned());
    } else {
        changes.remove(TRAINED);
    }
}

/// The path of the learning rate.
const RATE: &str = "optimizer.learning_rate";

/// Changes the settings to what a blank base needs, or back where nobody has changed them since.
pub(super) fn suit_blank(changes: &mut Changes, is_blank: bool) {
    let rate = LEARNING_RATE.to_string();
    let is_suited = trains_all(changes) && changes.get(RATE) == Some(&rate);
    if is_blank {
        train_all(changes, true);
        changes.entry(RATE.to_owned()).or_insert(rate);
    } else if is_suited {
        train_all(changes, false);
        changes.remove(RATE);
    }
}

#[cfg(test)]
mod tests {
    use shared::training::{Method, Trained};

    use super::super::settings::configuration;
    use super::*;

    #[test]
    fn a_blank_base_is_suited_and_another_one_not_left_so() {
        let mut changes = Changes::new();
        suit_blank(&mut changes, true);
        let config = configuration(Method::Pretrain, &changes).unwrap();
        assert_eq!(config.adapter, Trained::AllWeights);
        assert!((config.learning_rate() - LEARNING_RATE).abs() < 1e-12);
        suit_blank(&mut changes, false);
        assert_eq!(changes, Changes::new());
        // What somebody has typed stays.
        changes.insert(RATE.to_owned(), "0.002".to_owned());
        suit_blank(&mut changes, true);
        suit_blank(&mut changes, false);
        assert_eq!(changes.get(RATE).map(String::as_str), Some("0.002"));
        assert!(trains_all(&changes));
    }

    #[test]
    fn where_all_weights_are_trained_no_adapter_is_asked_for() {
        let typed = [("adapter.rank", "many"), ("seed", "7")];
        let typed = typed.map(|(path, text)| (path.to_owned(), text.to_owned()));
        let mut changes = Changes::from(typed);
        train_all(&mut changes, true);
        let config = configuration(Method::Sft, &changes).unwrap();
        assert_eq!((config.adapter, config.seed), (Trained::AllWeights, 7));
        train_all(&mut changes, false);
        let wrong = configuration(Method::Sft, &changes).unwrap_err();
        assert!(wrong.contains_key("adapter.rank"));
    }
}
