//! The browser application: client-side rendered, talking to the server's own API.
//!
//! - [`api`] speaks HTTP, and nothing else does.
//! - [`remote`] and [`submit`] hold what is read and what is sent, with their states.
//! - [`components`] is the design system; it knows none of the above.
//! - [`frame`] surrounds every page; [`pages`] fetch and put components together.
//! - Logic that can be wrong is in plain functions and structs, tested natively.
//!
//! What must not go in: rules that the server decides (it refuses, we show why), and network
//! addresses outside [`api`] and [`address`].

#![expect(
    clippy::needless_pass_by_value,
    reason = "a component owns its properties, whatever it does with them"
)]

pub mod address;
pub mod api;
pub mod app;
pub mod browser;
pub mod components;
pub mod diff;
pub mod frame;
pub mod highlight;
pub mod keys;
pub mod lasting;
pub mod markdown;
pub mod pages;
pub mod remote;
pub mod session;
pub mod submit;
pub mod theme;
pub mod time;
pub mod words;

/// Starts the application in the page that loaded it.
#[wasm_bindgen::prelude::wasm_bindgen(start)]
pub fn start() {
    leptos::mount::mount_to_body(app::App);
}
