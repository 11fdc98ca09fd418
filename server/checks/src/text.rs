//! How texts are compared with each other and shown to people.

/// White space at the ends gone, runs of it one space, lower case.
pub(crate) fn fold(text: &str) -> String {
    one_line(text).to_lowercase()
}

/// White space at the ends gone, runs of it one space.
pub(crate) fn one_line(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    for word in text.split_whitespace() {
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    line
}

/// The text in quotation marks on one line, cut where it is long.
pub(crate) fn quote(text: &str) -> String {
    format!("\"{}\"", cut(&one_line(text), 80))
}

/// At most this many characters, the last one an ellipsis where something was left out.
pub(crate) fn cut(text: &str, most: usize) -> String {
    if text.chars().nth(most).is_none() {
        return text.to_owned();
    }
    let kept: String = text.chars().take(most.saturating_sub(1)).collect();
    format!("{}…", kept.trim_end())
}

/// `1 question mark`, `2 question marks`.
pub(crate) fn counted(count: usize, noun: &str) -> String {
    let ending = if count == 1 { "" } else { "s" };
    format!("{count} {noun}{ending}")
}

/// A list of quoted texts, cut after the first ten.
pub(crate) fn quoted_list<'a>(texts: impl IntoIterator<Item = &'a str>) -> String {
    let quoted: Vec<String> = texts.into_iter().map(quote).collect();
    let shown = quoted
        .iter()
        .take(10)
        .cloned()
        .collect::<Vec<_>>()
        .join(", ");
    match quoted.len().saturating_sub(10) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folding_keeps_the_words() {
        assert_eq!(fold("  Floor\u{a0}LAMP \n été"), "floor lamp été");
    }

    #[test]
    fn long_texts_are_cut_between_characters() {
        assert_eq!(cut("abc", 3), "abc");
        assert_eq!(cut("äöüß", 3), "äö…");
        assert_eq!(quote("a\nb"), "\"a b\"");
        assert!(quote(&"word ".repeat(100)).chars().count() <= 82);
    }

    #[test]
    fn lists_end() {
        let many: Vec<String> = (0..12).map(|number| number.to_string()).collect();
        let list = quoted_list(many.iter().map(String::as_str));
        assert!(list.ends_with("\"9\" and 2 more"), "{list}");
        assert_eq!(counted(1, "word"), "1 word");
        assert_eq!(counted(0, "word"), "0 words");
    }
}
