//! The commands of the program `temper`. Each calls the same services as the web.

mod backup;
mod base;
mod blank;
mod evaluate;
mod export;
mod generate;
mod sample;
pub mod serve;
mod train;
mod user;

use clap::{Parser, Subcommand};

use crate::{
    config::{DataConfig, ServeConfig},
    telemetry::{self, LogFormat},
};

/// A self-hosted platform for fine-tuning language models as an engineering project.
#[derive(Debug, Parser)]
#[command(name = "temper", version)]
pub struct Cli {
    /// The form of the log.
    #[arg(
        long,
        global = true,
        value_enum,
        default_value_t,
        env = "TEMPER_LOG_FORMAT"
    )]
    log_format: LogFormat,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve the browser application and the API, and run background jobs.
    Serve(ServeConfig),
    /// Bring the database's schema up to date, and do nothing else.
    Migrate(DataConfig),
    /// Train an adapter as a file says, without a server.
    Train(train::TrainCommand),
    /// Make a base model with random weights, to be pretrained from scratch.
    Blank(blank::BlankCommand),
    /// Answer prompts with a model, without a server.
    Generate(generate::GenerateCommand),
    /// Ask a model the items of suites and judge its answers, without a server.
    Evaluate(evaluate::EvaluateCommand),
    /// Write a base model as a folder that transformers reads.
    Export(export::ExportCommand),
    /// Load the sample project, with an account to try it with.
    Sample(sample::SampleCommand),
    /// Write everything that Temper keeps into one file; the server may go on running.
    Backup(backup::BackupCommand),
    /// Read a back-up into an empty database, of either kind.
    Restore(backup::RestoreCommand),
    /// Manage accounts from the console.
    #[command(subcommand)]
    User(user::UserCommand),
}

impl Cli {
    /// Does what the command asks.
    pub async fn run(self) -> anyhow::Result<()> {
        telemetry::init(self.log_format);
        match self.command {
            Command::Serve(config) => serve::serve(config).await,
            Command::Migrate(config) => serve::migrate(&config).await,
            Command::Train(command) => command.run().await,
            Command::Blank(command) => command.run().await,
            Command::Generate(command) => command.run().await,
            Command::Evaluate(command) => command.run().await,
            Command::Export(command) => command.run().await,
            Command::Sample(command) => command.run().await,
            Command::Backup(command) => command.run().await,
            Command::Restore(command) => command.run().await,
            Command::User(command) => command.run().await,
        }
    }
}
