//! Every address of the application, typed: links are made from an [`Address`], never from text.
//!
//! # Adding an address
//! A page of a project is a variant of [`Place`], where its path is written and read. Any other
//! page is a variant of [`Address`], with its line in `Display` and a route in
//! [`app`](crate::app).

pub mod place;

use std::fmt;

pub use place::Place;

/// A tab of a project's settings.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SettingsTab {
    /// Who may do what.
    #[default]
    Members,
    /// Name and description.
    General,
    /// What was changed by whom.
    Audit,
}

impl SettingsTab {
    /// Every tab, in its order.
    pub const ALL: [Self; 3] = [Self::Members, Self::General, Self::Audit];

    /// The word in the address.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Members => "members",
            Self::General => "general",
            Self::Audit => "audit",
        }
    }

    /// The tab of a word in the address; the first one for any other.
    #[must_use]
    pub fn from_word(word: &str) -> Self {
        Self::ALL
            .into_iter()
            .find(|tab| tab.as_str() == word)
            .unwrap_or_default()
    }
}

/// Somewhere in the application.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Address {
    /// Making the first account.
    Setup,
    /// Signing in, and where to go then.
    SignIn {
        /// The path to come back to.
        next: Option<String>,
    },
    /// The only project, or the list of them.
    Start,
    /// The list of projects.
    Projects,
    /// Making a project.
    NewProject,
    /// A page of a project.
    Project {
        /// The project's word in addresses.
        slug: String,
        /// Which page.
        place: Place,
        /// What is filtered, compared or chosen there.
        query: Vec<(&'static str, String)>,
    },
    /// The accounts, for administrators.
    People,
    /// One's own tokens.
    Tokens,
}

impl Address {
    /// A page of a project.
    pub fn at(slug: impl Into<String>, place: Place) -> Self {
        Self::Project {
            slug: slug.into(),
            place,
            query: Vec::new(),
        }
    }

    /// The home of a project.
    pub fn project(slug: impl Into<String>) -> Self {
        Self::at(slug, Place::Home)
    }

    /// A part of a project's settings.
    pub fn settings(slug: impl Into<String>, tab: SettingsTab) -> Self {
        Self::at(slug, Place::Settings).with("tab", tab.as_str())
    }

    /// Says more in the query of a page of a project; a value without text is left out.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl ToString) -> Self {
        if let Self::Project { query, .. } = &mut self {
            query.push((name, value.to_string()));
        }
        self
    }

    /// The project whose pages a path belongs to.
    #[must_use]
    pub fn slug_of_path(path: &str) -> Option<&str> {
        let slug = path.strip_prefix("/p/")?.split('/').next()?;
        (!slug.is_empty()).then_some(slug)
    }

    /// Where to go after signing in: a path of this application, whatever the address bar claims.
    #[must_use]
    pub fn safe_next(next: Option<&str>) -> String {
        let own = |path: &&str| {
            let mut letters = path.chars();
            letters.next() == Some('/') && !matches!(letters.next(), Some('/' | '\\'))
        };
        next.filter(own).unwrap_or("/").to_owned()
    }
}

impl fmt::Display for Address {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Setup => formatter.write_str("/setup"),
            Self::SignIn { next: None } => formatter.write_str("/sign-in"),
            Self::SignIn { next: Some(next) } => {
                write!(formatter, "/sign-in?next={}", encode(next))
            }
            Self::Start => formatter.write_str("/"),
            Self::Projects => formatter.write_str("/projects"),
            Self::NewProject => formatter.write_str("/projects/new"),
            Self::Project {
                slug,
                place,
                query: words,
            } => {
                let words = words.iter().map(|(name, value)| (*name, value.as_str()));
                let words = query(words);
                write!(formatter, "/p/{}{place}{words}", encode(slug))
            }
            Self::People => formatter.write_str("/admin/people"),
            Self::Tokens => formatter.write_str("/account/tokens"),
        }
    }
}

/// Names and values as a query, with its question mark; values without text are left out.
#[must_use]
pub fn query<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    let mut text = String::new();
    for (name, value) in pairs {
        if !value.is_empty() {
            text.push(if text.is_empty() { '?' } else { '&' });
            text.push_str(name);
            text.push('=');
            text.push_str(&encode(value));
        }
    }
    text
}

/// Text as one part of a path or of a query. A comma may stand in both: lists stay readable.
#[must_use]
pub fn encode(text: &str) -> String {
    use fmt::Write;

    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~' | b',') {
            encoded.push(char::from(byte));
        } else {
            // Writing to a string does not fail.
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_survives_any_text() {
        assert_eq!(encode("a b/ü?"), "a%20b%2F%C3%BC%3F");
        assert_eq!(encode("3,5,8"), "3,5,8");
        let next = Some("/p/x?tab=audit".to_owned());
        let address = Address::SignIn { next };
        assert_eq!(address.to_string(), "/sign-in?next=%2Fp%2Fx%3Ftab%3Daudit");
    }

    #[test]
    fn a_query_leaves_out_what_is_empty() {
        assert_eq!(query([("a", ""), ("b", "x y"), ("c", "1")]), "?b=x%20y&c=1");
        assert_eq!(query([("a", "")]), "");
        let address = Address::at("x", Place::Data)
            .with("after", "")
            .with("q", "a");
        assert_eq!(address.to_string(), "/p/x/data?q=a");
        assert_eq!(Address::project("x").to_string(), "/p/x");
    }

    #[test]
    fn a_path_knows_its_project() {
        assert_eq!(Address::slug_of_path("/p/intake/settings"), Some("intake"));
        assert_eq!(Address::slug_of_path("/p/intake"), Some("intake"));
        assert_eq!(Address::slug_of_path("/p/"), None);
        assert_eq!(Address::slug_of_path("/projects"), None);
    }

    #[test]
    fn signing_in_leads_to_our_own_pages_only() {
        assert_eq!(Address::safe_next(Some("/p/intake")), "/p/intake");
        for elsewhere in [
            "//evil.example",
            "/\\evil.example",
            "https://evil.example",
            "",
        ] {
            assert_eq!(Address::safe_next(Some(elsewhere)), "/");
        }
        assert_eq!(Address::safe_next(None), "/");
    }

    #[test]
    fn an_unknown_tab_is_the_first_one() {
        assert_eq!(SettingsTab::from_word("audit"), SettingsTab::Audit);
        assert_eq!(SettingsTab::from_word("nonsense"), SettingsTab::Members);
    }
}
