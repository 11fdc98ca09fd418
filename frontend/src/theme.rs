//! Light, dark, or as the system has it. The choice stays in this browser.

use leptos::prelude::*;

use crate::browser;

/// The storage key, which the page's starting script reads too, before anything is drawn.
const KEY: &str = "temper-theme";

/// Which colours to use.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Theme {
    /// As the system has it.
    #[default]
    System,
    /// Dark on light.
    Light,
    /// Light on dark.
    Dark,
}

impl Theme {
    /// Every theme, in the order of the switch.
    pub const ALL: [Self; 3] = [Self::System, Self::Light, Self::Dark];

    /// Its name for people.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::System => "System",
            Self::Light => "Light",
            Self::Dark => "Dark",
        }
    }

    const fn word(self) -> Option<&'static str> {
        match self {
            Self::System => None,
            Self::Light => Some("light"),
            Self::Dark => Some("dark"),
        }
    }

    fn from_word(word: Option<&str>) -> Self {
        Self::ALL
            .into_iter()
            .find(|theme| theme.word() == word)
            .unwrap_or_default()
    }
}

/// The theme of this tab, shared by context.
#[derive(Clone, Copy, Debug)]
pub struct CurrentTheme(RwSignal<Theme>);

impl CurrentTheme {
    /// Makes the stored choice known to all below, and keeps the document and the storage to it.
    pub fn provide() {
        let stored = browser::stored(KEY);
        let theme = RwSignal::new(Theme::from_word(stored.as_deref()));
        provide_context(Self(theme));
        Effect::new(move |_| apply(theme.get()));
    }

    /// The theme that [`CurrentTheme::provide`] made.
    #[must_use]
    pub fn expect() -> Self {
        expect_context()
    }

    /// The choice; tracks changes.
    #[must_use]
    pub fn get(self) -> Theme {
        self.0.get()
    }

    /// Changes the choice.
    pub fn set(self, theme: Theme) {
        browser::store(KEY, theme.word());
        self.0.set(theme);
    }
}

fn apply(theme: Theme) {
    let Some(root) = document().document_element() else {
        return;
    };
    // An attribute of the document's root cannot fail to be set.
    let _ = match theme.word() {
        Some(word) => root.set_attribute("data-theme", word),
        None => root.remove_attribute("data-theme"),
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stored_word_that_is_unknown_follows_the_system() {
        assert_eq!(Theme::from_word(Some("dark")), Theme::Dark);
        assert_eq!(Theme::from_word(Some("sepia")), Theme::System);
        assert_eq!(Theme::from_word(None), Theme::System);
    }
}
