//! What is known of a run before it starts: steps, trainable numbers, memory.

use shared::training::{Lesson, Method, Precision, Trained, TrainingConfig};

use super::order::Order;
use crate::adapter::{self, LoraShape};
use crate::model::ModelConfig;

/// Steps of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Steps {
    /// In one epoch.
    pub by_epoch: usize,
    /// In all.
    pub total: usize,
}

/// The steps that a run on so many usable rows, or packs of them, makes.
pub fn count_steps(train: usize, general: usize, config: &TrainingConfig) -> Steps {
    let order = Order::new(train, general, config);
    Steps {
        by_epoch: order.steps_by_epoch(),
        total: order.total_steps,
    }
}

/// The bytes of one number.
const NUMBER: usize = 4;

/// What the program itself needs besides a model: code, tokenizer, rows.
const PROGRAM_BYTES: usize = 256 << 20;

/// The most answers that are drawn at once: with more, a step of decoding takes as long for each.
const DRAWN_AT_ONCE: usize = 64;

/// About how many bytes of memory a run needs, where its longest row, or its fullest pack of rows, has
/// `longest` tokens after it was cut; `block_bytes` is the base's, if it is quantised by blocks. In
/// numbers of 32 bits it is the sum of
///
/// - the base: embedding, head if it is not tied, and `2·D·H·d + 2·D·KV·d + 3·D·F + 2·D` a layer;
///   half of that in bfloat16, unless it is trained; quantised, the bytes of its blocks and one matrix
///   that is widened;
/// - the adapter four times (values, gradients, two moments of AdamW), and once more where it
///   starts from another one, which stays as the reference; where all weights are trained, three more
///   times the base instead, and once more where a copy of it stays as the reference;
/// - for each of the T tokens of a batch (batch size times the longest row, twice for pairs) what
///   the backward pass needs of each layer: `2·D` for its input and the sum after attention, `(H +
///   2·KV)·d` for queries, keys and values, `H·d + H` for attention, `2·F` for gate and up, and the
///   adapters' inner results: `r` for each adapted layer, and of a weight-decomposed adapter what
///   the layer gives before its rows are scaled;
/// - for each of the T tokens what is computed anew at any one time, `6·D + 4·F`;
/// - where answers are drawn, keys and values of all answers that are drawn at once, `2·KV·d` for each
///   token and layer; T counts them as long as they may be;
///
/// the two before the last times 9/8, because buffers come in eight sizes for each power of two; and a
/// constant for the program. The logits are computed in tiles and are not worth counting.
pub fn estimate_memory(
    model: &ModelConfig,
    block_bytes: Option<usize>,
    config: &TrainingConfig,
    longest: usize,
) -> u64 {
    let shape = LoraShape::of(config);
    let shape = shape.as_ref();
    let trained = match &config.adapter {
        Trained::Adapter(settings) => {
            let adapter = shape.map_or(0, |shape| adapter::parameters(model, shape));
            let copies = if settings.initial.is_some() { 5 } else { 4 };
            copies * adapter
        }
        Trained::AllWeights => {
            let copies = if keeps_base(config) { 4 } else { 3 };
            copies * base_parameters(model)
        }
    };
    let sides = match config.method.lesson() {
        Lesson::Answers | Lesson::Texts | Lesson::Unpaired | Lesson::Prompts => 1,
        Lesson::Pairs | Lesson::Comparisons => 2,
    };
    let (longest, drawn) = match config.method.lesson() {
        Lesson::Prompts => {
            let longest = (longest + config.grpo.max_new_tokens).min(model.context());
            (longest, drawn_at_once(config) * longest)
        }
        _ => (longest, 0),
    };
    let tokens = config.batch.size * longest * sides;
    let (width, inner) = (model.hidden_size, model.intermediate_size);
    let (queries, keys) = (
        model.heads * model.head_dim,
        model.kv_heads * model.head_dim,
    );
    let saved = 2 * width + queries + 2 * keys + queries + model.heads + 2 * inner;
    let unscaled = shape.filter(|shape| shape.weight_decomposed);
    let unscaled = unscaled.map_or(0, |shape| adapter::adapted_outputs(model, shape));
    let ranks = shape.map_or(0, |shape| shape.targets.len() * shape.rank);
    let saved = saved + ranks + unscaled;
    let transient = 6 * width + 4 * inner;
    let activations = tokens * (model.layers * saved + transient) / 8 * 9;
    let full = base_parameters(model) * NUMBER;
    let base = match config.precision {
        Precision::Full => full,
        Precision::Brain if config.adapter.is_whole() => full,
        Precision::Brain => full / 2,
        Precision::Quantised => block_bytes.unwrap_or(full) + width * inner.max(queries) * NUMBER,
    };
    let cache = drawn * model.layers * 2 * keys;
    let numbers = trained + activations + cache;
    (base + numbers * NUMBER + PROGRAM_BYTES) as u64
}

/// Whether the base as it was stays in memory beside the weights that are trained, because it is asked
/// about more than the rows.
const fn keeps_base(config: &TrainingConfig) -> bool {
    match config.method {
        Method::Kto => true,
        Method::Grpo => config.grpo.kl_weight > 0.0,
        _ => false,
    }
}

/// How many answers are drawn at once.
pub(crate) fn drawn_at_once(config: &TrainingConfig) -> usize {
    let prompts = config.batch.size * config.batch.accumulation;
    (prompts * config.grpo.answers).min(DRAWN_AT_ONCE)
}

/// How many numbers a run trains.
pub fn trainable_parameters(model: &ModelConfig, config: &TrainingConfig) -> usize {
    match LoraShape::of(config) {
        Some(shape) => adapter::parameters(model, &shape),
        None if config.method.writes_answers() => base_parameters(model),
        // A head that scores takes the place of one for answers.
        None => {
            let head = if model.tie_word_embeddings {
                0
            } else {
                model.vocab_size * model.hidden_size
            };
            base_parameters(model) - head + model.hidden_size
        }
    }
}

/// The numbers of all weights of a model.
pub(crate) fn base_parameters(model: &ModelConfig) -> usize {
    let (width, inner) = (model.hidden_size, model.intermediate_size);
    let (queries, keys) = (
        model.heads * model.head_dim,
        model.kv_heads * model.head_dim,
    );
    let mut layer = 2 * width * queries + 2 * width * keys + 3 * width * inner + 2 * width;
    let architecture = model.architecture;
    for (is_there, numbers) in [
        (architecture.has_attention_bias(), queries + 2 * keys),
        (architecture.has_head_norms(), 2 * model.head_dim),
        (architecture.has_post_norms(), 2 * width),
    ] {
        layer += if is_there { numbers } else { 0 };
    }
    let heads = if model.tie_word_embeddings { 1 } else { 2 };
    heads * model.vocab_size * width + model.layers * layer + width
}

#[cfg(test)]
mod tests {
    use shared::training::AdapterConfig;

    use super::*;
    use crate::testing::{tiny_config, tiny_model};

    #[test]
    fn the_numbers_of_the_base_are_those_of_its_weights() {
        let loaded = tiny_model().weights.parameter_count();
        assert_eq!(base_parameters(&tiny_config()), loaded);
    }

    #[test]
    fn memory_grows_with_the_batch_and_the_rank() {
        let of = |size, rank| {
            let mut config = TrainingConfig::default();
            config.batch.size = size;
            config.adapter = AdapterConfig {
                rank,
                ..AdapterConfig::default()
            }
            .into();
            estimate_memory(&tiny_config(), None, &config, 100)
        };
        assert!(of(2, 8) < of(4, 8));
        assert!(of(2, 8) < of(2, 16));
        assert!(of(2, 8) > PROGRAM_BYTES as u64);
        let decomposed = AdapterConfig {
            weight_decomposed: true,
            ..AdapterConfig::default()
        };
        let decomposed = TrainingConfig {
            adapter: decomposed.into(),
            ..TrainingConfig::default()
        };
        let of_decomposed = estimate_memory(&tiny_config(), None, &decomposed, 100);
        let plain = estimate_memory(&tiny_config(), None, &TrainingConfig::default(), 100);
        // 800 tokens with 64 + 2·32 + 64 + 2·96 + 64 results in each of two layers.
        let results = 800 * 2 * 448 / 8 * 9 * 4;
        let magnitudes = 4 * 2 * 448 * 4;
        assert_eq!(of_decomposed - plain, results + magnitudes);
        let in_full = TrainingConfig::default();
        let in_half = TrainingConfig {
            precision: Precision::Brain,
            ..TrainingConfig::default()
        };
        let of = |config| estimate_memory(&tiny_config(), Some(50_000), config, 100);
        let saved = of(&in_full) - of(&in_half);
        assert_eq!(saved, base_parameters(&tiny_config()) as u64 * 2);
        let quantised = TrainingConfig {
            precision: Precision::Quantised,
            ..TrainingConfig::default()
        };
        let saved = of(&in_full) - of(&quantised);
        let kept = 50_000 + 64 * 96 * 4;
        assert_eq!(saved, base_parameters(&tiny_config()) as u64 * 4 - kept);
    }

    #[test]
    fn all_weights_need_sixteen_bytes_each_and_a_reference_four_more() {
        let of = |method, adapter: Trained| {
            let config = TrainingConfig {
                method,
                adapter,
                ..TrainingConfig::default()
            };
            estimate_memory(&tiny_config(), None, &config, 100)
        };
        let base = base_parameters(&tiny_config()) as u64;
        let small = AdapterConfig {
            rank: 1,
            targets: Vec::new(),
            ..AdapterConfig::default()
        };
        let frozen = of(Method::Sft, small.into());
        assert_eq!(of(Method::Sft, Trained::AllWeights) - frozen, 12 * base);
        let drawn = of(Method::Kto, Trained::AllWeights) - of(Method::Sft, Trained::AllWeights);
        assert_eq!(drawn, 4 * base);
    }

    #[test]
    fn steps_are_those_of_the_order() {
        let steps = count_steps(20, 0, &TrainingConfig::default());
        assert_eq!((steps.by_epoch, steps.total), (3, 9));
    }
}
