//! Imports a generated file of rows and says how many a second, and the most memory it took.
//!
//! `cargo bench --bench import -- 1000000` imports that many rows; 200 000 without a number. The
//! database is SQLite in a temporary folder, or the one in `BENCH_DATABASE_URL`.

use std::{
    fs::File,
    io::{BufWriter, Write},
    path::Path,
    time::{Duration, Instant},
};

use benches::{mebibytes, say, serve_config};
use server::{
    app::App,
    cli::serve::{assemble, handlers},
    context::Context,
    extract::ProjectAccess,
    jobs::{self, Timing},
    services::{accounts, dataset_versions, datasets, imports, projects, uploads},
};
use shared::{
    account::CreateUser,
    coverage::Coverage,
    dataset::{CreateDataset, CreateDatasetVersion, CreateImport, Import},
    ids::DatasetId,
    job::JobState,
    project::CreateProject,
};
use store::Store;
use tokio_util::io::ReaderStream;

/// Rows that are imported where nobody says how many.
const DEFAULT_ROWS: usize = 200_000;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let given = std::env::args().find_map(|argument| argument.parse().ok());
    let rows = given.unwrap_or(DEFAULT_ROWS);
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("rows.jsonl");
    let size = generate(&file, rows)?;
    let app = open(folder.path()).await?;
    let access = sign_up(&app).await?;
    let before = mebibytes("VmHWM")?;
    let begin = Instant::now();
    let upload = ReaderStream::with_capacity(tokio::fs::File::open(&file).await?, 64 << 10);
    let upload = uploads::create_upload(&app, &access, "rows.jsonl", upload).await?;
    report("upload", rows, begin.elapsed());

    let request = CreateDataset {
        name: "Bench".to_owned(),
        description: String::new(),
    };
    let dataset = datasets::create_dataset(&app, &access, request).await?.id;
    let request = CreateImport {
        upload_id: upload.id,
        format: None,
        mapping: None,
        default_coverage: Coverage::Typical,
        skip_duplicates: false,
    };
    let begin = Instant::now();
    let import = imports::create_import(&app, &access, dataset, request).await?;
    let import = wait(&app, &access, dataset, &import).await?;
    report("import", rows, begin.elapsed());
    say(&format!(
        "{} imported, {} duplicates",
        import.imported, import.duplicates
    ));
    say(&format!(
        "{} MiB of JSONL; peak memory {} MiB, {before} MiB before",
        size >> 20,
        mebibytes("VmHWM")?
    ));
    let request = CreateDatasetVersion {
        note: String::new(),
        validation_share: 0.1,
        seed: 0,
    };
    let begin = Instant::now();
    dataset_versions::create_version(&app, &access, dataset, request).await?;
    report("cut", rows, begin.elapsed());
    say(&format!("peak memory {} MiB", mebibytes("VmHWM")?));
    Ok(())
}

async fn open(folder: &Path) -> anyhow::Result<App> {
    let database = std::env::var("BENCH_DATABASE_URL")
        .unwrap_or_else(|_| format!("sqlite:{}", folder.join("bench.db").display()));
    let config = serve_config(folder, &database);
    let store = Store::open(&database).await?;
    let app = assemble(
        store,
        Context::system(),
        &config,
        accounts::SetupCode::default(),
    );
    tokio::spawn(jobs::run(app.clone(), handlers(), Timing::default()));
    Ok(app)
}

/// An account with a project.
async fn sign_up(app: &App) -> anyhow::Result<ProjectAccess> {
    let number = app.context.random_u64();
    let request = CreateUser {
        name: "Bench".to_owned(),
        email: format!("bench{number}@example.com"),
        password: "correct horse battery".to_owned(),
        is_admin: true,
    };
    let user = accounts::create_user(app, None, request).await?;
    let request = CreateProject {
        name: format!("Bench {number}"),
        description: String::new(),
    };
    let made = projects::create_project(app, &user, request).await?;
    let (project, role) = projects::find_with_role(app, &made.slug, &user).await?;
    Ok(ProjectAccess {
        project,
        role,
        user,
    })
}

async fn wait(
    app: &App,
    access: &ProjectAccess,
    dataset: DatasetId,
    import: &Import,
) -> anyhow::Result<Import> {
    loop {
        let import = imports::get_import(app, access, dataset, import.id).await?;
        match import.state {
            JobState::Succeeded => return Ok(import),
            JobState::Queued | JobState::Running => {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            _ => anyhow::bail!("the import ended badly: {}", import.message),
        }
    }
}

/// Writes rows of some 300 bytes, each different; answers the size of the file.
fn generate(path: &Path, rows: usize) -> anyhow::Result<u64> {
    let mut output = BufWriter::new(File::create(path)?);
    for number in 0..rows {
        let order = number * 7919 % 1_000_003;
        writeln!(
            output,
            "{{\"prompt\": \"I bought lamp number {number} on 2 March and still have no shipping \
             email. My order is {order}, can you look?\", \"completion\": \"{{\\\"intent\\\": \
             \\\"order_status\\\", \\\"entities\\\": {{\\\"order_id\\\": \\\"{order}\\\"}}, \
             \\\"missing_info\\\": []}}\", \"coverage\": \"typical\", \"clauses\": [\"json-only\", \
             \"schema\"], \"tags\": [\"short\"]}}"
        )?;
    }
    output.flush()?;
    Ok(path.metadata()?.len())
}

fn report(what: &str, rows: usize, took: Duration) {
    let seconds = took.as_secs_f64();
    say(&format!(
        "{what}: {seconds:.1} s, {:.0} rows a second",
        rows as f64 / seconds
    ));
}
