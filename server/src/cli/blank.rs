//! `temper blank`: a model with random weights, to be pretrained from scratch.

use std::path::PathBuf;

use anyhow::ensure;
use clap::Args;
use shared::blank::BlankShape;
use trainer::{
    blank::{Plan, Vocabulary},
    data::read_rows,
    model::outline,
};

use super::{
    base::{Base, HubArgs},
    export::expect_free_folder,
};
use crate::services::memory;

/// Makes a base model with random weights, which has learned nothing yet.
///
/// Its tokenizer is that of a model, or trained on texts. To pretrain it, name its folder as the model
/// of a run with the method `pretrain` and the adapter `none`, at a learning rate of about 1e-3.
#[derive(Args, Debug)]
pub(super) struct BlankCommand {
    /// The model whose tokenizer and chat template it gets: a file or folder, or one of the hub.
    #[arg(
        long,
        conflicts_with = "corpus",
        required_unless_present = "corpus",
        value_name = "MODEL"
    )]
    tokenizer: Option<String>,
    #[command(flatten)]
    hub: HubArgs,
    /// A JSONL file of rows, on whose texts a tokenizer is trained (byte-level BPE).
    #[arg(long)]
    corpus: Option<PathBuf>,
    /// How many tokens a trained tokenizer may have; 4096 where this is left out.
    #[arg(long, requires = "corpus")]
    vocabulary: Option<usize>,
    /// The shape, as a `config.json` of any architecture that is supported.
    #[arg(long, conflicts_with_all = ["layers", "hidden_size", "intermediate_size", "heads",
        "kv_heads", "context"])]
    config: Option<PathBuf>,
    #[command(flatten)]
    shape: ShapeArgs,
    /// Decides the weights.
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// The folder to write, which must be empty or not be there.
    #[arg(long)]
    output: PathBuf,
}

/// The tokens of a trained tokenizer, unless another number is asked for.
const VOCABULARY: usize = 4096;

/// Refuses weights that the machine's memory does not hold.
fn refuse_too_large(parameters: usize) -> anyhow::Result<()> {
    let needed = i64::try_from(parameters.saturating_mul(4)).unwrap_or(i64::MAX);
    let free = memory::measure().map_or(i64::MAX, |memory| memory.free);
    ensure!(
        needed <= free,
        "{:.1} M weights need {:.1} GB of memory, and {:.1} GB are free: choose a smaller shape",
        parameters as f64 / 1e6,
        needed as f64 / 1e9,
        free as f64 / 1e9
    );
    Ok(())
}

/// The shape of a Llama.
#[derive(Args, Clone, Copy, Debug)]
struct ShapeArgs {
    /// Blocks.
    #[arg(long, default_value_t = BlankShape::default().layers)]
    layers: usize,
    /// The width of the residual stream.
    #[arg(long, default_value_t = BlankShape::default().hidden_size)]
    hidden_size: usize,
    /// The width of the MLP.
    #[arg(long, default_value_t = BlankShape::default().intermediate_size)]
    intermediate_size: usize,
    /// Query heads.
    #[arg(long, default_value_t = BlankShape::default().heads)]
    heads: usize,
    /// Key and value heads.
    #[arg(long, default_value_t = BlankShape::default().kv_heads)]
    kv_heads: usize,
    /// The longest sequence in tokens.
    #[arg(long, default_value_t = BlankShape::default().context)]
    context: usize,
}

impl From<ShapeArgs> for BlankShape {
    fn from(arguments: ShapeArgs) -> Self {
        let ShapeArgs {
            layers,
            hidden_size,
            intermediate_size,
            heads,
            kv_heads,
            context,
        } = arguments;
        Self {
            layers,
            hidden_size,
            intermediate_size,
            heads,
            kv_heads,
            context,
        }
    }
}

impl BlankCommand {
    pub(super) async fn run(self) -> anyhow::Result<()> {
        expect_free_folder(&self.output)?;
        let base = match &self.tokenizer {
            Some(model) => Some(self.hub.base(model).await?),
            None => None,
        };
        tokio::task::spawn_blocking(move || self.make(base)).await?
    }

    #[expect(clippy::print_stdout, reason = "the command's answer")]
    fn make(&self, base: Option<Base>) -> anyhow::Result<()> {
        let vocabulary = match (base, &self.corpus) {
            (Some(base), _) => Vocabulary::of_model(outline(&base.path)?),
            (None, corpus) => {
                let rows = corpus.as_deref().map(read_rows).transpose()?;
                let rows = rows.unwrap_or_default();
                let texts = rows.iter().flat_map(|row| row.content.texts());
                Vocabulary::trained(texts, self.vocabulary.unwrap_or(VOCABULARY))?
            }
        };
        let plan = match &self.config {
            Some(path) => Plan::read(path, &vocabulary)?,
            None => Plan::of_shape(&self.shape.into(), &vocabulary)?,
        };
        refuse_too_large(plan.parameters())?;
        let model = plan.write(&vocabulary, self.seed, &self.output)?;
        println!(
            "{}: {}, {:.1} M random weights, {} tokens",
            self.output.display(),
            model.config.architecture.label(),
            model.weights.parameter_count() as f64 / 1e6,
            vocabulary.size()
        );
        Ok(())
    }
}
