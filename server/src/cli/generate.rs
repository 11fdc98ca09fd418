//! `temper generate`: answers without a server.

use std::{
    fs,
    io::{self, Write},
    iter,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use anyhow::{Context as _, bail};
use clap::Args;
use serde_json::{Value, json};
use shared::{message::Message, training::Precision};
use trainer::{
    adapter,
    data::{ChatTemplate, Encoder},
    device,
    engine::Model,
    generate::{GenerateRequest, Generated, Generator, Judge, ModelDecoder, Sampling, best_of},
    model::load_in,
    run::Interrupter,
};

use super::base::{Base, HubArgs};

/// Answers prompts with a model.
#[derive(Args, Debug)]
pub(super) struct GenerateCommand {
    /// The base model: a GGUF file, a folder with `config.json`, `tokenizer.json` and safetensors, or
    /// one of the hub as `owner/name`, then `@revision` and `:file.gguf` where they are needed.
    #[arg(long)]
    model: String,
    #[command(flatten)]
    hub: HubArgs,
    /// A folder with an adapter in PEFT's format.
    #[arg(long)]
    adapter: Option<PathBuf>,
    /// The system message put before every prompt that has none.
    #[arg(long)]
    system_prompt: Option<String>,
    /// What to answer; the answer is printed as it grows.
    #[arg(long, conflicts_with = "prompts", required_unless_present = "prompts")]
    prompt: Option<String>,
    /// A JSONL file whose lines have a `prompt` (a text or a list of messages); one line of JSON
    /// with the answer is printed for each.
    #[arg(long)]
    prompts: Option<PathBuf>,
    /// The most tokens of an answer.
    #[arg(long, default_value_t = 256)]
    max_new_tokens: usize,
    /// 0 takes the most probable token each time; larger values draw more freely.
    #[arg(long, default_value_t = 0.0)]
    temperature: f64,
    /// Only the most probable tokens that together have this probability are drawn from.
    #[arg(long, default_value_t = 1.0)]
    top_p: f64,
    /// Only so many most probable tokens are drawn from; 0 for all.
    #[arg(long, default_value_t = 0)]
    top_k: usize,
    /// Decides what is drawn.
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Prompts that are answered at once.
    #[arg(long, default_value_t = 8)]
    batch_size: usize,
    /// Answers that are drawn to each prompt; the one that the reward model scores highest is given.
    #[arg(long, default_value_t = 1, requires = "reward")]
    best_of: usize,
    /// A folder with the adapter of a `reward` run on the same base.
    #[arg(long)]
    reward: Option<PathBuf>,
    /// Where to compute: `auto`, `cpu`, or `cuda:0` and so on.
    #[arg(long, default_value = "auto")]
    device: String,
    /// The numbers to multiply with: `fp32`, or `bf16`, which needs half the memory and is quicker
    /// on GPUs and on processors that know such numbers, or `quantised`, which keeps the blocks of a quantised
    /// GGUF file as they are, and is slower.
    #[arg(long, default_value_t = Precision::Full)]
    precision: Precision,
}

impl GenerateCommand {
    pub(super) async fn run(self) -> anyhow::Result<()> {
        let interrupter = Interrupter::new();
        let on_signal = interrupter.clone();
        tokio::spawn(async move {
            if tokio::signal::ctrl_c().await.is_ok() {
                on_signal.interrupt("stopped from the console");
            }
        });
        let base = self.hub.base(&self.model).await?;
        tokio::task::spawn_blocking(move || self.answer(&base, &interrupter)).await?
    }

    fn answer(&self, base: &Base, interrupter: &Interrupter) -> anyhow::Result<()> {
        let prompts = self.read_prompts()?;
        if self.best_of == 0 {
            bail!("--best-of must be at least 1");
        }
        if self.best_of > 1 && self.temperature <= 0.0 {
            bail!(
                "--best-of {} draws the same answer each time at temperature 0; give --temperature, \
                 such as 0.8",
                self.best_of
            );
        }
        let device = device::open(&self.device)?;
        let loaded = load_in(&base.path, &device, self.precision)?;
        let read = |folder: &Option<PathBuf>| {
            let folder = folder.as_deref();
            let read = folder.map(|folder| adapter::load(folder, &loaded.config, &device));
            Ok::<_, anyhow::Error>(read.transpose()?.map(|(adapter, _)| adapter))
        };
        let (adapter, reward) = (read(&self.adapter)?, read(&self.reward)?);
        if let Some(adapter) = &adapter {
            adapter.expect_answers("adapter")?;
        }
        if reward
            .as_ref()
            .is_some_and(|reward| reward.score().is_none())
        {
            bail!("--reward has no head that scores: give the adapter of a `reward` run");
        }
        let template: &ChatTemplate = &loaded.template;
        let system_prompt = self.system_prompt.as_deref();
        let encoder = Encoder::from_parts(&loaded.tokenizer, template, system_prompt, usize::MAX);
        let requests = prompts
            .iter()
            .flat_map(|messages| (0..self.best_of).map(move |draw| (messages, draw)))
            .map(|(messages, draw)| Ok(self.request(encoder.prompt(messages, None)?, draw)))
            .collect::<anyhow::Result<Vec<_>>>()?;
        let model = Model::new(loaded.config.clone(), loaded.weights.clone());
        let start = Instant::now();
        let clock = || start.elapsed();
        let mut generator = Generator {
            decoder: &mut ModelDecoder::new(&model, adapter.as_ref()),
            tokenizer: &loaded.tokenizer,
            config: &model.config,
            batch_size: self.batch_size,
            clock: &clock,
        };
        let mut output = io::stdout().lock();
        let mut told = Ok(());
        let mut tell = |_: usize, text: &str| {
            if self.prompt.is_some() && self.reward.is_none() && told.is_ok() {
                told = output
                    .write_all(text.as_bytes())
                    .and_then(|()| output.flush());
            }
        };
        let answers = generator.generate(&requests, &mut tell, interrupter)?;
        told?;
        let scores = match &reward {
            None => vec![None; answers.len()],
            Some(adapter) => {
                let judge = Judge {
                    model: &model,
                    adapter,
                    encoder,
                    batch_size: self.batch_size,
                };
                judge.scores(&self.conversations(&prompts, &answers), interrupter)?
            }
        };
        for (messages, best) in prompts.iter().zip(best_of(&scores, self.best_of)) {
            let answer = &answers[best];
            match (&self.prompt, &reward) {
                (None, _) => writeln!(output, "{}", line(messages, answer, scores[best]))?,
                (Some(_), Some(_)) => writeln!(output, "{}", answer.text)?,
                // It was written as it grew.
                (Some(_), None) => writeln!(output)?,
            }
        }
        Ok(())
    }

    /// Each answer behind its prompt.
    fn conversations(&self, prompts: &[Vec<Message>], answers: &[Generated]) -> Vec<Vec<Message>> {
        let asked = prompts.iter();
        let asked = asked.flat_map(|messages| iter::repeat_n(messages, self.best_of));
        let whole = asked.zip(answers).map(|(messages, answer)| {
            let answer = Message::assistant(&answer.text);
            messages.iter().cloned().chain([answer]).collect()
        });
        whole.collect()
    }

    /// A request; the draws of one prompt differ by their seeds.
    fn request(&self, prompt: Vec<u32>, draw: usize) -> GenerateRequest {
        GenerateRequest {
            prompt,
            adapter: 0,
            sampling: Sampling {
                temperature: self.temperature,
                top_p: self.top_p,
                top_k: self.top_k,
                seed: self.seed.wrapping_add(draw as u64),
            },
            max_new_tokens: self.max_new_tokens,
            stop: Vec::new(),
        }
    }

    fn read_prompts(&self) -> anyhow::Result<Vec<Vec<Message>>> {
        match (&self.prompt, &self.prompts) {
            (Some(text), _) => Ok(vec![vec![Message::user(text)]]),
            (None, Some(path)) => read_prompts(path),
            (None, None) => bail!("give --prompt or --prompts"),
        }
    }
}

fn read_prompts(path: &Path) -> anyhow::Result<Vec<Vec<Message>>> {
    let text =
        fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    let lines = text.lines().enumerate();
    let lines = lines.filter(|(_, line)| !line.trim().is_empty());
    lines
        .map(|(index, line)| {
            parse(line).with_context(|| format!("line {} of {}", index + 1, path.display()))
        })
        .collect()
}

/// The prompt of a line.
fn parse(line: &str) -> anyhow::Result<Vec<Message>> {
    let mut value: Value = serde_json::from_str(line).context("it is no JSON")?;
    match value.get_mut("prompt").map(Value::take) {
        Some(Value::String(text)) => Ok(vec![Message::user(text)]),
        Some(list @ Value::Array(_)) => {
            let messages: Vec<Message> = serde_json::from_value(list)
                .context("its prompt is no list of messages with role and content")?;
            if messages.is_empty() {
                bail!("its prompt is empty");
            }
            Ok(messages)
        }
        _ => bail!("it needs a `prompt`: a text or a list of messages"),
    }
}

fn line(messages: &[Message], answer: &Generated, score: Option<f64>) -> Value {
    let seconds = |duration: Duration| duration.as_secs_f64();
    let mut line = json!({
        "prompt": messages,
        "output": answer.text,
        "tokens": answer.tokens.len(),
        "finish": answer.finish,
        "seconds": seconds(answer.latency),
    });
    if let Some(score) = score {
        line["score"] = json!(score);
    }
    line
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn a_prompt_is_a_text_or_messages() {
        assert_eq!(parse(r#"{"prompt": "a"}"#).unwrap()[0].content, "a");
        let list =
            r#"{"prompt": [{"role": "system", "content": "s"}, {"role": "user", "content": "u"}]}"#;
        assert_eq!(parse(list).unwrap().len(), 2);
        for (text, word) in [
            ("no", "JSON"),
            ("{}", "prompt"),
            (r#"{"prompt": []}"#, "empty"),
            (r#"{"prompt": [{"role": "x"}]}"#, "messages"),
        ] {
            let message = format!("{:#}", parse(text).unwrap_err());
            assert!(message.contains(word), "{text}: {message}");
        }
    }
}
