//! Who is signed in.
//!
//! Every page inside the frame may rely on a session. A call that finds none, on any page, leads to
//! signing in and back. What must not go in: what a person may do in a project, which is the
//! project's own `role`.

use leptos::{prelude::*, task::spawn_local};
use shared::account::{Session, User};

use crate::api::{ApiError, accounts, client};

/// What is known of the person at the browser.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum SessionState {
    /// The server has not answered yet.
    #[default]
    Unknown,
    /// The server waits for its first account.
    SetupNeeded,
    /// Nobody is signed in.
    SignedOut {
        /// Whether the person left on purpose, and so does not want to come back here.
        on_purpose: bool,
    },
    /// This person is.
    SignedIn(Box<Session>),
    /// The server could not be asked.
    Failed(ApiError),
}

/// The one session of this tab, shared by context.
#[derive(Clone, Copy, Debug)]
pub struct CurrentSession(RwSignal<SessionState>);

impl CurrentSession {
    /// Makes the session known to all below, and asks the server for it.
    pub fn provide() -> Self {
        let session = Self(RwSignal::new(SessionState::Unknown));
        provide_context(session);
        client::on_unauthorized(move || session.expire());
        session.load();
        session
    }

    /// The session that [`CurrentSession::provide`] made.
    #[must_use]
    pub fn expect() -> Self {
        expect_context()
    }

    /// Asks the server who is signed in.
    pub fn load(self) {
        self.0.set(SessionState::Unknown);
        spawn_local(async move { self.0.set(ask().await) });
    }

    /// What is known; tracks changes.
    #[must_use]
    pub fn state(self) -> SessionState {
        self.0.get()
    }

    /// The person who is signed in; tracks changes.
    #[must_use]
    pub fn user(self) -> Option<User> {
        self.0.with(|state| match state {
            SessionState::SignedIn(session) => Some(session.user.clone()),
            _ => None,
        })
    }

    /// Whether the person manages accounts; tracks changes.
    #[must_use]
    pub fn is_admin(self) -> bool {
        self.user().is_some_and(|user| user.is_admin)
    }

    /// Somebody signed in.
    pub fn begin(self, session: Session) {
        self.0.set(SessionState::SignedIn(Box::new(session)));
    }

    /// The session turned out to have ended.
    pub fn expire(self) {
        self.end(false);
    }

    /// The person signed out.
    pub fn leave(self) {
        self.end(true);
    }

    fn end(self, on_purpose: bool) {
        self.0.update(|state| {
            if matches!(state, SessionState::SignedIn(_)) {
                *state = SessionState::SignedOut { on_purpose };
            }
        });
    }
}

async fn ask() -> SessionState {
    match accounts::get_session().await {
        Ok(session) => SessionState::SignedIn(Box::new(session)),
        Err(ApiError::Unauthorized) => match accounts::get_setup().await {
            Ok(setup) if setup.needed => SessionState::SetupNeeded,
            Ok(_) => SessionState::SignedOut { on_purpose: false },
            Err(error) => SessionState::Failed(error),
        },
        Err(error) => SessionState::Failed(error),
    }
}
