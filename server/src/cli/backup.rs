//! `temper backup` and `temper restore`.

use std::path::PathBuf;

use clap::Args;

use super::serve::open_store;
use crate::{config::DataConfig, services::backup};

/// Writes everything that Temper keeps into one file.
#[derive(Args, Debug)]
pub(super) struct BackupCommand {
    #[command(flatten)]
    data: DataConfig,
    /// The file to write, such as `temper-2026-01-31.tar`. It must not be there yet.
    #[arg(long)]
    to: PathBuf,
}

/// Reads what `temper backup` wrote into an empty database, of either kind.
#[derive(Args, Debug)]
pub(super) struct RestoreCommand {
    #[command(flatten)]
    data: DataConfig,
    /// The file that `temper backup` wrote.
    #[arg(long)]
    from: PathBuf,
}

impl BackupCommand {
    #[expect(clippy::print_stdout, reason = "the command's answer")]
    pub(super) async fn run(self) -> anyhow::Result<()> {
        let store = open_store(&self.data).await?;
        let summary = backup::create(&store, &self.data.data_dir, &self.to).await?;
        store.close().await;
        println!(
            "{} rows and {} files are in {}",
            summary.rows,
            summary.files,
            self.to.display()
        );
        Ok(())
    }
}

impl RestoreCommand {
    #[expect(clippy::print_stdout, reason = "the command's answer")]
    pub(super) async fn run(self) -> anyhow::Result<()> {
        let store = open_store(&self.data).await?;
        let summary = backup::restore(&store, &self.data.data_dir, &self.from).await?;
        store.close().await;
        println!(
            "Restored {} rows and {} files.",
            summary.rows, summary.files
        );
        Ok(())
    }
}
