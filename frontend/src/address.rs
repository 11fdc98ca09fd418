//! Every address of the application, typed: links are made from an [`Address`], never from text.
//!
//! # Adding an address
//! 1. A variant, and its line in `Display`.
//! 2. A route in [`app`](crate::app) with the same path.

pub mod place;
pub mod work;

use std::fmt;

use shared::{ids::ModelVersionId, overview::Step};

pub use place::Place;
pub use work::Work;

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

/// A place in the application.
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
    /// A project's home.
    Project {
        /// The project's word in addresses.
        slug: String,
    },
    /// A project's settings.
    Settings {
        /// The project's word in addresses.
        slug: String,
        /// Which part.
        tab: SettingsTab,
        /// The page of the audit list.
        after: Option<String>,
    },
    /// A page of a project's spec, data, suites or prompts.
    Material {
        /// The project's word in addresses.
        slug: String,
        /// Which page.
        place: Place,
        /// What is filtered, compared or chosen there.
        query: Vec<(&'static str, String)>,
    },
    /// A page of a project's queues or runs.
    Work {
        /// The project's word in addresses.
        slug: String,
        /// Which page.
        work: Work,
        /// What is in view there, such as `tab=pairs`; empty for what comes first.
        query: String,
    },
    /// The pages of a step of the loop.
    Step {
        /// The project's word in addresses.
        slug: String,
        /// The step.
        step: Step,
    },
    /// Asking suites of a model.
    NewEvaluation {
        /// The project's word in addresses.
        slug: String,
    },
    /// One evaluation.
    Evaluation {
        /// The project's word in addresses.
        slug: String,
        /// Its number in the project.
        number: i64,
    },
    /// Comparing two models.
    NewReport {
        /// The project's word in addresses.
        slug: String,
    },
    /// One report.
    Report {
        /// The project's word in addresses.
        slug: String,
        /// Its number in the project.
        number: i64,
    },
    /// A conversation with a model version.
    Chat {
        /// The project's word in addresses.
        slug: String,
        /// The version.
        id: ModelVersionId,
    },
    /// The accounts, for administrators.
    People,
    /// One's own tokens.
    Tokens,
}

impl Address {
    /// The home of a project.
    pub fn project(slug: impl Into<String>) -> Self {
        Self::Project { slug: slug.into() }
    }

    /// A part of a project's settings.
    pub fn settings(slug: impl Into<String>, tab: SettingsTab) -> Self {
        Self::Settings {
            slug: slug.into(),
            tab,
            after: None,
        }
    }

    /// A page of a project's material.
    pub fn material(slug: impl Into<String>, place: Place) -> Self {
        Self::Material {
            slug: slug.into(),
            place,
            query: Vec::new(),
        }
    }

    /// Says more in the query of a page of a project's material.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl ToString) -> Self {
        if let Self::Material { query, .. } = &mut self {
            query.push((name, value.to_string()));
        }
        self
    }

    /// A page of a project's queues or runs.
    pub fn work(slug: impl Into<String>, work: Work) -> Self {
        Self::Work {
            slug: slug.into(),
            work,
            query: String::new(),
        }
    }

    /// The page of a step of the loop.
    pub fn step(slug: impl Into<String>, step: Step) -> Self {
        let slug = slug.into();
        Self::Step { slug, step }
    }

    /// The form for evaluations.
    pub fn new_evaluation(slug: impl Into<String>) -> Self {
        Self::NewEvaluation { slug: slug.into() }
    }

    /// The form for a report.
    pub fn new_report(slug: impl Into<String>) -> Self {
        Self::NewReport { slug: slug.into() }
    }

    /// One evaluation.
    pub fn evaluation(slug: impl Into<String>, number: i64) -> Self {
        let slug = slug.into();
        Self::Evaluation { slug, number }
    }

    /// One report.
    pub fn report(slug: impl Into<String>, number: i64) -> Self {
        let slug = slug.into();
        Self::Report { slug, number }
    }

    /// A conversation with a model version.
    pub fn chat(slug: impl Into<String>, id: ModelVersionId) -> Self {
        let slug = slug.into();
        Self::Chat { slug, id }
    }

    /// The address with a word in its query, which it must not have yet.
    #[must_use]
    pub fn asking(&self, key: &str, value: &str) -> String {
        format!("{self}?{key}={}", encode(value))
    }

    /// The address with several words in its query.
    #[must_use]
    pub fn asking_all(&self, pairs: &[(&str, String)]) -> String {
        let pairs = pairs
            .iter()
            .map(|(key, value)| format!("{key}={}", encode(value)));
        let query = pairs.collect::<Vec<_>>().join("&");
        if query.is_empty() {
            self.to_string()
        } else {
            format!("{self}?{query}")
        }
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
            Self::Project { slug } => write!(formatter, "/p/{}", encode(slug)),
            Self::Settings { slug, tab, after } => {
                write!(
                    formatter,
                    "/p/{}/settings?tab={}",
                    encode(slug),
                    tab.as_str()
                )?;
                match after {
                    Some(after) => write!(formatter, "&after={}", encode(after)),
                    None => Ok(()),
                }
            }
            Self::Material { slug, place, query } => {
                let pairs = query.iter().map(|(name, value)| (*name, value.as_str()));
                let query = place::query(pairs);
                write!(formatter, "/p/{}/{place}{query}", encode(slug))
            }
            Self::Work { slug, work, query } => {
                let mark = if query.is_empty() { "" } else { "?" };
                write!(formatter, "/p/{}/{work}{mark}{query}", encode(slug))
            }
            Self::Step { slug, step } => write!(formatter, "/p/{}/{step}", encode(slug)),
            Self::NewEvaluation { slug } => {
                write!(formatter, "/p/{}/evaluations/new", encode(slug))
            }
            Self::Evaluation { slug, number } => {
                write!(formatter, "/p/{}/evaluations/{number}", encode(slug))
            }
            Self::NewReport { slug } => write!(formatter, "/p/{}/reports/new", encode(slug)),
            Self::Report { slug, number } => {
                write!(formatter, "/p/{}/reports/{number}", encode(slug))
            }
            Self::Chat { slug, id } => write!(formatter, "/p/{}/models/{id}/chat", encode(slug)),
            Self::People => formatter.write_str("/admin/people"),
            Self::Tokens => formatter.write_str("/account/tokens"),
        }
    }
}

/// Text as one part of a path or of a query.
#[must_use]
pub fn encode(text: &str) -> String {
    use fmt::Write;

    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~') {
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
        let next = Some("/p/x?tab=audit".to_owned());
        let address = Address::SignIn { next };
        assert_eq!(address.to_string(), "/sign-in?next=%2Fp%2Fx%3Ftab%3Daudit");
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
