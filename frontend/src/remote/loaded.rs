//! Draws a [`Remote`] in whichever state it is.

use leptos::prelude::*;

use super::{Phase, Remote};
use crate::components::{
    notice::{Notice, NoticeKind},
    problem::ProblemView,
    skeleton::{Skeleton, SkeletonShape},
};

/// The value's view once it is there; before that a skeleton, or what went wrong and a retry.
///
/// The children are drawn once and get a signal, so that reading again moves nothing that did not
/// change.
#[component]
pub fn Loaded<T, C, V>(
    /// What to draw.
    remote: Remote<T>,
    /// The shape that keeps the place meanwhile.
    #[prop(optional)]
    shape: SkeletonShape,
    /// The view of a value.
    children: C,
) -> impl IntoView
where
    T: Clone + PartialEq + Send + Sync + 'static,
    C: Fn(Signal<T>) -> V + Send + Sync + 'static,
    V: IntoView + 'static,
{
    let has_value = Memo::new(move |_| remote.with(|state| state.value.is_some()));
    let problem = move || {
        remote.with(|state| {
            state
                .error
                .as_ref()
                .map(super::super::api::error::ApiError::problem)
        })
    };
    let retry = Callback::new(move |()| remote.reload());
    let content = move || {
        if !has_value.get() {
            return None;
        }
        let first = untrack(|| remote.get())?;
        let value = Memo::new(move |last: Option<&T>| {
            let newest = remote.get().or_else(|| last.cloned());
            newest.unwrap_or_else(|| first.clone())
        });
        Some(children(value.into()))
    };
    let phase = Memo::new(move |_| remote.with(super::state::RemoteState::phase));
    let around = move || match phase.get() {
        Phase::Ready => ().into_any(),
        Phase::Waiting => view! { <Skeleton shape /> }.into_any(),
        Phase::Failed => problem()
            .map(|problem| view! { <ProblemView problem on_retry=retry /> })
            .into_any(),
        Phase::Stale => {
            let text = problem().map(|problem| problem.title).unwrap_or_default();
            let text = format!("{text}: what you see may be out of date.");
            view! { <Notice kind=NoticeKind::Warning text on_retry=retry /> }.into_any()
        }
    };
    view! {
        {around}
        {content}
    }
}
