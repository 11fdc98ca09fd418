//! `temper export`: a model in a form that other programs read.

use std::{
    io::ErrorKind,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, ensure};
use clap::Args;
use shared::model_export::{ExportCheck, ModelExportFormat};
use trainer::{adapter, device::Device, export::export, model::load};

use super::base::{Base, HubArgs};

/// Writes a model for other programs, reads it back and says how far its logits are from the
/// original's.
#[derive(Args, Debug)]
pub(super) struct ExportCommand {
    /// The base model: a GGUF file, a folder with `config.json`, `tokenizer.json` and safetensors, or
    /// one of the hub as `owner/name`, then `@revision` and `:file.gguf` where they are needed.
    #[arg(long)]
    model: String,
    #[command(flatten)]
    hub: HubArgs,
    /// The folder of an adapter, to fold into the base.
    #[arg(long)]
    adapter: Option<PathBuf>,
    /// What to write: safetensors, `safetensors_bf16`, `gguf_f16`, `gguf_q8_0`, `gguf_q4_k_m` or
    /// `gguf_adapter`.
    #[arg(long, default_value = "safetensors")]
    format: ModelExportFormat,
    /// The folder to write for safetensors, which must be empty or not be there; else the file,
    /// which must not be there.
    #[arg(long)]
    output: PathBuf,
}

impl ExportCommand {
    pub(super) async fn run(self) -> anyhow::Result<()> {
        self.refuse_output()?;
        let base = self.hub.base(&self.model).await?;
        tokio::task::spawn_blocking(move || self.export(&base)).await?
    }

    /// Refuses to write over what is there.
    fn refuse_output(&self) -> anyhow::Result<()> {
        if self.format.is_folder() {
            return expect_free_folder(&self.output);
        }
        let output = self.output.display();
        ensure!(
            !self.output.exists(),
            "{output} is there already: choose another file"
        );
        Ok(())
    }

    #[expect(clippy::print_stdout, reason = "the command's answer")]
    fn export(&self, base: &Base) -> anyhow::Result<()> {
        let model = load(&base.path, &Device::Cpu)?;
        let adapter = self
            .adapter
            .as_ref()
            .map(|folder| adapter::load(folder, &model.config, &Device::Cpu))
            .transpose()?
            .map(|(adapter, _)| adapter);
        let check = export(&model, adapter.as_ref(), self.format, &self.output)?;
        println!("{}: {}", self.output.display(), describe(&check));
        Ok(())
    }
}

/// Refuses what is no folder, and a folder with files in it; one that is not there is free.
pub(super) fn expect_free_folder(folder: &Path) -> anyhow::Result<()> {
    let entries = match folder.read_dir() {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Err(error) => {
            return Err(error)
                .with_context(|| format!("{} is no folder to write into", folder.display()));
        }
    };
    let is_free = entries.take(1).next().is_none();
    let folder = folder.display();
    ensure!(is_free, "{folder} has files already: choose another folder");
    Ok(())
}

fn describe(check: &ExportCheck) -> String {
    let ExportCheck {
        tokens,
        largest_difference,
        mean_divergence,
        same_first_choice,
    } = check;
    format!(
        "read back, logits differ by at most {largest_difference:.2e}, next tokens by \
         {mean_divergence:.2e} nats; the first choice is the same after {same_first_choice} of \
         {tokens} tokens"
    )
}
