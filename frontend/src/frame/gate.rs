//! Lets signed-in people through, and leads everybody else to where they can become one.

use leptos::prelude::*;
use leptos_router::hooks::use_location;

use super::go_to::go_to;
use crate::{
    address::Address,
    components::{ProblemView, Skeleton, SkeletonShape},
    session::{CurrentSession, SessionState},
};

/// What the gate shows; the session itself may change behind it.
#[derive(Clone, Debug, PartialEq)]
enum Passage {
    Wait,
    Open,
    To(Address),
    Failed(crate::api::ApiError),
}

/// Draws its children for a signed-in person only.
#[component]
pub fn Gate(
    /// What needs a session.
    children: ChildrenFn,
) -> impl IntoView {
    let session = CurrentSession::expect();
    let location = use_location();
    let here = move || {
        let path = location.pathname.get_untracked();
        let search = location.search.get_untracked();
        let query = if search.is_empty() {
            String::new()
        } else {
            format!("?{search}")
        };
        format!("{path}{query}")
    };
    let passage = Memo::new(move |_| match session.state() {
        SessionState::Unknown => Passage::Wait,
        SessionState::SignedIn(_) => Passage::Open,
        SessionState::SetupNeeded => Passage::To(Address::Setup),
        SessionState::SignedOut { on_purpose } => {
            let next = (!on_purpose).then(here).and_then(next);
            Passage::To(Address::SignIn { next })
        }
        SessionState::Failed(error) => Passage::Failed(error),
    });
    let retry = Callback::new(move |()| session.load());
    move || match passage.get() {
        Passage::Wait => {
            view! { <main class="frame__alone"><Skeleton shape=SkeletonShape::Page /></main> }
                .into_any()
        }
        Passage::Open => children().into_any(),
        Passage::To(address) => go_to(&address),
        Passage::Failed(error) => {
            let problem = error.problem();
            view! {
                <main class="frame__alone">
                    <ProblemView problem on_retry=retry />
                </main>
            }
            .into_any()
        }
    }
}

/// The start needs no coming back to.
fn next(here: String) -> Option<String> {
    (here != "/").then_some(here)
}
