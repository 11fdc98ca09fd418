//! What the routes answer.

mod access;
mod accounts;
mod models;
mod openapi;
mod projects;
mod prompts;
mod queues;
mod specs;
mod suites;
