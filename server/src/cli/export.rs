//! `temper export`: a model as a folder that other programs read.

use std::path::PathBuf;

use anyhow::ensure;
use clap::Args;
use trainer::{
    device::Device,
    model::{export_safetensors, load},
};

/// Writes a base model as a Hugging Face folder with the numbers that training used.
#[derive(Args, Debug)]
pub(super) struct ExportCommand {
    /// The base model: a GGUF file, or a folder with `config.json`, `tokenizer.json` and
    /// safetensors.
    #[arg(long)]
    model: PathBuf,
    /// The folder to write; it must be empty or not be there.
    #[arg(long)]
    output: PathBuf,
}

impl ExportCommand {
    pub(super) async fn run(self) -> anyhow::Result<()> {
        tokio::task::spawn_blocking(move || self.export()).await?
    }

    #[expect(clippy::print_stdout, reason = "the command's answer")]
    fn export(&self) -> anyhow::Result<()> {
        let is_free = self
            .output
            .read_dir()
            .map_or(true, |mut entries| entries.next().is_none());
        ensure!(
            is_free,
            "{} has files already: choose another folder",
            self.output.display()
        );
        let model = load(&self.model, &Device::Cpu)?;
        export_safetensors(&model, &self.output)?;
        println!(
            "{} M parameters in 32 bits are in {}",
            model.weights.parameter_count() / 1_000_000,
            self.output.display()
        );
        Ok(())
    }
}
