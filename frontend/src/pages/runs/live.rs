//! Listens to a run: one stream a tab, which closes while the tab is hidden and goes on from the
//! last event that is known.

use std::time::Duration;

use leptos::prelude::*;
use shared::run::LiveMessage;
use wasm_bindgen::{JsCast, closure::Closure};
use web_sys::{EventSource, MessageEvent};

use crate::browser;

/// How long to wait before a stream that the browser gave up is opened again.
const AGAIN: Duration = Duration::from_secs(4);

/// The stream, as long as the page is there.
#[derive(Clone, Copy)]
pub struct Stream {
    source: StoredValue<Option<EventSource>, LocalStorage>,
    /// Whether the server is not heard at the moment.
    pub is_lost: RwSignal<bool>,
    is_over: StoredValue<bool>,
    open: StoredValue<Option<OpenStream>, LocalStorage>,
}

type OpenStream = std::rc::Rc<dyn Fn() -> Option<EventSource>>;

impl std::fmt::Debug for Stream {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Stream")
    }
}

impl Stream {
    /// A stream from the address that `path` makes, each time it is opened; it hands on what comes
    /// from [`begin`](Self::begin) on.
    pub fn new(
        path: impl Fn() -> String + 'static,
        take: impl Fn(LiveMessage) + Clone + 'static,
    ) -> Self {
        let stream = Self {
            source: StoredValue::new_local(None),
            is_lost: RwSignal::new(false),
            is_over: StoredValue::new(true),
            open: StoredValue::new_local(None),
        };
        let open = move || {
            let source = EventSource::new(&path()).ok()?;
            let take = take.clone();
            let on_message = Closure::<dyn Fn(MessageEvent)>::new(move |event: MessageEvent| {
                let text = event.data().as_string().unwrap_or_default();
                if let Ok(message) = serde_json::from_str(&text) {
                    take(message);
                }
            });
            for name in ["event", "run"] {
                let listener = on_message.as_ref().unchecked_ref();
                let _ = source.add_event_listener_with_callback(name, listener);
            }
            let heard = Closure::<dyn Fn()>::new(move || {
                let _ = stream.is_lost.try_set(false);
            });
            let lost = Closure::<dyn Fn()>::new(move || stream.on_lost());
            source.set_onopen(Some(heard.as_ref().unchecked_ref()));
            source.set_onerror(Some(lost.as_ref().unchecked_ref()));
            // They live as long as the stream may call them; a page opens few.
            on_message.forget();
            heard.forget();
            lost.forget();
            Some(source)
        };
        stream.open.set_value(Some(std::rc::Rc::new(open)));
        let handle = window_event_listener_untyped("visibilitychange", move |_| stream.follow());
        on_cleanup(move || {
            handle.remove();
            stream.close();
        });
        stream
    }

    /// The run goes on: there is something to hear.
    pub fn begin(self) {
        self.is_over.set_value(false);
        self.open();
    }

    /// The run has ended: there is nothing more to hear.
    pub fn end(self) {
        self.is_over.set_value(true);
        self.close();
        self.is_lost.set(false);
    }

    fn open(self) {
        let is_over = self.is_over.try_get_value().unwrap_or(true);
        let is_open = self.source.try_with_value(Option::is_some).unwrap_or(true);
        if is_over || is_open || !browser::is_visible() {
            return;
        }
        let open = self.open.try_with_value(Clone::clone).flatten();
        let source = open.and_then(|open| open());
        self.source.try_set_value(source);
    }

    fn close(self) {
        self.source.try_update_value(|source| {
            if let Some(source) = source.take() {
                source.set_onerror(None);
                source.close();
            }
        });
    }

    fn follow(self) {
        if browser::is_visible() {
            self.open();
        } else {
            self.close();
        }
    }

    /// The browser comes back by itself after a lost connection, but not after a wrong answer.
    fn on_lost(self) {
        if self.is_lost.try_set(true).is_some() {
            return; // the page is gone
        }
        let was_given_up = self.source.try_with_value(|source| {
            source
                .as_ref()
                .is_some_and(|source| source.ready_state() == EventSource::CLOSED)
        });
        if was_given_up == Some(true) {
            self.close();
            set_timeout(move || self.open(), AGAIN);
        }
    }
}
