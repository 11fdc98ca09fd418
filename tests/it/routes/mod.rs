//! What the routes answer.

mod access;
mod accounts;
mod openapi;
mod projects;
