//! `temper sample`: an account to try things with, and the sample project.

use std::{
    fs,
    io::{ErrorKind, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use clap::Args;
use shared::account::{CreateUser, User};
use store::users;

use super::serve::{assemble_for_console, open_store};
use crate::{
    app::App,
    config::DataConfig,
    services::{accounts, models, sample, secret},
};

/// The address of the account to try things with.
const EMAIL: &str = "demo@example.com";

/// Where its password is kept, in the data folder.
const PASSWORD_FILE: &str = "demo-password";

#[derive(Args, Debug)]
pub(super) struct SampleCommand {
    #[command(flatten)]
    data: DataConfig,
    /// A base model for the project, as a GGUF file. It is copied into the data folder.
    #[arg(long)]
    model: Option<PathBuf>,
}

impl SampleCommand {
    #[expect(clippy::print_stdout, reason = "the command's answer")]
    pub(super) async fn run(self) -> anyhow::Result<()> {
        let app = assemble_for_console(open_store(&self.data).await?, self.data);
        let password = password(&app)?;
        let user = demo_user(&app, &password).await?;
        let model = self
            .model
            .as_deref()
            .map(|path| bring_model(&app, path))
            .transpose()?;
        let slug = sample::load(&app, &user, model).await?;
        println!("The sample project is at /p/{slug}");
        println!("Sign in as {EMAIL} with the password {password}");
        app.store.close().await;
        Ok(())
    }
}

/// Puts a model's files into the server's folder of models, unless they are there. Answers their
/// name.
fn bring_model(app: &App, from: &Path) -> anyhow::Result<String> {
    let name = from
        .file_name()
        .and_then(|name| name.to_str())
        .context("the model has no name")?;
    let folder = models::models_folder(app);
    let to = folder.join(name);
    if to.exists() {
        return Ok(name.to_owned());
    }
    anyhow::ensure!(
        from.is_file(),
        "{} is no file: give a GGUF file",
        from.display()
    );
    fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    // Under another name first: a copy that broke off must not look like a model.
    let partial = folder.join(format!("{name}.partial"));
    fs::copy(from, &partial)
        .and_then(|_| fs::rename(&partial, &to))
        .with_context(|| format!("cannot copy {} to {}", from.display(), to.display()))?;
    Ok(name.to_owned())
}

/// The account's password: made once, readable by this user of the system only.
fn password(app: &App) -> anyhow::Result<String> {
    let path: PathBuf = app.data_dir.join(PASSWORD_FILE);
    match fs::read_to_string(&path) {
        Ok(password) => return Ok(password.trim().to_owned()),
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        Err(error) => return Err(error).with_context(|| format!("cannot read {}", path.display())),
    }
    let password = secret::generate(&app.context)[..16].to_owned();
    let mut options = fs::OpenOptions::new();
    let file = options.write(true).create_new(true).mode(0o600).open(&path);
    file.and_then(|mut file| writeln!(file, "{password}"))
        .with_context(|| format!("cannot write {}", path.display()))?;
    Ok(password)
}

async fn demo_user(app: &App, password: &str) -> anyhow::Result<User> {
    let mut tx = app.store.read().await?;
    let known = users::get_by_email(&mut tx, EMAIL).await?;
    drop(tx);
    if let Some(account) = known {
        return Ok(account.user);
    }
    let request = CreateUser {
        name: "Demo".to_owned(),
        email: EMAIL.to_owned(),
        password: password.to_owned(),
        is_admin: true,
    };
    Ok(accounts::create_user(app, None, request).await?)
}
