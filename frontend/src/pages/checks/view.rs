//! Checks to be read.

use leptos::prelude::*;
use shared::check::Check;

use super::{
    draft::texts,
    fields::{CheckType, FieldKind, find},
};
use crate::components::{CodeBlock, Language};

/// The checks, each as a line.
#[must_use]
pub fn check_list(checks: &[Check]) -> AnyView {
    let one = |check: &Check| {
        let texts = texts(check);
        let kind = find(check.kind.label());
        let schema = texts.get("schema").cloned();
        let schema = schema.map(|text| {
            view! { <CodeBlock label="Schema" text language=Language::Json /> }
        });
        let sentence = kind
            .map(|kind| sentence(kind, check, &texts))
            .unwrap_or_default();
        view! {
            <li class="check">
                <p>
                    <code>{check.name.clone()}</code>
                    " "
                    {sentence}
                </p>
                {schema}
            </li>
        }
    };
    view! { <ul class="checks">{checks.iter().map(one).collect_view()}</ul> }.into_any()
}

/// A check in one line.
fn sentence(
    kind: &CheckType,
    check: &Check,
    texts: &std::collections::BTreeMap<String, String>,
) -> String {
    let short = kind
        .fields
        .iter()
        .filter(|field| field.kind != FieldKind::Json);
    let parts = short.filter_map(|field| {
        let text = texts.get(field.name)?;
        let text = match field.kind {
            FieldKind::Lines => text.lines().collect::<Vec<_>>().join(", "),
            FieldKind::Flag => return (text == "true").then(|| field.label.to_lowercase()),
            _ => text.clone(),
        };
        Some(format!("{}: {text}", field.label.to_lowercase()))
    });
    let mut parts: Vec<String> = parts.collect();
    if (check.weight - 1.0).abs() > f64::EPSILON {
        parts.push(format!("counts {} times", check.weight));
    }
    let name = if check.negate {
        format!("not: {}", kind.label.to_lowercase())
    } else {
        kind.label.to_owned()
    };
    if parts.is_empty() {
        name
    } else {
        format!("{name}; {}", parts.join("; "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_check_is_a_line() {
        let read = |text| {
            let check: Check = serde_json::from_str(text).unwrap();
            let kind = find(check.kind.label()).unwrap();
            sentence(kind, &check, &texts(&check))
        };
        let keywords = r#"{"name":"x","type":"keywords","none_of":["a","b c"],"weight":2.0}"#;
        assert_eq!(read(keywords), "Keywords; none of: a, b c; counts 2 times");
        let refusal = r#"{"name":"x","type":"refusal","negate":true}"#;
        assert_eq!(read(refusal), "not: refusal");
    }
}
