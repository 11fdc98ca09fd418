//! `keywords`: whole words and phrases that must, or must not, occur.
//!
//! Case does not matter. White space within a phrase matches any white space, and both forms of the
//! apostrophe match each other. A keyword is found as a whole: the characters beside it are no
//! letters, digits, marks or underscores (`\w` of Unicode), so that `pin` is in "your PIN-code" but
//! not in "shipping". Scripts that put no spaces between words (Chinese, Japanese, Thai, Lao,
//! Khmer, Burmese) have no such boundary, and are found anywhere. All lists that are given must be
//! satisfied together; the negated check passes if that is not so.

use std::sync::LazyLock;

use regex::{Regex, RegexBuilder};

use super::Evaluate;
use crate::error::Unusable;
use crate::finding::{Evaluation, Finding};
use crate::pointer::{Pointer, place};
use crate::reading::Reading;
use crate::text::{quote, quoted_list};

#[derive(Debug)]
pub(crate) struct Keywords {
    pointer: Option<Pointer>,
    any_of: Vec<Keyword>,
    all_of: Vec<Keyword>,
    none_of: Vec<Keyword>,
}

#[derive(Debug)]
struct Keyword {
    text: String,
    regex: Regex,
}

impl Keywords {
    pub(crate) fn new(
        pointer: Option<&String>,
        any_of: &[String],
        all_of: &[String],
        none_of: &[String],
    ) -> Result<Self, Unusable> {
        if any_of.is_empty() && all_of.is_empty() && none_of.is_empty() {
            let problem = "is empty, and so are `all_of` and `none_of`: list words in one of them";
            return Err(Unusable::new("any_of", problem));
        }
        Ok(Self {
            pointer: Pointer::optional(pointer)?,
            any_of: keywords("any_of", any_of)?,
            all_of: keywords("all_of", all_of)?,
            none_of: keywords("none_of", none_of)?,
        })
    }
}

impl Evaluate for Keywords {
    fn evaluate(&self, reading: &Reading<'_>) -> Evaluation {
        let text = reading.text(self.pointer.as_ref())?;
        let place = place(self.pointer.as_ref());
        let forbidden = texts(self.none_of.iter().filter(|keyword| keyword.occurs(&text)));
        let missing = texts(self.all_of.iter().filter(|keyword| !keyword.occurs(&text)));
        let found: Vec<&str> = texts(
            self.any_of
                .iter()
                .chain(&self.all_of)
                .filter(|keyword| keyword.occurs(&text)),
        );
        let none_of_any =
            !self.any_of.is_empty() && !self.any_of.iter().any(|keyword| keyword.occurs(&text));

        let mut problems = Vec::new();
        if !forbidden.is_empty() {
            problems.push(format!("contains {}", quoted_list(forbidden)));
        }
        if !missing.is_empty() {
            problems.push(format!("lacks {}", quoted_list(missing)));
        }
        if none_of_any {
            problems.push(format!(
                "has none of {}",
                quoted_list(texts(self.any_of.iter()))
            ));
        }
        Ok(if !problems.is_empty() {
            Finding::new(
                false,
                format!("{place} {}: {}", problems.join(" and "), quote(&text)),
            )
        } else if found.is_empty() {
            Finding::new(true, format!("{place} has none of the unwanted words"))
        } else {
            Finding::new(true, format!("{place} contains {}", quoted_list(found)))
        })
    }
}

impl Keyword {
    fn occurs(&self, text: &str) -> bool {
        self.regex.is_match(text)
    }
}

fn texts<'a>(keywords: impl Iterator<Item = &'a Keyword>) -> Vec<&'a str> {
    keywords.map(|keyword| keyword.text.as_str()).collect()
}

fn keywords(parameter: &'static str, list: &[String]) -> Result<Vec<Keyword>, Unusable> {
    list.iter()
        .map(|text| {
            if text.trim().is_empty() {
                let problem = "has an empty keyword: remove it or write the word";
                return Err(Unusable::new(parameter, problem));
            }
            let regex = compile(text).map_err(|error| {
                let problem = format!("has the unusable keyword {}: {error}", quote(text));
                Unusable::new(parameter, problem)
            })?;
            Ok(Keyword {
                text: text.clone(),
                regex,
            })
        })
        .collect()
}

fn compile(keyword: &str) -> Result<Regex, regex::Error> {
    let words: Vec<String> = keyword.split_whitespace().map(regex::escape).collect();
    let phrase = words
        .join(r"\s+")
        .replace(['\'', '\u{2019}'], "['\u{2019}]");
    let trimmed = keyword.trim();
    let before = if is_bounded(trimmed.chars().next()) {
        r"(?:\A|\W)"
    } else {
        ""
    };
    let after = if is_bounded(trimmed.chars().next_back()) {
        r"(?:\W|\z)"
    } else {
        ""
    };
    RegexBuilder::new(&format!("{before}{phrase}{after}"))
        .case_insensitive(true)
        .build()
}

/// Whether a word that begins or ends with this character is set apart from its neighbours.
fn is_bounded(edge: Option<char>) -> bool {
    edge.is_some_and(|edge| !FREE.is_match(edge.encode_utf8(&mut [0; 4])))
}

/// Characters that are no part of a word, and letters of the scripts without spaces.
#[expect(clippy::expect_used, reason = "a constant that the tests compile")]
static FREE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"[\W\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}]")
        .expect("a valid expression")
});

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::testing::{refused, run};

    fn has(keyword: &str, output: &str) -> bool {
        run(&json!({"type": "keywords", "any_of": [keyword]}), output).passed
    }

    #[test]
    fn whole_words_in_any_case() {
        assert!(has("pin", "Your PIN, please."));
        assert!(has("pin", "the pin-code"));
        assert!(!has("pin", "shipping"));
        assert!(!has("pin", "pin_code"));
        assert!(has("password", "your password's length"));
        assert!(has("über", "ÜBER uns"));
        assert!(!has("ber", "über"));
        assert!(has("café", "Le Café."));
    }

    #[test]
    fn phrases_across_lines_and_apostrophes() {
        assert!(has("card number", "card\n  number"));
        assert!(has("can't help", "I can\u{2019}t help"));
        assert!(!has("card number", "card numbers"));
    }

    #[test]
    fn signs_at_the_edge_and_scripts_without_spaces() {
        assert!(has("C++", "I write C++20"));
        assert!(has("@shop", "mail@shop now"));
        assert!(has("取消", "请取消我的订单"));
        assert!(has("a.weiss@example.com", "<A.Weiss@example.com>"));
        assert!(!has("a.b", "axb"));
    }

    #[test]
    fn all_lists_together() {
        let check = json!({
            "type": "keywords", "any_of": ["a", "b"], "all_of": ["c", "d"], "none_of": ["e"],
        });

        assert!(run(&check, "b c d").passed);
        let result = run(&check, "c e");
        assert_eq!(
            result.detail,
            "the answer contains \"e\" and lacks \"d\" and has none of \"a\", \"b\": \"c e\""
        );
    }

    #[test]
    fn negated_it_passes_where_the_lists_are_not_satisfied() {
        let check = json!({"type": "keywords", "none_of": ["sorry"], "negate": true});

        assert!(run(&check, "Sorry!").passed);
        assert!(!run(&check, "Fine.").passed);
    }

    #[test]
    fn unusable_lists_are_refused() {
        assert!(refused(&json!({"type": "keywords"})).contains("list words in one of them"));
        let blank = json!({"type": "keywords", "none_of": ["a", " "]});
        assert!(refused(&blank).contains("`none_of` has an empty keyword"));
    }
}
