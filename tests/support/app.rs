//! An application on a throw-away database, with a clock that stands still and seeded randomness.

use std::sync::Arc;

use axum::Router;
use chrono::{DateTime, TimeDelta};
use rand::{SeedableRng, rngs::StdRng};
use serde_json::json;
use server::{
    app::App,
    cli::serve::assemble,
    config::{DataConfig, HubConfig, ServeConfig},
    context::{Context, FixedClock},
    router,
    services::accounts::SetupCode,
};
use shared::account::Role;

use crate::{Client, TestDatabase};

/// The code of the set-up page.
pub const SETUP_CODE: &str = "1234-5678";

/// The address of the first account.
pub const ADMIN_EMAIL: &str = "admin@example.com";

/// The password of every account that the tests make.
pub const PASSWORD: &str = "correct horse battery";

/// The configuration of a server on a database: no pages, no background jobs.
pub fn serve_config(database: &TestDatabase) -> ServeConfig {
    ServeConfig {
        data: DataConfig {
            data_dir: database.folder.path().to_owned(),
            database_url: Some(database.url.clone()),
        },
        hub: HubConfig {
            // Nothing listens there: a test that downloads names a hub of its own.
            hf_endpoint: "http://127.0.0.1:9".to_owned(),
            hf_token: None,
        },
        forbid_downloads: false,
        listen: ([127, 0, 0, 1], 0).into(),
        assets: database.folder.path().join("assets"),
        client_address_header: Some("x-forwarded-for".to_owned()),
        secure_cookies: false,
        max_upload_bytes: 1 << 20,
        runners: 0,
        lease_seconds: 30,
    }
}

/// A running application, without a socket.
#[derive(Debug)]
pub struct TestApp {
    /// The application.
    pub app: App,
    /// Its clock.
    pub clock: Arc<FixedClock>,
    router: Router,
    _database: TestDatabase,
}

impl TestApp {
    /// An application on SQLite.
    pub async fn start() -> Self {
        Self::on(TestDatabase::sqlite().await)
    }

    /// An application on a database.
    pub fn on(database: TestDatabase) -> Self {
        Self::configured(database, |_| {})
    }

    /// An application on a database, with settings of the test's own.
    pub fn configured(database: TestDatabase, change: impl FnOnce(&mut ServeConfig)) -> Self {
        let start = DateTime::from_timestamp(1_790_000_000, 0).unwrap();
        let clock = Arc::new(FixedClock::new(start));
        let context = Context::new(clock.clone(), StdRng::seed_from_u64(7));
        let mut config = serve_config(&database);
        change(&mut config);
        let setup_code = SetupCode::new(SETUP_CODE.to_owned());
        let app = assemble(database.store.clone(), context, &config, setup_code);
        Self {
            router: router::build(&app),
            app,
            clock,
            _database: database,
        }
    }

    /// Moves the clock forward.
    pub fn advance(&self, by: TimeDelta) {
        self.clock.advance(by);
    }

    /// A client that is not signed in.
    pub fn anonymous(&self) -> Client {
        Client::new(self.router.clone())
    }

    /// Makes the first account and answers a client that is signed in with it.
    pub async fn admin(&self) -> Client {
        let mut client = self.anonymous();
        let body = json!({
            "code": SETUP_CODE, "name": "Ada Admin", "email": ADMIN_EMAIL, "password": PASSWORD,
        });
        client.post("/api/setup", &body).await.expect(201);
        client
    }

    /// Makes an account by the administrator and answers a client that is signed in with it.
    pub async fn user(&self, admin: &mut Client, email: &str) -> Client {
        let body = json!({ "name": email, "email": email, "password": PASSWORD });
        admin.post("/api/users", &body).await.expect(201);
        self.signed_in(email).await
    }

    /// A client that signs in with an account.
    pub async fn signed_in(&self, email: &str) -> Client {
        let mut client = self.anonymous();
        let body = json!({ "email": email, "password": PASSWORD });
        client.post("/api/session", &body).await.expect(201);
        client
    }

    /// Makes a person with a role in a project and answers a client signed in as them.
    pub async fn member(&self, owner: &mut Client, project: &str, role: Role) -> Client {
        let email = format!("{role}@example.com");
        let client = self.user(owner, &email).await;
        let body = json!({ "email": email, "role": role });
        owner
            .put(&format!("/api/projects/{project}/members"), &body)
            .await
            .expect(200);
        client
    }
}
