//! The application's behaviour, through HTTP first; the store's contract on both databases.

mod datasets;
mod inference;
mod jobs;
mod reports;
mod routes;
mod runs;
mod sample;
mod store;
