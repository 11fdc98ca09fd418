//! Temper's server: the program `temper`, its HTTP interface and its background jobs.
//!
//! | module | what it holds |
//! | --- | --- |
//! | [`cli`] | the commands of the program |
//! | [`config`] | what the operator decides, from flags and environment |
//! | [`context`] | clock, random source and ids, which come in as parameters everywhere |
//! | [`app`] | the state that requests and jobs share |
//! | [`assets`] | the built frontend |
//! | [`router`] | every route, grouped by the role it needs |
//! | [`extract`], [`middleware`] | what happens before a handler |
//! | [`handlers`] | one function for each route: extract, call a service, answer |
//! | [`services`] | the rules: validate, one transaction, audit |
//! | [`formats`] | files of rows: read, recognised, written |
//! | [`pages`] | what the server renders itself: shared reports |
//! | [`jobs`] | the runner of background work |
//! | [`inference`] | models that answer: loaded once, shared, dropped when idle |
//! | [`evaluation`] | what answers to a suite are worth, and what they come to |
//! | [`training`] | a session of the trainer, for jobs and the command line |
//! | [`error`] | the one error of HTTP |
//!
//! A request flows from a handler to a service to the store; services know no HTTP, handlers know
//! no SQL.

pub mod app;
pub mod assets;
pub mod cli;
pub mod config;
pub mod context;
pub mod error;
pub mod evaluation;
pub mod extract;
pub mod formats;
pub mod handlers;
pub mod inference;
pub mod jobs;
pub mod lifecycle;
pub mod live;
pub mod middleware;
pub mod openapi;
pub mod pages;
pub mod router;
pub mod services;
pub mod telemetry;
pub mod training;
