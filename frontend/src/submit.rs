//! A change that a person asks for: sent once at a time, with what the server said about it.
//!
//! # Using it
//! ```text
//! let create = Submit::new(api::projects::create_project, move |project| ...);
//! create.send(request);        // ignored while the last one is under way
//! create.is_pending(), create.field("name"), create.message(&["name"])
//! ```

use std::{any::Any, future::Future, marker::PhantomData, pin::Pin, rc::Rc};

use leptos::{prelude::*, task::spawn_local};

use crate::api::{ApiError, ApiResult};

/// A change and its state. Copies share it.
#[derive(Debug)]
pub struct Submit<I> {
    is_pending: RwSignal<bool>,
    error: RwSignal<Option<ApiError>>,
    run: StoredValue<Run, LocalStorage>,
    kind: PhantomData<fn(I)>,
}

/// What to do once the server has confirmed.
type Then = Box<dyn FnOnce()>;

/// A change under way. The types of what is sent and answered are forgotten, so that all else
/// exists once in the program.
type Answer = Pin<Box<dyn Future<Output = ApiResult<Then>>>>;

#[derive(Clone)]
struct Run(Rc<dyn Fn(Box<dyn Any>) -> Option<Answer>>);

impl std::fmt::Debug for Run {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Run")
    }
}

impl<I> Copy for Submit<I> {}

impl<I> Clone for Submit<I> {
    fn clone(&self) -> Self {
        *self
    }
}

/// Waits for the end of a change.
fn wait(answer: Answer, is_pending: RwSignal<bool>, error: RwSignal<Option<ApiError>>) {
    is_pending.set(true);
    error.set(None);
    spawn_local(async move {
        let answer = answer.await;
        if is_pending.try_set(false).is_some() {
            return; // the page is gone
        }
        match answer {
            Ok(then) => then(),
            Err(refusal) => error.set(Some(refusal)),
        }
    });
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
        let run = move |input: Box<dyn Any>| {
            let answer = call(*input.downcast::<I>().ok()?);
            let done = done.clone();
            let answer = async move {
                let value = answer.await?;
                Ok(Box::new(move || done(value)) as Then)
            };
            Some(Box::pin(answer) as Answer)
        };
        Self {
            is_pending: RwSignal::new(false),
            error: RwSignal::new(None),
            run: StoredValue::new_local(Run(Rc::new(run))),
            kind: PhantomData,
        }
    }

    /// Sends, unless the last one is still under way.
    pub fn send(&self, input: I) {
        if !self.is_pending.get_untracked() {
            let run = self.run.get_value();
            if let Some(answer) = (run.0)(Box::new(input)) {
                wait(answer, self.is_pending, self.error);
            }
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

    /// Why it was refused, for pages that do more about it than say so.
    #[must_use]
    pub fn error(&self) -> Signal<Option<ApiError>> {
        self.error.into()
    }

    /// Forgets what went wrong, when a dialog opens anew.
    pub fn clear(&self) {
        self.error.set(None);
    }
}
