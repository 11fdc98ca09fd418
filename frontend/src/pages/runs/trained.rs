//! What a run trains, as it is kept among the changed settings.

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

#[cfg(test)]
mod tests {
    use shared::training::{Method, Trained};

    use super::super::settings::configuration;
    use super::*;

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
