//! Draws text that a model or a person wrote: Markdown, or JSON set out on several lines.
//!
//! Elements are made one by one and text goes in as text, so nothing in it can become markup of the
//! page. Pictures are named, not fetched; a link is one only if it leads to the web or to a mail.

use leptos::prelude::document;
use pulldown_cmark::{CodeBlockKind, Event, Options, Parser, Tag, TagEnd};
use web_sys::Element;

use crate::highlight::{self, Part};

/// Replaces what is in an element by a drawn text.
pub fn draw(into: &Element, text: &str) {
    into.set_text_content(None);
    if text.trim().is_empty() {
        append(into, "p", "text__nothing").set_text_content(Some("(nothing)"));
    } else if let Some(pretty) = highlight::pretty(text) {
        draw_code(into, &pretty, true);
    } else {
        Drawing::new(into).run(text);
    }
}

/// Makes an element at the end of another.
fn append(parent: &Element, name: &str, class: &str) -> Element {
    // Names are our own, so the element is made.
    let Ok(element) = document().create_element(name) else {
        return parent.clone();
    };
    if !class.is_empty() {
        element.set_class_name(class);
    }
    let _ = parent.append_child(&element);
    element
}

fn append_text(parent: &Element, text: &str) {
    let _ = parent.append_child(&document().create_text_node(text));
}

/// A block of code, coloured if it is JSON.
fn draw_code(into: &Element, text: &str, is_json: bool) {
    let block = append(into, "pre", "text__code");
    if !is_json {
        append_text(&block, text);
        return;
    }
    for (part, text) in highlight::json(text) {
        match part {
            Part::Plain => append_text(&block, &text),
            part => {
                let class = part.class().unwrap_or_default();
                append(&block, "span", class).set_text_content(Some(&text));
            }
        }
    }
}

/// Where the next element goes, from the outermost to the innermost.
struct Drawing {
    open: Vec<Element>,
    /// The text of the code block that is open, and whether it is said to be JSON.
    code: Option<(String, bool)>,
}

impl Drawing {
    fn new(into: &Element) -> Self {
        Self {
            open: vec![into.clone()],
            code: None,
        }
    }

    fn run(mut self, text: &str) {
        let options = Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH;
        for event in Parser::new_ext(text, options) {
            self.take(event);
        }
    }

    fn take(&mut self, event: Event<'_>) {
        match event {
            Event::Start(tag) => self.start(&tag),
            Event::End(TagEnd::CodeBlock) => {
                if let (Some((code, is_json)), Some(into)) = (self.code.take(), self.open.last()) {
                    let pretty = highlight::pretty(&code).filter(|_| is_json);
                    draw_code(into, pretty.as_deref().unwrap_or(&code), is_json);
                }
            }
            Event::End(_) if self.open.len() > 1 => {
                self.open.pop();
            }
            Event::Code(text) => self.leaf("code", Some(&text)),
            Event::SoftBreak | Event::HardBreak => self.leaf("br", None),
            Event::Rule => self.leaf("hr", None),
            Event::Text(text) | Event::Html(text) | Event::InlineHtml(text) => self.text(&text),
            _ => {}
        }
    }

    fn text(&mut self, text: &str) {
        if let Some((code, _)) = &mut self.code {
            code.push_str(text);
        } else if let Some(into) = self.open.last() {
            append_text(into, text);
        }
    }

    fn leaf(&self, name: &str, text: Option<&str>) {
        if let Some(into) = self.open.last() {
            append(into, name, "").set_text_content(text);
        }
    }

    fn start(&mut self, tag: &Tag<'_>) {
        if let Tag::CodeBlock(kind) = tag {
            let is_json = matches!(kind, CodeBlockKind::Fenced(word) if word.starts_with("json"));
            self.code = Some((String::new(), is_json));
            return;
        }
        let (name, class) = element_of(tag);
        let Some(parent) = self.open.last() else {
            return;
        };
        let element = append(parent, name, class);
        match tag {
            Tag::Link { dest_url, .. } if is_safe(dest_url) => {
                let _ = element.set_attribute("href", dest_url);
                let _ = element.set_attribute("rel", "noopener noreferrer nofollow");
                let _ = element.set_attribute("target", "_blank");
            }
            Tag::Image { .. } => append_text(&element, "Picture: "),
            Tag::List(Some(first)) => {
                let _ = element.set_attribute("start", &first.to_string());
            }
            _ => {}
        }
        self.open.push(element);
    }
}

/// Headings are not of this page's outline, so they are set as text.
const fn element_of(tag: &Tag<'_>) -> (&'static str, &'static str) {
    match tag {
        Tag::Heading { .. } => ("p", "text__heading"),
        Tag::BlockQuote(_) => ("blockquote", ""),
        Tag::HtmlBlock => ("p", "text__verbatim"),
        Tag::List(None) => ("ul", ""),
        Tag::List(Some(_)) => ("ol", ""),
        Tag::Item => ("li", ""),
        Tag::Table(_) => ("table", "text__table"),
        Tag::TableHead | Tag::TableRow => ("tr", ""),
        Tag::TableCell => ("td", ""),
        Tag::Emphasis => ("em", ""),
        Tag::Strong => ("strong", ""),
        Tag::Strikethrough => ("s", ""),
        Tag::Link { .. } => ("a", ""),
        Tag::Image { .. } => ("span", "text__picture"),
        _ => ("p", ""),
    }
}

/// Whether a link leads out to the web or to a mail, and nowhere else.
fn is_safe(address: &str) -> bool {
    let address = address.to_ascii_lowercase();
    ["https://", "http://", "mailto:"]
        .iter()
        .any(|scheme| address.starts_with(scheme))
}

#[cfg(test)]
mod tests {
    use super::is_safe;

    #[test]
    fn a_link_runs_nothing() {
        assert!(is_safe("https://example.com"));
        assert!(is_safe("MAILTO:a@example.com"));
        for address in [
            "javascript:alert(1)",
            " https://x",
            "data:text/html,x",
            "/api/users",
            "",
        ] {
            assert!(!is_safe(address), "{address}");
        }
    }
}
