//! Draws a [`Remote`] in whichever state it is.

use leptos::prelude::*;

use super::{Core, Phase, Remote};
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
    let draw = move || {
        let first = untrack(|| remote.get())?;
        let value = Signal::derive(move || remote.get().unwrap_or_else(|| first.clone()));
        Some(children(value).into_any())
    };
    loaded(remote.core, shape, Box::new(draw))
}

/// All of it that does not depend on the type of the value.
fn loaded(
    core: Core,
    shape: SkeletonShape,
    draw: Box<dyn Fn() -> Option<AnyView> + Send + Sync>,
) -> AnyView {
    let has_value = Memo::new(move |_| core.value.with(Option::is_some));
    let problem = move || {
        core.state.with(|state| {
            let error = state.error.as_ref();
            error.map(crate::api::ApiError::problem)
        })
    };
    let retry =
        Callback::new(move |()| core.reloads.update(|count| *count = count.wrapping_add(1)));
    let content = move || has_value.get().then(&draw).flatten();
    let phase = Memo::new(move |_| core.state.with(super::RemoteState::phase));
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
    .into_any()
}
