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

pub mod follow;
pub mod loaded;
pub mod state;

use std::{any::Any, future::Future, marker::PhantomData, pin::Pin, sync::Arc};

use leptos::{prelude::*, task::spawn_local};

pub use follow::follow;
pub use loaded::Loaded;
pub use state::{Phase, RemoteState};

use crate::api::{ApiError, ApiResult};

/// A value whose type is forgotten: what is done with it exists once in the program, and not once
/// for each type that a page reads.
type Payload = Arc<dyn Any + Send + Sync>;

/// A reading under way.
type Answer = Pin<Box<dyn Future<Output = ApiResult<Payload>>>>;

/// What a [`Remote`] is without its type.
#[derive(Clone, Copy, Debug)]
struct Core {
    state: RwSignal<RemoteState<Payload>>,
    /// The value alone: told of only when it is another one.
    value: RwSignal<Option<Payload>>,
    reloads: RwSignal<u32>,
    is_same: fn(&Payload, &Payload) -> bool,
}

impl Core {
    fn new(is_same: fn(&Payload, &Payload) -> bool, fetch: Box<dyn Fn() -> Answer>) -> Self {
        let core = Self {
            state: RwSignal::new(RemoteState::default()),
            value: RwSignal::new(None),
            reloads: RwSignal::new(0),
            is_same,
        };
        Effect::new(move |_| {
            core.reloads.track();
            let answer = fetch();
            let request = core.state.try_update(RemoteState::start);
            spawn_local(async move {
                let answer = answer.await;
                // The page may be gone by now.
                let done = core
                    .state
                    .try_update(|state| request.map(|id| state.finish(id, answer)));
                if done.is_some() {
                    core.settle();
                }
            });
        });
        core
    }

    fn put(self, value: Payload) {
        self.state.update(|state| {
            let request = state.start();
            state.finish(request, Ok(value));
        });
        self.settle();
    }

    /// Tells of the value if it is another one.
    fn settle(self) {
        let Some(new) = self.state.with_untracked(|state| state.value.clone()) else {
            return;
        };
        let is_same = self.value.with_untracked(|old| {
            let old = old.as_ref();
            old.is_some_and(|old| (self.is_same)(old, &new))
        });
        if !is_same {
            self.value.set(Some(new));
        }
    }
}

/// A look at the state of a [`Remote`].
#[derive(Clone, Copy, Debug)]
pub struct View<'a, T> {
    /// The last value that was read.
    pub value: Option<&'a T>,
    /// Why the last reading failed, if it did.
    pub error: &'a Option<ApiError>,
}

/// A value read from the server. Copies share it.
#[derive(Debug)]
pub struct Remote<T> {
    core: Core,
    kind: PhantomData<fn() -> T>,
}

impl<T> Copy for Remote<T> {}

impl<T> Clone for Remote<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T: Clone + PartialEq + Send + Sync + 'static> Remote<T> {
    /// Reads with `fetch` now, and again whenever a signal that it reads changes.
    pub fn new<F>(fetch: impl Fn() -> F + 'static) -> Self
    where
        F: Future<Output = ApiResult<T>> + 'static,
    {
        let erased = move || {
            let answer = fetch();
            Box::pin(async move { answer.await.map(payload) }) as Answer
        };
        Self {
            core: Core::new(is_same::<T>, Box::new(erased)),
            kind: PhantomData,
        }
    }

    /// Reads again.
    pub fn reload(&self) {
        let reloads = self.core.reloads;
        reloads.update(|count| *count = count.wrapping_add(1));
    }

    /// Changes the value in place, after the server confirmed a change.
    pub fn edit(&self, change: impl FnOnce(&mut T)) {
        let now = self
            .core
            .value
            .with_untracked(|value| typed(value.as_ref()?).cloned());
        if let Some(mut value) = now {
            change(&mut value);
            self.put(value);
        }
    }

    /// Puts in place a value that another call answered with.
    pub fn put(&self, value: T) {
        self.core.put(payload(value));
    }

    /// The value, once it is there; tracks changes.
    #[must_use]
    pub fn get(&self) -> Option<T> {
        let value = self.core.value;
        value.with(|value| typed(value.as_ref()?).cloned())
    }

    /// Looks at the state without copying it; tracks changes.
    pub fn with<U>(&self, look: impl FnOnce(View<'_, T>) -> U) -> U {
        self.core.state.with(|state| {
            look(View {
                value: state.value.as_ref().and_then(typed),
                error: &state.error,
            })
        })
    }
}

fn payload<T: Send + Sync + 'static>(value: T) -> Payload {
    Arc::new(value)
}

fn typed<T: 'static>(payload: &Payload) -> Option<&T> {
    (**payload).downcast_ref()
}

fn is_same<T: PartialEq + 'static>(one: &Payload, other: &Payload) -> bool {
    typed::<T>(one) == typed::<T>(other)
}
