//! Signals that outlive the view in which they are made.
//!
//! A signal goes with the view that made it. What a person writes must not: an example that was
//! added in a form is still there when the form is folded, and a clause that an undo brings back
//! when the news with the undo is gone.

use leptos::prelude::Owner;

/// Makes something whose signals stay until the tab is closed. They hold what one form holds.
pub fn lasting<T>(make: impl FnOnce() -> T) -> T {
    thread_local! {
        static KEEPER: Owner = keeper();
    }
    KEEPER.with(|keeper| keeper.with(make))
}

fn keeper() -> Owner {
    let before = Owner::current();
    // A new root makes itself the current owner.
    let keeper = Owner::new_root(None);
    if let Some(before) = before {
        before.set();
    }
    keeper
}
