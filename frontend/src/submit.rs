//! A change that a person asks for: sent once at a time, with what the server said about it.
//!
//! # Using it
//! ```text
//! let create = Submit::new(api::projects::create_project, move |project| ...);
//! create.send(request);        // ignored while the last one is under way
//! create.is_pending(), create.field("name"), create.message(&["name"])
//! ```

use std::{future::Future, rc::Rc};

use leptos::{prelude::*, task::spawn_local};

use crate::api::{ApiError, ApiResult};

/// A change and its state. Copies share it.
#[derive(Debug)]
pub struct Submit<I: 'static> {
    is_pending: RwSignal<bool>,
    error: RwSignal<Option<ApiError>>,
    run: StoredValue<Run<I>, LocalStorage>,
}

struct Run<I>(Rc<dyn Fn(I)>);

impl<I> std::fmt::Debug for Run<I> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Run")
    }
}

impl<I: 'static> Copy for Submit<I> {}

impl<I: 'static> Clone for Submit<I> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<I: 'static> Submit<I> {
    /// A change made by `call`; `done` gets the answer if the page is still there.
    pub fn new<T: 'static, F>(
        call: impl Fn(I) -> F + 'static,
        done: impl Fn(T) + Clone + 'static,
    ) -> Self
    where
        F: Future<Output = ApiResult<T>> + 'static,
    {
        let is_pending = RwSignal::new(false);
        let error = RwSignal::new(None);
        let run = move |input: I| {
            is_pending.set(true);
            error.set(None);
            let answer = call(input);
            let done = done.clone();
            spawn_local(async move {
                let answer = answer.await;
                if is_pending.try_set(false).is_some() {
                    return; // the page is gone
                }
                match answer {
                    Ok(value) => done(value),
                    Err(refusal) => error.set(Some(refusal)),
                }
            });
        };
        Self {
            is_pending,
            error,
            run: StoredValue::new_local(Run(Rc::new(run))),
        }
    }

    /// Sends, unless the last one is still under way.
    pub fn send(&self, input: I) {
        if !self.is_pending.get_untracked() {
            let run = self.run.with_value(|run| run.0.clone());
            run(input);
        }
    }

    /// Whether it is under way.
    #[must_use]
    pub fn is_pending(&self) -> Signal<bool> {
        self.is_pending.into()
    }

    /// What is wrong with a field.
    #[must_use]
    pub fn field(&self, name: &'static str) -> Signal<Option<String>> {
        let error = self.error;
        Signal::derive(move || error.with(|error| error.as_ref()?.field(name).map(str::to_owned)))
    }

    /// What is wrong with the whole, where no field of `shown` says it.
    #[must_use]
    pub fn message(&self, shown: &'static [&'static str]) -> Signal<Option<String>> {
        let error = self.error;
        Signal::derive(move || error.with(|error| error.as_ref()?.beside_fields(shown)))
    }

    /// Forgets what went wrong, when a dialog opens anew.
    pub fn clear(&self) {
        self.error.set(None);
    }
}
