//! `temper user`: accounts from the console, for the person who runs the server.

use std::io::Read;

use anyhow::Context as _;
use clap::{Args, Subcommand};
use shared::account::CreateUser;

use super::serve::{assemble_for_console, open_store};
use crate::{config::DataConfig, services::accounts};

/// The commands about accounts.
#[derive(Debug, Subcommand)]
pub(super) enum UserCommand {
    /// Make an account; its password is read from standard input.
    Add(AddUser),
}

#[derive(Args, Debug)]
pub(super) struct AddUser {
    #[command(flatten)]
    data: DataConfig,
    /// The address to sign in with.
    #[arg(long)]
    email: String,
    /// The person's name.
    #[arg(long)]
    name: String,
    /// Whether they manage accounts and see every project.
    #[arg(long)]
    admin: bool,
}

impl UserCommand {
    pub(super) async fn run(self) -> anyhow::Result<()> {
        match self {
            Self::Add(add) => add.run().await,
        }
    }
}

impl AddUser {
    #[expect(clippy::print_stdout, reason = "the command's answer")]
    async fn run(self) -> anyhow::Result<()> {
        let mut password = String::new();
        std::io::stdin()
            .read_to_string(&mut password)
            .context("cannot read the password")?;
        let store = open_store(&self.data).await?;
        let app = assemble_for_console(store, self.data);
        let request = CreateUser {
            name: self.name,
            email: self.email,
            password: password.trim_end_matches(['\r', '\n']).to_owned(),
            is_admin: self.admin,
        };
        let user = accounts::create_user(&app, None, request).await?;
        println!("Made the account {} ({}).", user.email, user.id);
        app.store.close().await;
        Ok(())
    }
}
