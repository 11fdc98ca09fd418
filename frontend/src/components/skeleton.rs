//! Keeps the place of what is on its way. It stays invisible for 150 ms, by CSS alone, so that a
//! quick answer does not flash.

use leptos::prelude::*;

/// The outline of what is expected.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SkeletonShape {
    /// Rows of a list or a table.
    #[default]
    Rows,
    /// A few lines of text.
    Text,
    /// A heading, a line and rows: a whole page.
    Page,
}

impl SkeletonShape {
    const fn bars(self) -> &'static [&'static str] {
        const ROW: &str = "skeleton__bar skeleton__bar--row";
        const TEXT: &str = "skeleton__bar skeleton__bar--text";
        const TITLE: &str = "skeleton__bar skeleton__bar--title";
        match self {
            Self::Rows => &[ROW, ROW, ROW],
            Self::Text => &[TEXT, TEXT],
            Self::Page => &[TITLE, TEXT, ROW, ROW, ROW],
        }
    }
}

/// Grey bars in the shape of what will come.
#[component]
pub fn Skeleton(
    /// The outline.
    #[prop(optional)]
    shape: SkeletonShape,
) -> impl IntoView {
    let bars = shape
        .bars()
        .iter()
        .map(|class| view! { <span class=*class></span> });
    view! {
        <div class="skeleton" role="status" aria-label="Loading">
            {bars.collect_view()}
        </div>
    }
}
