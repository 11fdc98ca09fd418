//! `temper evaluate`: suites asked of a model without a server.

use std::{
    fs::{self, File},
    io::{BufWriter, Write},
    path::{Path, PathBuf},
    time::Instant,
};

use anyhow::Context as _;
use checks::check_rule;
use clap::Args;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::{Value, json};
use shared::{
    evaluation::{Decoding, EvaluationResult, EvaluationSummary, NamedRate, Rate},
    message::Message,
    spec::Clause,
    suite::{CreateSuite, SuiteItem},
};
use trainer::run::Interrupter;
use uuid::Uuid;

use super::base::HubArgs;
use crate::{
    error::ApiError,
    evaluation::{Criteria, Scorer, Summarizer},
    inference::{Asking, BestOfFiles, Inference, ModelFiles, Question, Respondent, on_thread},
    services::{asking::refuse_bad_decoding, best_of::refuse_bad_choice},
};

/// Items that are asked and written at once at most.
const ITEMS_AT_ONCE: usize = 8;

/// Asks a model the items of suites and judges its answers.
#[derive(Args, Clone, Debug)]
pub(super) struct EvaluateCommand {
    /// The base model: a GGUF file, a folder with `config.json`, `tokenizer.json` and safetensors, or
    /// one of the hub as `owner/name`, then `@revision` and `:file.gguf` where they are needed.
    #[arg(long)]
    model: String,
    #[command(flatten)]
    hub: HubArgs,
    /// The folder of an adapter on it.
    #[arg(long)]
    adapter: Option<PathBuf>,
    /// A suite, as JSON. Its items are in it, or beside it in a `.jsonl` of the same name. Can be
    /// given more than once.
    #[arg(long = "suite", required = true)]
    suites: Vec<PathBuf>,
    /// The file for the results, one line for each item.
    #[arg(long)]
    output: PathBuf,
    /// The system message before each input.
    #[arg(long)]
    system_prompt: Option<String>,
    /// A spec, as JSON with `clauses`, that sorts the failures.
    #[arg(long)]
    spec: Option<PathBuf>,
    /// Ask only so many items of each suite.
    #[arg(long)]
    limit: Option<usize>,
    /// The most tokens of an answer.
    #[arg(long, default_value_t = 256)]
    max_new_tokens: u32,
    /// Logits are divided by it; 0 takes the most probable token.
    #[arg(long, default_value_t = 0.0)]
    temperature: f64,
    /// The most probable tokens that together have this probability are kept.
    #[arg(long, default_value_t = 1.0)]
    top_p: f64,
    /// So many most probable tokens are kept; 0 keeps all.
    #[arg(long, default_value_t = 0)]
    top_k: u32,
    /// Decides what is drawn.
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Draws so many answers to each item, 2 to 16, and judges the one that the reward model scores
    /// highest.
    #[arg(long, requires = "reward")]
    best_of: Option<u32>,
    /// The folder with the adapter of a `reward` run on the same base.
    #[arg(long, requires = "best_of")]
    reward: Option<PathBuf>,
    /// The system message that the reward model was trained with.
    #[arg(long, requires = "reward")]
    reward_system_prompt: Option<String>,
}

/// A line of the output: a result with the suite it belongs to.
#[derive(Serialize)]
struct Line<'a> {
    suite: &'a str,
    #[serde(flatten)]
    result: &'a EvaluationResult,
}

#[derive(Deserialize)]
struct Spec {
    clauses: Vec<Clause>,
}

impl EvaluateCommand {
    pub(super) async fn run(self) -> anyhow::Result<()> {
        let interrupter = Interrupter::new();
        let on_signal = interrupter.clone();
        tokio::spawn(async move {
            if tokio::signal::ctrl_c().await.is_ok() {
                on_signal.interrupt("stopped from the console");
            }
        });
        refuse_bad_decoding(&self.decoding()).map_err(|error: ApiError| anyhow::anyhow!(error))?;
        if let Some(answers) = self.best_of {
            refuse_bad_choice(answers, &self.decoding())
                .map_err(|error: ApiError| anyhow::anyhow!(error))?;
        }
        let suites = self.suites.iter().map(|path| read_suite(path));
        let suites = suites.collect::<anyhow::Result<Vec<_>>>()?;
        let clauses = match &self.spec {
            Some(path) => read_json::<Spec>(path)?.clauses,
            None => Vec::new(),
        };
        let base = self.hub.base(&self.model).await?;
        let file = File::create(&self.output)
            .with_context(|| format!("cannot write {}", self.output.display()))?;
        let mut output = BufWriter::new(file);
        let files = ModelFiles {
            name: base.name,
            base: base.path,
            base_hash: None,
            adapter: self.adapter.clone(),
        };
        let best_of = self.best_of_files(&files);
        let work = move || {
            let inference = Inference::default();
            let respondent = Respondent {
                model: inference.open(&files)?,
                best_of: best_of
                    .map(|files| inference.open_best_of(&files))
                    .transpose()?,
            };
            Ok(self.evaluate(&respondent, suites, &clauses, &mut output, &interrupter))
        };
        on_thread(work).await?
    }

    /// The reward model that chooses among answers, on the base of the model.
    fn best_of_files(&self, files: &ModelFiles) -> Option<BestOfFiles> {
        let (answers, reward) = self.best_of.zip(self.reward.as_ref())?;
        let system = self.reward_system_prompt.clone();
        Some(BestOfFiles {
            answers: usize::try_from(answers).unwrap_or(usize::MAX),
            reward_model: ModelFiles {
                name: reward.display().to_string(),
                adapter: Some(reward.clone()),
                ..files.clone()
            },
            system: system.filter(|text| !text.is_empty()),
        })
    }

    const fn decoding(&self) -> Decoding {
        Decoding {
            temperature: self.temperature,
            top_p: self.top_p,
            top_k: self.top_k,
            seed: self.seed,
            max_new_tokens: self.max_new_tokens,
        }
    }

    #[expect(clippy::print_stdout, reason = "the command's answer")]
    fn evaluate(
        &self,
        respondent: &Respondent,
        suites: Vec<CreateSuite>,
        clauses: &[Clause],
        output: &mut impl Write,
        interrupter: &Interrupter,
    ) -> anyhow::Result<()> {
        for mut suite in suites {
            suite.items.truncate(self.limit.unwrap_or(usize::MAX));
            let summary = self.ask(respondent, &suite, clauses, output, interrupter)?;
            output.flush()?;
            println!("{}", report(&suite.name, &summary));
        }
        println!("The answers are in {}", self.output.display());
        Ok(())
    }

    /// Asks one suite, writing results as they come.
    fn ask(
        &self,
        respondent: &Respondent,
        suite: &CreateSuite,
        clauses: &[Clause],
        output: &mut impl Write,
        interrupter: &Interrupter,
    ) -> anyhow::Result<EvaluationSummary> {
        let criteria = Criteria::new(suite.checks.clone(), suite.pass_rule, clauses);
        let scorer = Scorer::new(criteria)?;
        let mut summarizer = Summarizer::new(scorer.criteria());
        let start = Instant::now();
        let mut position = 0;
        for items in suite.items.chunks(respondent.at_once(ITEMS_AT_ONCE)) {
            let numbered = (u64::try_from(position)?..).zip(items);
            let questions: Vec<Question> = numbered
                .map(|(number, item)| {
                    Question::numbered(vec![Message::user(&item.input)], self.seed, number)
                })
                .collect();
            let asking = Asking {
                system: self
                    .system_prompt
                    .as_deref()
                    .filter(|text| !text.is_empty()),
                questions: &questions,
                decoding: self.decoding(),
            };
            let answers = respondent.answer(&asking, interrupter)?;
            for (content, answer) in items.iter().cloned().zip(answers) {
                let id = Uuid::nil().into();
                let result = scorer.score(position, SuiteItem { id, content }, answer)?;
                let line = Line {
                    suite: &suite.key,
                    result: &result,
                };
                serde_json::to_writer(&mut *output, &line)?;
                output.write_all(b"\n")?;
                summarizer.add(&result);
                position += 1;
            }
        }
        Ok(summarizer.finish(start.elapsed().as_secs_f64()))
    }
}

/// Reads a suite: its description, and its items from the file beside it if it has none itself.
fn read_suite(path: &Path) -> anyhow::Result<CreateSuite> {
    let mut description: Value = read_json(path)?;
    if description.get("items").is_none() {
        let path = path.with_extension("jsonl");
        let text = read(&path)?;
        let lines = (1..).zip(text.lines());
        let items = lines.filter(|(_, line)| !line.trim().is_empty());
        let items = items.map(|(number, line)| {
            serde_json::from_str(line)
                .with_context(|| format!("line {number} of {} is no JSON", path.display()))
        });
        description["items"] = json!(items.collect::<anyhow::Result<Vec<Value>>>()?);
    }
    let suite: CreateSuite = serde_json::from_value(description)
        .with_context(|| format!("{} is no suite", path.display()))?;
    check_rule(&suite.pass_rule).with_context(|| format!("{} is no suite", path.display()))?;
    Ok(suite)
}

fn read(path: &Path) -> anyhow::Result<String> {
    fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))
}

fn read_json<T: DeserializeOwned>(path: &Path) -> anyhow::Result<T> {
    serde_json::from_str(&read(path)?)
        .with_context(|| format!("{} has another form than expected", path.display()))
}

/// What a person at the console wants to know.
fn report(name: &str, summary: &EvaluationSummary) -> String {
    let mut lines = vec![format!("{name}: {} passed", show(summary.passed))];
    for failure in &summary.failures {
        lines.push(format!(
            "  failed by {}: {}",
            failure.category, failure.items
        ));
    }
    for NamedRate { name, rate, .. } in &summary.checks {
        lines.push(format!("  check {name}: {}", show(*rate)));
    }
    lines.push(format!(
        "  {:.0} tokens asked, {:.0} answered on average, {} cut off, {:.0} s",
        summary.mean_prompt_tokens, summary.mean_output_tokens, summary.cut_off, summary.seconds
    ));
    lines.join("\n")
}

fn show(rate: Rate) -> String {
    format!(
        "{} of {} ({:.1} %, 95 % interval {:.1} to {:.1} %)",
        rate.passed,
        rate.total,
        rate.rate * 100.0,
        rate.lower * 100.0,
        rate.upper * 100.0
    )
}
