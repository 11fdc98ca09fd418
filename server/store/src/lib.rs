//! The only place with SQL: connections, transactions, migrations, and one file for each table.
//!
//! One SQL text serves SQLite and PostgreSQL. What must not go in: rules about who may do what,
//! clocks, random sources, HTTP, anything that waits for something other than the database.
//!
//! # Adding a table
//! 1. Write `migrations/{sqlite,postgres}/NNNN_name.sql` with the same number, name, tables and
//!    columns (a test compares them). Ids are `BLOB` and `UUID`, times `TEXT` and `TIMESTAMPTZ`,
//!    floats `REAL` and `DOUBLE PRECISION`, JSON `TEXT` in both, enums `TEXT` with a `CHECK`,
//!    sorted texts `COLLATE "C"` on PostgreSQL.
//! 2. Add a file named for the table, with a private row struct that derives `FromRow`, and one
//!    function for each question asked of it. A function takes `&mut Tx` first; ids and times come
//!    in as arguments; a missing row is `None`.
//! 3. Write each statement once, as `const SQL`, with `$1` placeholders, and run it inside
//!    [`on_db!`]. Statements that must differ between the databases live in `dialect.rs`.
//! 4. Add a contract test to the crate `tests`, which runs it on both databases.

#[macro_use]
mod macros;

pub mod alias_moves;
pub mod api_tokens;
pub mod audit;
pub mod backup;
mod database;
pub mod dataset_versions;
pub mod datasets;
mod dialect;
pub mod error;
pub mod evaluation_results;
pub mod evaluations;
pub mod import_rejections;
pub mod imports;
pub mod jobs;
mod json;
pub mod judgements;
pub mod memberships;
mod migrate;
pub mod model_exports;
pub mod models;
pub mod projects;
pub mod prompts;
pub mod queue_pairs;
pub mod queues;
pub mod reports;
pub mod row_contents;
pub mod row_lists;
pub mod run_events;
pub mod runs;
pub mod segment_rows;
pub mod sessions;
pub mod share_links;
pub mod slots;
pub mod specs;
pub mod suites;
pub mod uploads;
pub mod users;

pub use database::{Store, Tx};
pub(crate) use error::Result;
pub use error::StoreError;
