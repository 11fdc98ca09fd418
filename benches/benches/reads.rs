//! How long simple reads take while they come at a fixed rate, whatever the server does: 500 a
//! second at rest, 50 a second while a run trains in the same process.
//!
//! `cargo bench --bench reads -- MODEL.gguf`; without a model only the first half is measured. Each
//! request's time counts from when it was due, so that a server that falls behind is not spared
//! (an open loop). The database is SQLite in a temporary folder, with the sample project.

use std::{
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context as _, ensure};
use benches::{mebibytes, say, serve_config};
use bytes::Bytes;
use http_body_util::{BodyExt as _, Empty};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use server::{
    app::App,
    cli::serve::{assemble, run},
    context::Context,
    extract::ProjectAccess,
    jobs::Timing,
    services::{accounts, dataset_versions, datasets, models, projects, runs, sample},
};
use shared::{
    account::{CreateApiToken, CreateUser},
    job::JobState,
    run::CreateRun,
    training::TrainingConfig,
};
use store::Store;
use tokio::{
    net::TcpListener,
    time::{Instant, sleep, sleep_until},
};

/// How long each half lasts.
const SPAN: Duration = Duration::from_secs(20);

/// What is read, in turn.
const PATHS: [&str; 5] = [
    "/api/session",
    "/api/projects",
    "/api/projects/support-desk-intake/members",
    "/api/projects/support-desk-intake/suites",
    "/api/projects/support-desk-intake/queues",
];

type HttpClient = Client<HttpConnector, Empty<Bytes>>;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let mut given = std::env::args().skip(1).map(PathBuf::from);
    let model = given.find(|path| path.is_file());
    let folder = tempfile::tempdir()?;
    let (app, address) = serve(folder.path()).await?;
    say(&format!("idle: {} MiB in memory", mebibytes("VmRSS")?));
    let (access, token) = prepare(&app, folder.path(), model.as_deref()).await?;
    let reads = Reads {
        client: Client::builder(TokioExecutor::new()).build_http(),
        address,
        token,
    };
    reads.measure("at rest", 500).await?;
    if model.is_none() {
        say("no model is named: nothing was trained beside the reads");
        return Ok(());
    }
    let number = train(&app, &access).await?;
    reads.measure("while a run trains", 50).await?;
    let run = runs::get_run(&app, &access, number).await?.summary;
    ensure!(
        run.state == JobState::Running,
        "the run ended meanwhile: {}",
        run.message
    );
    Ok(())
}

/// A server on a free port.
async fn serve(folder: &Path) -> anyhow::Result<(App, SocketAddr)> {
    let database = format!("sqlite:{}", folder.join("bench.db").display());
    let config = serve_config(folder, &database);
    let store = Store::open(&database).await?;
    let code = accounts::SetupCode::default();
    let app = assemble(store, Context::system(), &config, code);
    let listener = TcpListener::bind(config.listen).await?;
    let address = listener.local_addr()?;
    tokio::spawn(run(
        app.clone(),
        listener,
        config.runners,
        Timing::default(),
    ));
    Ok((app, address))
}

/// The sample project, its owner, and a token of theirs.
async fn prepare(
    app: &App,
    folder: &Path,
    model: Option<&Path>,
) -> anyhow::Result<(ProjectAccess, String)> {
    let request = CreateUser {
        name: "Bench".to_owned(),
        email: "bench@example.com".to_owned(),
        password: "correct horse battery".to_owned(),
        is_admin: true,
    };
    let user = accounts::create_user(app, None, request).await?;
    let mut name = None;
    if let Some(model) = model {
        let file = model.file_name().context("the model is no file")?;
        fs::create_dir_all(folder.join("models"))?;
        fs::copy(model, folder.join("models").join(file))?;
        name = Some(file.to_string_lossy().into_owned());
    }
    let slug = sample::load(app, &user, name).await?;
    let (project, role) = projects::find_with_role(app, &slug, &user).await?;
    let request = CreateApiToken {
        name: "Bench".to_owned(),
    };
    let token = accounts::create_token(app, &user, request).await?.secret;
    let access = ProjectAccess {
        project,
        role,
        user,
    };
    Ok((access, token))
}

/// Starts supervised fine-tuning on the sample's rows, and waits until it makes steps; answers
/// its number.
async fn train(app: &App, access: &ProjectAccess) -> anyhow::Result<i64> {
    let base = models::list_model_versions(app, access).await?;
    let base_id = base.first().context("there is no base model")?.id;
    let all = datasets::list_datasets(app, access).await?;
    let rows = all.iter().find(|one| one.name == "Support desk intake");
    let rows = rows.context("the sample has no rows")?.id;
    let versions = dataset_versions::list_versions(app, access, rows).await?;
    let request = CreateRun {
        name: "Bench".to_owned(),
        base_id,
        dataset_version_id: versions.first().context("there is no version")?.id,
        validation_version_id: None,
        general_version_id: None,
        prompt_version_id: None,
        initial_adapter_id: None,
        reward_model_id: None,
        spec_version_id: None,
        config: TrainingConfig::default(),
        suite_override: None,
    };
    let number = runs::create_run(app, access, request).await?.summary.number;
    loop {
        let run = runs::get_run(app, access, number).await?.summary;
        ensure!(run.state.is_open(), "the run ended: {}", run.message);
        if run.step > 1 {
            return Ok(number);
        }
        sleep(Duration::from_millis(100)).await;
    }
}

/// A client that keeps to its times.
struct Reads {
    client: HttpClient,
    address: SocketAddr,
    token: String,
}

impl Reads {
    /// Sends so many requests a second, and says how long the answers took.
    async fn measure(&self, when: &str, rate: u32) -> anyhow::Result<()> {
        let begin = Instant::now() + Duration::from_millis(100);
        let count = rate * u32::try_from(SPAN.as_secs())?;
        let mut under_way = Vec::new();
        for number in 0..count {
            let due = begin + SPAN * number / count;
            sleep_until(due).await;
            let path = PATHS[number as usize % PATHS.len()];
            let request =
                hyper_util::client::legacy::Client::request(&self.client, self.ask(path)?);
            under_way.push(tokio::spawn(async move {
                let answer = request.await?;
                ensure!(answer.status().is_success(), "{path}: {}", answer.status());
                answer.into_body().collect().await?;
                Ok(due.elapsed())
            }));
        }
        let mut took = Vec::new();
        for answer in under_way {
            took.push(answer.await??);
        }
        took.sort_unstable();
        let at = |percent: usize| {
            let index = (took.len() * percent).div_ceil(100);
            took[index.saturating_sub(1)].as_secs_f64() * 1e3
        };
        say(&format!(
            "{when}, {rate} reads a second: p50 {:.1} ms, p99 {:.1} ms, longest {:.1} ms",
            at(50),
            at(99),
            at(100)
        ));
        Ok(())
    }

    fn ask(&self, path: &str) -> anyhow::Result<axum::http::Request<Empty<Bytes>>> {
        let request = axum::http::Request::get(format!("http://{}{path}", self.address))
            .header("authorization", format!("Bearer {}", self.token));
        Ok(request.body(Empty::new())?)
    }
}
