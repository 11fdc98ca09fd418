//! Data that a page reads from the server, with the states a person must be able to tell apart:
//! not there yet, there, there but being read again, there but out of date, failed.
//!
//! # Using it
//! ```text
//! let members = Remote::new(move || api::members::list_members(&slug));
//! view! { <Loaded remote=members let:members> ... </Loaded> }
//! members.reload();   // after a change
//! members.edit(|list| list.retain(..));   // or put the answer of the change in place
//! ```
//! Signals that the closure reads make it read again; the old value stays in view until then.

pub mod loaded;
pub mod state;

use std::future::Future;

use leptos::{prelude::*, task::spawn_local};

pub use loaded::Loaded;
pub use state::{Phase, RemoteState};

use crate::api::ApiResult;

/// A value read from the server. Copies share it.
#[derive(Debug)]
pub struct Remote<T: Send + Sync + 'static> {
    state: RwSignal<RemoteState<T>>,
    reloads: RwSignal<u32>,
}

impl<T: Send + Sync + 'static> Copy for Remote<T> {}

impl<T: Send + Sync + 'static> Clone for Remote<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T: Clone + Send + Sync + 'static> Remote<T> {
    /// Reads with `fetch` now, and again whenever a signal that it reads changes.
    pub fn new<F>(fetch: impl Fn() -> F + 'static) -> Self
    where
        F: Future<Output = ApiResult<T>> + 'static,
    {
        let state = RwSignal::new(RemoteState::default());
        let reloads = RwSignal::new(0);
        Effect::new(move |_| {
            reloads.track();
            let answer = fetch();
            let request = state.try_update(RemoteState::start);
            spawn_local(async move {
                let answer = answer.await;
                // The page may be gone by now.
                let _ = state.try_update(|state| request.map(|id| state.finish(id, answer)));
            });
        });
        Self { state, reloads }
    }

    /// Reads again.
    pub fn reload(&self) {
        self.reloads.update(|count| *count = count.wrapping_add(1));
    }

    /// Changes the value in place, after the server confirmed a change.
    pub fn edit(&self, change: impl FnOnce(&mut T)) {
        self.state.update(|state| {
            if let Some(value) = &mut state.value {
                change(value);
            }
        });
    }

    /// Puts in place a value that another call answered with.
    pub fn put(&self, value: T) {
        self.state.update(|state| {
            let request = state.start();
            state.finish(request, Ok(value));
        });
    }

    /// The value, once it is there; tracks changes.
    #[must_use]
    pub fn get(&self) -> Option<T> {
        self.state.with(|state| state.value.clone())
    }

    /// Looks at the state without copying it; tracks changes.
    pub fn with<U>(&self, look: impl FnOnce(&RemoteState<T>) -> U) -> U {
        self.state.with(look)
    }
}
