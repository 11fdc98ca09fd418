//! What a run trains, as it is kept among the changed settings.

use shared::{blank::LEARNING_RATE, training::Method};

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

/// What was decided before a blank base was chosen.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct BeforeBlank {
    method: Method,
    is_whole: bool,
    has_rate: bool,
}

impl BeforeBlank {
    /// Decides as a blank base needs it; a rate that somebody has typed stays.
    pub(super) fn suit(method: &mut Method, changes: &mut Changes) -> Self {
        let before = Self {
            method: *method,
            is_whole: trains_all(changes),
            has_rate: changes.contains_key(RATE),
        };
        *method = Method::Pretrain;
        train_all(changes, true);
        let rate = changes.entry(RATE.to_owned());
        rate.or_insert_with(|| LEARNING_RATE.to_string());
        before
    }

    /// Takes back what [`Self::suit`] decided, but for what somebody has changed since.
    pub(super) fn restore(self, method: &mut Method, changes: &mut Changes) {
        if *method == Method::Pretrain {
            *method = self.method;
        }
        if trains_all(changes) {
            train_all(changes, self.is_whole);
        }
        if !self.has_rate && changes.get(RATE) == Some(&LEARNING_RATE.to_string()) {
            changes.remove(RATE);
        }
    }
}

#[cfg(test)]
mod tests {
    use shared::training::Trained;

    use super::super::settings::configuration;
    use super::*;

    #[test]
    fn a_blank_base_is_suited_and_another_one_not_left_so() {
        let (mut method, mut changes) = (Method::Dpo, Changes::new());
        let before = BeforeBlank::suit(&mut method, &mut changes);
        assert_eq!(method, Method::Pretrain);
        let config = configuration(method, &changes).unwrap();
        assert_eq!(config.adapter, Trained::AllWeights);
        assert!((config.learning_rate() - LEARNING_RATE).abs() < 1e-12);
        before.restore(&mut method, &mut changes);
        assert_eq!((method, &changes), (Method::Dpo, &Changes::new()));
        // What somebody has typed before stays, and nothing else.
        let typed = Changes::from([(RATE.to_owned(), "0.002".to_owned())]);
        changes.clone_from(&typed);
        let before = BeforeBlank::suit(&mut method, &mut changes);
        assert_eq!(changes.get(RATE), typed.get(RATE));
        before.restore(&mut method, &mut changes);
        assert_eq!((method, &changes), (Method::Dpo, &typed));
        // So does what somebody has changed since.
        let before = BeforeBlank::suit(&mut method, &mut changes);
        method = Method::Sft;
        train_all(&mut changes, false);
        before.restore(&mut method, &mut changes);
        assert_eq!((method, &changes), (Method::Sft, &typed));
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
