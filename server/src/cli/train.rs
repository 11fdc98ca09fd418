//! `temper train`: a run without a server.

use std::{
    fs::{self, File, OpenOptions},
    io::{BufRead, BufReader, BufWriter, Write},
    path::{Path, PathBuf},
    time::Instant,
};

use anyhow::{Context as _, bail};
use clap::Args;
use shared::training::{EvaluationMetrics, RunEvent, StepMetrics, TrainingConfig};
use trainer::{
    run::{Interrupter, Outcome},
    session::{Session, Target},
};

use super::base::HubArgs;
use crate::training;

/// The file with one line for each optimizer step.
const METRICS_FILE: &str = "metrics.jsonl";

/// Trains an adapter, or all weights of a model, as a file says.
#[derive(Args, Debug)]
pub(super) struct TrainCommand {
    /// The settings, as TOML or JSON.
    #[arg(long)]
    config: PathBuf,
    /// The folder for `metrics.jsonl`, `adapter/` (or `model/`) and `checkpoints/`; made if it is not there.
    #[arg(long)]
    output: PathBuf,
    /// Go on from the newest checkpoint in the output folder.
    #[arg(long)]
    resume: bool,
    #[command(flatten)]
    hub: HubArgs,
}

impl TrainCommand {
    pub(super) async fn run(self) -> anyhow::Result<()> {
        let interrupter = Interrupter::new();
        let on_signal = interrupter.clone();
        tokio::spawn(async move {
            if tokio::signal::ctrl_c().await.is_ok() {
                on_signal.interrupt("stopped from the console");
            }
        });
        let mut config = read_config(&self.config)?;
        let base = self.hub.base(&config.model).await?;
        config.model = base.name;
        let train = move || self.train(config, &base.path, &interrupter);
        tokio::task::spawn_blocking(train).await?
    }

    #[expect(clippy::print_stdout, reason = "the command's answer")]
    fn train(
        &self,
        config: TrainingConfig,
        base: &Path,
        interrupter: &Interrupter,
    ) -> anyhow::Result<()> {
        let session = Session::open_base(config, base)?;
        fs::create_dir_all(&self.output)
            .with_context(|| format!("cannot make {}", self.output.display()))?;
        let path = self.output.join(METRICS_FILE);
        let mut metrics = MetricsFile::open(&path, self.resume)?;
        let start = Instant::now();
        let clock = || start.elapsed();
        let target = Target {
            output: &self.output,
            resume: self.resume,
            clock: &clock,
        };
        let mut sink = |event| {
            if let RunEvent::Evaluation(found) = &event {
                println!("{}", found_at(found));
            }
            metrics.record(&event);
        };
        let outcome = training::train(&session, target, &mut sink, interrupter)?;
        metrics
            .close()
            .with_context(|| format!("cannot write {}", path.display()))?;
        println!("{}", summary(&outcome));
        Ok(())
    }
}

/// An evaluation in a line, such as `step 24: validation loss 0.523, best so far`.
fn found_at(found: &EvaluationMetrics) -> String {
    let mut parts = Vec::new();
    if let Some(loss) = found.validation_loss {
        parts.push(format!("validation loss {loss:.4}"));
    }
    if let Some(loss) = found.general_loss {
        parts.push(format!("loss on general rows {loss:.4}"));
    }
    if let Some(reward) = found.reward {
        parts.push(format!("reward {reward:.4}"));
    }
    if let Some(metrics) = found.preference {
        let mut tell = |name: &str, value: Option<f64>| {
            parts.extend(value.map(|value| format!("{name} {value:.4}")));
        };
        tell("reward accuracy", metrics.rewards_accuracies);
        tell("reward margin", metrics.rewards_margins);
        tell("KL", metrics.kl);
    }
    let checks = found.checks.iter();
    parts.extend(checks.map(|(name, rate)| format!("{name} {} of {}", rate.passed, rate.total)));
    if found.best {
        parts.push("best so far".to_owned());
    }
    format!("step {}: {}", found.step, parts.join(", "))
}

fn summary(outcome: &Outcome) -> String {
    format!(
        "{} after step {} and {:.0} s; what was trained up to step {} is in {}",
        outcome.reason,
        outcome.step,
        outcome.train_seconds,
        outcome.adapter_step,
        outcome.folder.display()
    )
}

/// Reads a configuration, by its ending as TOML or JSON. Relative paths in it count from the
/// working folder.
pub(super) fn read_config(path: &Path) -> anyhow::Result<TrainingConfig> {
    let text =
        fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    let unusable = || format!("cannot use {} as a configuration", path.display());
    match path.extension().and_then(|extension| extension.to_str()) {
        Some("json") => serde_json::from_str(&text).with_context(unusable),
        Some("toml") => toml::from_str(&text).with_context(unusable),
        _ => bail!("{}: a configuration ends in .toml or .json", path.display()),
    }
}

/// `metrics.jsonl`, written as the run goes.
#[derive(Debug)]
struct MetricsFile {
    path: PathBuf,
    file: BufWriter<File>,
    failed: Option<std::io::Error>,
}

impl MetricsFile {
    /// Begins the file anew, or goes on with what is there.
    fn open(path: &Path, resume: bool) -> anyhow::Result<Self> {
        let mut options = OpenOptions::new();
        options
            .create(true)
            .write(true)
            .append(resume)
            .truncate(!resume);
        let file = options
            .open(path)
            .with_context(|| format!("cannot write {}", path.display()))?;
        Ok(Self {
            path: path.to_owned(),
            file: BufWriter::new(file),
            failed: None,
        })
    }

    /// Writes a step, or forgets the steps after the one that a resumed run goes on from.
    fn record(&mut self, event: &RunEvent) {
        let result = match event {
            RunEvent::Step(step) => self.write(step),
            RunEvent::Started { from_step, .. } if *from_step > 0 => self.cut(*from_step),
            _ => Ok(()),
        };
        if let Err(error) = result {
            self.failed.get_or_insert(error);
        }
    }

    fn write(&mut self, step: &StepMetrics) -> std::io::Result<()> {
        serde_json::to_writer(&mut self.file, step)?;
        self.file.write_all(b"\n")?;
        self.file.flush()
    }

    /// Keeps the lines up to a step: those after it are about to be made again.
    fn cut(&mut self, last: usize) -> std::io::Result<()> {
        let mut kept = Vec::new();
        for line in BufReader::new(File::open(&self.path)?).lines() {
            let line = line?;
            // A line that a crash cut in the middle is no JSON, and is dropped.
            let step = serde_json::from_str::<StepMetrics>(&line);
            if step.is_ok_and(|step| step.step <= last) {
                kept.extend_from_slice(line.as_bytes());
                kept.push(b'\n');
            }
        }
        let partial = self.path.with_extension("partial");
        fs::write(&partial, kept)?;
        fs::rename(&partial, &self.path)?;
        self.file = BufWriter::new(OpenOptions::new().append(true).open(&self.path)?);
        Ok(())
    }

    /// Answers the first thing that went wrong, if anything did.
    fn close(mut self) -> std::io::Result<()> {
        self.failed.take().map_or_else(|| self.file.flush(), Err)
    }
}
