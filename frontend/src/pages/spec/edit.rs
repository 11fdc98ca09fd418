//! Edits the newest version of the spec into the next one.

use leptos::prelude::*;
use shared::spec::SpecVersion;

use super::{
    draft::{StoredEdit, store, stored},
    editor::Editor,
    page::read_spec,
};
use crate::{
    api::{self, ApiResult},
    components::{Button, Notice, PageHeader, SkeletonShape},
    frame::CurrentProject,
    remote::{Loaded, Remote},
};

/// Where an edit begins.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Beginning {
    /// The version that is edited; absent for the first one.
    pub(super) base: Option<SpecVersion>,
    /// What this browser has kept of an edit of it.
    pub(super) kept: Option<StoredEdit>,
}

/// An edit that was kept goes on from its own base, so that what others made since is not lost.
async fn begin(slug: String) -> ApiResult<Beginning> {
    let spec = read_spec(slug.clone(), None).await?;
    let Some(kept) = stored(&slug) else {
        return Ok(Beginning {
            base: spec.current,
            kept: None,
        });
    };
    let base = match kept.based_on {
        Some(number) => Some(api::specs::get_spec_version(&slug, number).await?),
        None => None,
    };
    Ok(Beginning {
        base,
        kept: Some(kept),
    })
}

/// The page.
#[component]
pub fn EditSpecPage() -> impl IntoView {
    let slug = CurrentProject::expect().slug();
    let beginning = Remote::new({
        let slug = slug.clone();
        move || begin(slug.clone())
    });
    let slug = StoredValue::new(slug);
    let title = Signal::derive(move || {
        let base = beginning.with(|state| {
            let base = state.value.as_ref()?.base.as_ref();
            Some(base.map_or(0, |base| base.summary.number))
        });
        base.map_or("Edit the spec".to_owned(), |base| {
            format!("Spec v{}", base + 1)
        })
    });
    let lead = Signal::stored(
        "What you write is kept in this browser until you save it as a version.".to_owned(),
    );
    let discard = move |()| {
        slug.with_value(|slug| store(slug, None));
        beginning.reload();
    };
    view! {
        <div class="page">
            <PageHeader title lead />
            <Loaded remote=beginning shape=SkeletonShape::Page let:value>
                {move || {
                    let Beginning { base, kept } = value.get();
                    let notice = kept
                        .is_some()
                        .then(|| {
                            let text = "This is your edit as you left it.";
                            view! {
                                <div class="line">
                                    <Notice text />
                                    <Button on_press=discard>"Discard it and begin anew"</Button>
                                </div>
                            }
                        });
                    view! {
                        {notice}
                        <Editor base kept />
                    }
                        .into_any()
                }}
            </Loaded>
        </div>
    }
}
