//! `temper serve` and `temper migrate`.

use std::{collections::HashMap, net::SocketAddr, path::PathBuf, sync::Arc, time::Duration};

use anyhow::Context as _;
use chrono::TimeDelta;
use hub::Hub;
use shared::job::JobKind;
use store::Store;
use tokio::{net::TcpListener, sync::Notify};

use crate::{
    app::{App, Parts},
    assets::Assets,
    config::{DataConfig, HubConfig, Secret, ServeConfig},
    context::Context,
    inference::{self, Inference},
    jobs::{
        self, JobHandler, Timing, blank_model::BlankModelJob, evaluation::EvaluationJob,
        import::ImportJob, model_download::ModelDownloadJob, model_export::ModelExportJob,
        sample_pairs::SamplePairsJob, training::TrainingJob,
    },
    lifecycle::Lifecycle,
    live::News,
    router,
    services::{
        accounts::{self, SetupCode},
        rate_limit::RateLimiter,
        run_cache::RunCache,
    },
};

/// Failed attempts to sign in that an address or an account has in [`SIGN_IN_WINDOW`].
const SIGN_IN_LIMIT: u32 = 10;

/// The window of [`SIGN_IN_LIMIT`].
const SIGN_IN_WINDOW: TimeDelta = TimeDelta::minutes(5);

/// Opens the database of a configuration, making its folder if needed.
pub(super) async fn open_store(config: &DataConfig) -> anyhow::Result<Store> {
    std::fs::create_dir_all(&config.data_dir)
        .with_context(|| format!("cannot make the data folder {}", config.data_dir.display()))?;
    Ok(Store::open(&config.database_url()).await?)
}

/// Puts an application together.
#[must_use]
pub fn assemble(
    store: Store,
    context: Context,
    config: &ServeConfig,
    setup_code: SetupCode,
) -> App {
    let header = config
        .client_address_header
        .as_ref()
        .map(|name| name.to_lowercase());
    App::new(Parts {
        store,
        assets: Assets::load(&config.assets),
        context,
        data_dir: config.data.data_dir.clone(),
        max_upload_bytes: config.max_upload_bytes,
        lifecycle: Lifecycle::default(),
        inference: Inference::default(),
        hub: open_hub(config),
        job_wake: Notify::new(),
        job_cancelled: Notify::new(),
        news: News::default(),
        run_cache: RunCache::default(),
        setup_code,
        sign_in_limit: RateLimiter::new(SIGN_IN_LIMIT, SIGN_IN_WINDOW),
        client_address_header: header,
        secure_cookies: config.secure_cookies,
    })
}

/// Where base models are downloaded from, unless they are not.
fn open_hub(config: &ServeConfig) -> Result<Hub, String> {
    if config.forbid_downloads {
        return Err(format!(
            "this server is set to download nothing (TEMPER_FORBID_DOWNLOADS): {INSTEAD}"
        ));
    }
    let token = config.hub.hf_token.as_ref().map(Secret::reveal);
    Hub::new(&config.hub.hf_endpoint, token).map_err(|error| {
        tracing::warn!(%error, "base models cannot be downloaded");
        format!("{error}; {INSTEAD}")
    })
}

/// What to do without downloads.
const INSTEAD: &str = "put the model's files into the folder `models` of the server's data folder \
                       and register them from there";

/// Puts an application together for a command that serves nobody.
pub(super) fn assemble_for_console(store: Store, data: DataConfig) -> App {
    let config = ServeConfig {
        data,
        hub: HubConfig {
            hf_endpoint: String::new(),
            hf_token: None,
        },
        forbid_downloads: true,
        listen: ([127, 0, 0, 1], 0).into(),
        assets: PathBuf::new(),
        client_address_header: None,
        secure_cookies: false,
        max_upload_bytes: u64::MAX,
        runners: 0,
        lease_seconds: 30,
    };
    assemble(store, Context::system(), &config, SetupCode::default())
}

/// Serves until a signal asks to stop.
pub(super) async fn serve(config: ServeConfig) -> anyhow::Result<()> {
    let store = open_store(&config.data).await?;
    let context = Context::system();
    let code = short_code(&context);
    let app = assemble(store, context, &config, SetupCode::new(code.clone()));
    let listener = TcpListener::bind(config.listen).await.with_context(|| {
        let port = config.listen.port();
        format!(
            "cannot listen on {}: is another server using port {port}? Choose one with --listen",
            config.listen
        )
    })?;
    announce(&app, listener.local_addr()?, &code).await?;
    tokio::spawn(app.lifecycle.clone().listen());
    let timing = Timing::for_lease(Duration::from_secs(config.lease_seconds));
    run(app, listener, config.runners, timing).await
}

/// Serves on a bound listener, with its background jobs, until the lifecycle is stopped.
pub async fn run(
    app: App,
    listener: TcpListener,
    runners: usize,
    timing: Timing,
) -> anyhow::Result<()> {
    let handlers = handlers();
    for _ in 0..runners {
        app.lifecycle
            .spawn(jobs::run(app.clone(), handlers.clone(), timing));
    }
    app.lifecycle.spawn(inference::sweep(app.clone()));
    let service = router::build(&app).into_make_service_with_connect_info::<SocketAddr>();
    let soft = app.lifecycle.soft();
    axum::serve(listener, service)
        .with_graceful_shutdown(async move { soft.cancelled().await })
        .await?;
    app.lifecycle.finish().await;
    app.store.close().await;
    Ok(())
}

/// What does the work of each kind of job.
#[must_use]
pub fn handlers() -> jobs::Handlers {
    let import: Box<dyn JobHandler> = Box::new(ImportJob);
    let training: Box<dyn JobHandler> = Box::new(TrainingJob);
    let evaluation: Box<dyn JobHandler> = Box::new(EvaluationJob);
    let exporting: Box<dyn JobHandler> = Box::new(ModelExportJob);
    let sampling: Box<dyn JobHandler> = Box::new(SamplePairsJob);
    let blank: Box<dyn JobHandler> = Box::new(BlankModelJob);
    let downloading: Box<dyn JobHandler> = Box::new(ModelDownloadJob);
    Arc::new(HashMap::from([
        (JobKind::Import, import),
        (JobKind::TrainingRun, training),
        (JobKind::Evaluation, evaluation),
        (JobKind::SamplePairs, sampling),
        (JobKind::ModelExport, exporting),
        (JobKind::ModelDownload, downloading),
        (JobKind::BlankModel, blank),
    ]))
}

/// A code that a person can type: eight characters in two groups.
fn short_code(context: &Context) -> String {
    let text = hex::encode(&context.secret()[..4]);
    let (first, second) = text.split_at(4);
    format!("{first}-{second}")
}

#[expect(
    clippy::print_stdout,
    reason = "the address and the code are for the person at the console"
)]
async fn announce(app: &App, address: SocketAddr, code: &str) -> anyhow::Result<()> {
    tracing::info!(%address, database = app.store.kind(), "listening");
    println!("Temper is at http://{address}");
    let state = accounts::setup_state(app)
        .await
        .map_err(anyhow::Error::from)?;
    if state.needed {
        println!("Set it up at http://{address}/setup with the code {code}");
    }
    Ok(())
}

/// Brings the schema up to date.
#[expect(clippy::print_stdout, reason = "the command's answer")]
pub(super) async fn migrate(config: &DataConfig) -> anyhow::Result<()> {
    let store = open_store(config).await?;
    println!("The {} database is up to date.", store.kind());
    store.close().await;
    Ok(())
}
