//! The whole application on a socket, with a database that is thrown away and the system's clock:
//! browsers have one of their own.

use std::{
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
};

use server::{
    app::App,
    cli::serve::{assemble, run},
    config::ServeConfig,
    context::Context,
    jobs::Timing,
    services::{
        accounts::{self, SetupCode},
        sample,
    },
};
use shared::account::CreateUser;
use tests::{ADMIN_EMAIL, PASSWORD, SETUP_CODE, TestDatabase, serve_config};
use tokio::{net::TcpListener, task::JoinHandle};

/// A running server.
#[derive(Debug)]
pub(crate) struct Server {
    /// The application, for what a person could not do through the page.
    pub(crate) app: App,
    address: SocketAddr,
    task: JoinHandle<()>,
    _database: TestDatabase,
}

impl Server {
    pub(super) async fn start(assets: PathBuf) -> Self {
        let database = TestDatabase::sqlite().await;
        let config = ServeConfig {
            assets,
            client_address_header: None,
            runners: 1,
            ..serve_config(&database)
        };
        let code = SetupCode::new(SETUP_CODE.to_owned());
        let app = assemble(database.store.clone(), Context::system(), &config, code);
        let listener = TcpListener::bind(config.listen).await.unwrap();
        let address = listener.local_addr().unwrap();
        let served = app.clone();
        let task = tokio::spawn(async move {
            run(served, listener, config.runners, Timing::default())
                .await
                .unwrap();
        });
        Self {
            app,
            address,
            task,
            _database: database,
        }
    }

    /// Makes an account with the sample project; answers the project's word in addresses.
    pub(crate) async fn load_sample(&self) -> String {
        self.load(None).await
    }

    /// The same with a base model from a file or a folder; answers the model's name and number.
    pub(crate) async fn load_sample_with(&self, model: &Path) -> String {
        let name = self.add_model(model);
        self.load(Some(name.clone())).await;
        format!("{} 1", name.trim_end_matches(".gguf"))
    }

    /// Puts a file or a folder into the server's folder of models; answers what it is called there.
    pub(crate) fn add_model(&self, model: &Path) -> String {
        let name = model.file_name().unwrap().to_str().unwrap().to_owned();
        let models = self.app.data_dir.join("models");
        fs::create_dir_all(&models).unwrap();
        if model.is_file() {
            fs::copy(model, models.join(&name)).unwrap();
            return name;
        }
        fs::create_dir_all(models.join(&name)).unwrap();
        for entry in fs::read_dir(model).unwrap() {
            let entry = entry.unwrap();
            fs::copy(entry.path(), models.join(&name).join(entry.file_name())).unwrap();
        }
        name
    }

    async fn load(&self, model: Option<String>) -> String {
        let request = CreateUser {
            name: "Ada".to_owned(),
            email: ADMIN_EMAIL.to_owned(),
            password: PASSWORD.to_owned(),
            is_admin: true,
        };
        let user = accounts::create_user(&self.app, None, request)
            .await
            .unwrap();
        sample::load(&self.app, &user, model).await.unwrap()
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(super) async fn stop(self) {
        self.app.lifecycle.stop();
        self.task.await.unwrap();
    }
}
