//! The state that requests and jobs share.

use std::{ops::Deref, path::PathBuf, sync::Arc};

use axum::extract::FromRef;
use hub::Hub;
use store::Store;
use tokio::sync::Notify;

use crate::{
    assets::Assets,
    context::Context,
    inference::Inference,
    lifecycle::Lifecycle,
    live::News,
    services::{accounts::SetupCode, rate_limit::RateLimiter, run_cache::RunCache},
};

/// Everything a handler or a job may need. Cheap to clone.
#[derive(Clone, Debug)]
pub struct App(Arc<Parts>);

/// What an [`App`] is made of.
#[derive(Debug)]
pub struct Parts {
    /// The database.
    pub store: Store,
    /// The built frontend.
    pub assets: Assets,
    /// Clock, random source, ids.
    pub context: Context,
    /// The folder of models, runs and uploads.
    pub data_dir: PathBuf,
    /// The most bytes of an uploaded file.
    pub max_upload_bytes: u64,
    /// How the server is to be stopped.
    pub lifecycle: Lifecycle,
    /// The models in memory.
    pub inference: Inference,
    /// Where base models are downloaded from, or why they are not and what to do instead.
    pub hub: Result<Hub, String>,
    /// Told when a job was enqueued.
    pub job_wake: Notify,
    /// Told when somebody asked for the end of a running job.
    pub job_cancelled: Notify,
    /// Wakes those who watch runs.
    pub news: News,
    /// What preflights keep.
    pub run_cache: RunCache,
    /// The code that allows the first account to be made.
    pub setup_code: SetupCode,
    /// Counts attempts to sign in.
    pub sign_in_limit: RateLimiter,
    /// The header in which a trusted proxy names the client's address, in lower case.
    pub client_address_header: Option<String>,
    /// Whether cookies are for HTTPS only.
    pub secure_cookies: bool,
}

impl App {
    /// An application from its parts.
    #[must_use]
    pub fn new(parts: Parts) -> Self {
        Self(Arc::new(parts))
    }
}

impl Deref for App {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}

impl FromRef<App> for Store {
    fn from_ref(app: &App) -> Self {
        app.store.clone()
    }
}
