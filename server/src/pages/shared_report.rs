//! A report behind a read-only link: one page without script, that prints.

use std::sync::LazyLock;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use maud::{DOCTYPE, Markup, PreEscaped, html};
use sha2::{Digest, Sha256};
use shared::report::Report;

/// The same sheets that the application has.
const STYLE: &str = concat!(
    include_str!("../../../static/css/tokens.css"),
    include_str!("../../../static/css/base.css"),
    include_str!("../../../static/css/components/report.css"),
);

/// Allows nothing but the page's own style.
pub static CONTENT_SECURITY_POLICY: LazyLock<String> = LazyLock::new(|| {
    let hash = STANDARD.encode(Sha256::digest(STYLE));
    format!(
        "default-src 'none'; style-src 'sha256-{hash}'; base-uri 'none'; form-action 'none'; \
         frame-ancestors 'none'"
    )
});

/// The page of a report.
#[must_use]
pub fn render(report: &Report) -> Markup {
    page(&report.summary.name, &super::render_report(report))
}

/// The page in place of one whose link has ended.
#[must_use]
pub fn render_ended() -> Markup {
    page(
        "This link has ended",
        &html! {
            article.report {
                h1.report__name { "This link has ended" }
                p {
                    "It was ended, or its time is over. Ask the person who sent it for a new one; \
                     the report itself is kept."
                }
            }
        },
    )
}

fn page(title: &str, content: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="robots" content="noindex";
                title { (title) " · Temper" }
                style { (PreEscaped(STYLE)) }
            }
            body.report-page { (content) }
        }
    }
}
