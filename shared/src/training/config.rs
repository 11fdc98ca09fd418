//! The configuration of a training run.

use super::{Method, Trained};
use crate::check::Check;

text_enum! {
    /// How DPO judges the margin between two responses.
    pub enum PreferenceLoss {
        /// The logistic loss of the DPO paper (Rafailov et al. 2023); with label smoothing, conservative DPO.
        Sigmoid = "sigmoid",
        /// Nothing more to gain once the margin is wide enough (`SLiC`, Zhao et al. 2023).
        Hinge = "hinge",
        /// A fixed margin for each token, against overfitting (Azar et al. 2023).
        Ipo = "ipo",
        /// The logistic loss, corrected for judgements that are wrong at the rate of the label smoothing (Chowdhury et al. 2024).
        Robust = "robust",
    }
}

text_enum! {
    /// What the loss of `grpo` is a mean over.
    pub enum PolicyLoss {
        /// All drawn tokens of a step, so that each weighs the same (DAPO, Yu et al. 2025).
        Dapo = "dapo",
        /// The tokens of an answer, then the answers, so that each answer weighs the same: the GRPO paper's.
        Grpo = "grpo",
        /// The most tokens that the answers could have, so that length gains nothing (Dr. GRPO, Liu et al. 2025).
        DrGrpo = "dr_grpo",
    }
}

text_enum! {
    /// What `grpo` divides by, after the group's mean was taken off a reward.
    pub enum RewardScale {
        /// The standard deviation of the answers to one prompt.
        Group = "group",
        /// The standard deviation of all answers of a step.
        Batch = "batch",
        /// Nothing: a prompt whose answers differ little counts little.
        None = "none",
    }
}

text_enum! {
    /// The numbers that a run multiplies with.
    pub enum Precision {
        /// 32 bits throughout.
        Full = "fp32",
        /// The base's weights, and what they multiply, with 16 bits (bfloat16); sums and everything else with 32, but that GPUs round what attention and adapters multiply too.
        Brain = "bf16",
        /// The base's weights as the quantised blocks of a GGUF file, widened to 32 bits while they are multiplied (QLoRA, Dettmers et al. 2023); everything else with 32.
        Quantised = "quantised",
    }
}

text_enum! {
    /// How the learning rate falls after the warm-up.
    pub enum LearningRateSchedule {
        /// Half a cosine, down to zero.
        Cosine = "cosine",
        /// A straight line, down to zero.
        Linear = "linear",
        /// Not at all.
        Constant = "constant",
    }
}

text_enum! {
    /// A linear layer of each block that can carry an adapter.
    pub enum TargetModule {
        /// The query projection of attention.
        Query = "q_proj",
        /// The key projection of attention.
        Key = "k_proj",
        /// The value projection of attention.
        Value = "v_proj",
        /// The output projection of attention.
        Output = "o_proj",
        /// The gate projection of the MLP.
        Gate = "gate_proj",
        /// The up projection of the MLP.
        Up = "up_proj",
        /// The down projection of the MLP.
        Down = "down_proj",
    }
}

documented! {
    /// Everything that decides a run. Equal configurations, data and seeds give equal adapters.
    pub struct TrainingConfig {
        /// What the run teaches: `sft` imitates completions; `pretrain` reads on in plain texts; `dpo`, `orpo` and `simpo` learn from chosen and rejected responses; `kto` from answers that are wanted or not; `reward` makes a reward model of chosen and rejected responses; `grpo` learns from rewards of answers that it draws itself.
        pub method: Method = Method::Sft,
        /// The base model: a folder with `config.json`, `tokenizer.json` and safetensors, or a GGUF file; or one of the hub as `owner/name`, then `@revision` and `:file.gguf` where they are needed.
        pub model: String = String::new(),
        /// Which rows are learned from, and how they are rendered.
        pub data: DataConfig = DataConfig::default(),
        /// The low-rank adapter that is trained while the base stays frozen; the word `none` in place of its settings trains all weights of the base instead, which needs about 16 bytes of memory for each of them and gives a model of its own.
        pub adapter: Trained = Trained::default(),
        /// How many rows make one optimizer step, and how many steps there are.
        pub batch: BatchConfig = BatchConfig::default(),
        /// AdamW and gradient clipping.
        pub optimizer: OptimizerConfig = OptimizerConfig::default(),
        /// How the learning rate moves.
        pub schedule: ScheduleConfig = ScheduleConfig::default(),
        /// Settings of preference methods.
        pub preference: PreferenceConfig = PreferenceConfig::default(),
        /// Settings of `grpo`.
        pub grpo: GrpoConfig = GrpoConfig::default(),
        /// What is measured while training, and when to stop early.
        pub evaluation: EvaluationConfig = EvaluationConfig::default(),
        /// How often the state is saved, so that a crash loses little.
        pub checkpoint: CheckpointConfig = CheckpointConfig::default(),
        /// Decides row order, adapter initialisation and dropout. The same seed gives the same run.
        pub seed: u64 = 42,
        /// Where to compute: `auto` takes a GPU if there is one, else `cpu`, or `cuda:0` and so on.
        pub device: String = String::from("auto"),
        /// Processor threads; 0 takes one for each core.
        pub threads: usize = 0,
        /// The numbers to multiply with: `fp32` repeats the reference to the last digits; `bf16` needs half the memory for the base, at about three digits, and is about 1.4 times as fast on processors that know such numbers (AVX-512 BF16), and several times on GPUs; `quantised` keeps the blocks of a quantised GGUF base as they are, which gives the same as `fp32` in a fraction of the memory. Where all weights are trained they keep 32 bits: `bf16` then lets a GPU round what it multiplies, and a processor refuses it.
        pub precision: Precision = Precision::Full,
    }
}

documented! {
    /// Which rows are learned from, and how they are rendered.
    pub struct DataConfig {
        /// A JSONL file of training rows: `prompt` and `completion`, `messages`, `prompt`, `chosen` and `rejected`, `prompt`, `completion` and `label`, or `text`. Beside chosen and rejected may stand `votes_chosen` and `votes_rejected`, which `preference.soft_labels` uses, and `margin`, by which `reward` asks for the chosen score to be higher.
        pub train: String = String::new(),
        /// A JSONL file of validation rows in the same form; without one there is no validation loss.
        pub validation: Option<String> = None,
        /// A JSONL file of general rows to mix in, against forgetting: instructions, and for `sft` and `pretrain` also plain texts.
        pub general: Option<String> = None,
        /// The share of each epoch's rows that come from the general file, from 0 to 0.9.
        pub general_share: f64 = 0.0,
        /// A JSONL file of general rows that are only measured: their loss at each evaluation, as answers to imitate, tells what the model forgets.
        pub general_validation: Option<String> = None,
        /// The system message put before every row that has none; evaluation uses the same one.
        pub system_prompt: Option<String> = None,
        /// The longest row in tokens; longer rows are cut at the end and counted, but for `reward` and `grpo` left out. Plain texts are read in pieces of that length, which do not overlap.
        pub max_length: usize = 1024,
        /// Whether rows are drawn in a random order, anew for each epoch.
        pub shuffle: bool = true,
        /// Whether several short rows of `sft` and `pretrain` share a place in the batch, up to the longest length (best fit decreasing); they do not see each other. `batch.size` then counts full places, so that steps have about equally many tokens. Absent takes the method's own: on for `pretrain`, off for `sft`.
        pub packing: Option<bool> = None,
    }
}

documented! {
    /// The low-rank adapter that is trained (LoRA, Hu et al. 2021).
    pub struct AdapterConfig {
        /// The rank: how much the adapter can change. 16 suits a few hundred to a few thousand rows.
        pub rank: usize = 16,
        /// The adapter's output is scaled by alpha divided by rank; twice the rank is the usual choice.
        pub alpha: f64 = 32.0,
        /// Whether alpha is divided by the square root of the rank instead (rank-stabilised LoRA, Kalajdzievski 2023). It keeps high ranks learning; choose a smaller alpha with it.
        pub rank_stabilised: bool = false,
        /// Whether the length of each row of the adapted weights is trained apart from its direction (DoRA, Liu et al. 2024). At low ranks it can come closer to full fine-tuning; each step keeps up to twice as many numbers, and takes a little longer.
        pub weight_decomposed: bool = false,
        /// The share of the adapter's inputs zeroed at random while training, from 0 up to 1. Helps with very few rows.
        pub dropout: f64 = 0.0,
        /// The layers that carry an adapter. All linear layers learn more than attention alone at the same size.
        pub targets: Vec<TargetModule> = TargetModule::ALL.to_vec(),
        /// A folder with an adapter in PEFT's format to start from, instead of a fresh one.
        pub initial: Option<String> = None,
    }
}

documented! {
    /// How many rows make one optimizer step, and how many steps there are.
    pub struct BatchConfig {
        /// Rows (or pairs) that go through the model at once. Memory grows with it. `grpo` takes so many prompts, and learns from so many of their answers at once.
        pub size: usize = 8,
        /// How many such batches are summed before each optimizer step.
        pub accumulation: usize = 1,
        /// How often each row is seen.
        pub epochs: f64 = 3.0,
        /// Stop after this many optimizer steps, whatever the epochs say.
        pub max_steps: Option<usize> = None,
    }
}

documented! {
    /// AdamW (Loshchilov and Hutter 2019) and gradient clipping.
    pub struct OptimizerConfig {
        /// The highest learning rate. Absent takes the method's own, for adapters: 2e-4 for `sft` and `pretrain`, 1e-4 for `reward`, 5e-5 for `orpo`, 2e-5 for `grpo`, 1e-5 for `dpo`, `simpo` and `kto`; a tenth of that where all weights are trained.
        pub learning_rate: Option<f64> = None,
        /// The decay of the mean of gradients.
        pub beta1: f64 = 0.9,
        /// The decay of the mean of squared gradients.
        pub beta2: f64 = 0.999,
        /// Added to the root in the update's denominator.
        pub epsilon: f64 = 1e-8,
        /// How strongly weights are pulled to zero; adapters rarely need it.
        pub weight_decay: f64 = 0.0,
        /// Gradients whose norm is larger are scaled down to it; 0 turns clipping off.
        pub max_grad_norm: f64 = 1.0,
    }
}

documented! {
    /// How the learning rate moves.
    pub struct ScheduleConfig {
        /// How the rate falls after the warm-up.
        pub kind: LearningRateSchedule = LearningRateSchedule::Cosine,
        /// The share of all steps over which the rate rises from zero, from 0 to 1.
        pub warmup_ratio: f64 = 0.03,
        /// The same as a number of steps; it wins over the ratio.
        pub warmup_steps: Option<usize> = None,
    }
}

documented! {
    /// Settings of preference methods.
    pub struct PreferenceConfig {
        /// How `dpo` judges the margin between the two responses.
        pub loss: PreferenceLoss = PreferenceLoss::Sigmoid,
        /// For `dpo` and `kto` how strongly the model is held to its reference (small values let it move further), for `orpo` the weight of the preference, for `simpo` how steeply a difference counts. Absent takes the method's own: 2 for `simpo`, 0.1 for the others.
        pub beta: Option<f64> = None,
        /// The share of judgements taken to be wrong, from 0 to below 0.5; for the losses `sigmoid` and `robust` of `dpo`. Annotators who agree nine times in ten suggest 0.1.
        pub label_smoothing: f64 = 0.0,
        /// Whether a pair on which annotators disagree is learned as that, by the share of their votes for the chosen response, instead of as certain. For `dpo` with the loss `sigmoid`, where label smoothing counts on top, and for `reward`; pairs without votes stay certain.
        pub soft_labels: bool = false,
        /// The difference of rewards that `simpo` asks for; half of beta is the usual choice.
        pub margin: f64 = 1.0,
        /// How much a wanted answer counts in `kto`. Where wanted answers are fewer, raise it until weight times number is about the same for both, up to a third more for the wanted ones.
        pub desirable_weight: f64 = 1.0,
        /// How much an unwanted answer counts in `kto`.
        pub undesirable_weight: f64 = 1.0,
        /// How strongly `reward` holds the two scores of a pair around zero, so that scores of different prompts can be compared (Eisenstein et al. 2023); 0 leaves them free.
        pub centering: f64 = 0.01,
    }
}

documented! {
    /// Settings of `grpo`: what is drawn, and how it is rewarded.
    pub struct GrpoConfig {
        /// The answers drawn for each prompt, at least 2. Each is judged against the others.
        pub answers: usize = 8,
        /// The most tokens of each drawn answer.
        pub max_new_tokens: usize = 256,
        /// Logits are divided by it where answers are drawn; lower draws answers that differ less, and what does not differ teaches nothing.
        pub temperature: f64 = 1.0,
        /// A folder with a reward model's adapter, made on the same base, whose score is a reward.
        pub reward_model: Option<String> = None,
        /// How much the reward model's score counts.
        pub reward_weight: f64 = 1.0,
        /// How much the share of `evaluation.checks` that an answer passes counts, by their weights, from 0 to 1; 0 takes the checks only to measure.
        pub checks_weight: f64 = 1.0,
        /// How strongly the model is held to the one it began as, by a penalty on their distance (KL) at each token; 0 leaves it free.
        pub kl_weight: f64 = 0.04,
        /// The optimizer steps that learn from each batch of answers, 1 to 64, before new ones are drawn. More learn more from what drawing costs; each is measured against the model that drew, whose probabilities `epsilon` holds it to. Steps, and the epoch that they make, grow with it.
        pub iterations: usize = 1,
        /// How far an answer's token may become likelier or less likely than it was when it was drawn, as a share above 0 and below 1, until it teaches nothing further in its direction (clipping). It counts from the second iteration on.
        pub epsilon: f64 = 0.2,
        /// The same for likelier alone, above 0; more than `epsilon` leaves rare tokens room to grow (DAPO takes 0.28). Absent takes `epsilon`.
        pub epsilon_high: Option<f64> = None,
        /// What the loss is a mean over.
        pub loss: PolicyLoss = PolicyLoss::Dapo,
        /// What differences of rewards are divided by.
        pub scale: RewardScale = RewardScale::Group,
    }
}

documented! {
    /// What is measured while training, and when to stop early.
    pub struct EvaluationConfig {
        /// Evaluate after every so many optimizer steps; absent means at the end of each epoch.
        pub every_steps: Option<usize> = None,
        /// The most validation rows used for the validation loss.
        pub max_rows: usize = 500,
        /// How many validation rows are answered by the model and checked at each evaluation; 0 turns it off. Absent takes the method's own: 32 for `grpo`, which is measured by nothing else, otherwise 0.
        pub generate_rows: Option<usize> = None,
        /// The most tokens of each such answer.
        pub max_new_tokens: usize = 128,
        /// The checks applied to each such answer.
        pub checks: Vec<Check> = Vec::new(),
        /// Stop after this many evaluations without improvement; 0 never stops early.
        pub patience: usize = 0,
        /// The least change that counts as an improvement.
        pub min_improvement: f64 = 0.0,
        /// Judge improvement by the share of passed checks instead of the validation loss.
        pub by_task_metric: bool = false,
        /// Whether the best evaluated state is what the run hands over, instead of the last one.
        pub keep_best: bool = true,
    }
}

documented! {
    /// How often the state is saved, so that a crash loses little.
    pub struct CheckpointConfig {
        /// Save after every so many optimizer steps; absent means at the end of each epoch.
        pub every_steps: Option<usize> = None,
        /// How many checkpoints are kept; the best one is kept besides.
        pub keep: usize = 2,
    }
}

impl GrpoConfig {
    /// The most iterations: with more, hardly a token is left that teaches.
    pub const MOST_ITERATIONS: usize = 64;

    /// How far the ratio of a token's probabilities may fall below one, and rise above it.
    #[must_use]
    pub fn clips(&self) -> [f64; 2] {
        [self.epsilon, self.epsilon_high.unwrap_or(self.epsilon)]
    }

    /// What keeps the settings of iterations from working: the field and what it must be.
    #[must_use]
    pub fn wrong_iterations(&self) -> Option<(&'static str, &'static str)> {
        let [low, high] = self.clips();
        if !(1..=Self::MOST_ITERATIONS).contains(&self.iterations) {
            return Some(("grpo.iterations", "must be from 1 to 64"));
        }
        if !(low > 0.0 && low < 1.0) {
            let must = "must be above 0 and below 1: a ratio of probabilities is held between one \
                        less it and one more";
            return Some(("grpo.epsilon", must));
        }
        if !(high.is_finite() && high > 0.0) {
            return Some(("grpo.epsilon_high", "must be a number above 0, or left out"));
        }
        None
    }
}

impl TrainingConfig {
    /// The highest learning rate, by the method and what is trained where the configuration does not
    /// say.
    #[must_use]
    pub fn learning_rate(&self) -> f64 {
        let (of_adapter, of_all) = match self.method {
            Method::Sft | Method::Pretrain => (2e-4, 2e-5),
            Method::Orpo => (5e-5, 5e-6),
            Method::Dpo | Method::Simpo | Method::Kto => (1e-5, 1e-6),
            Method::Reward => (1e-4, 1e-5),
            Method::Grpo => (2e-5, 2e-6),
        };
        let own = match self.adapter {
            Trained::Adapter(_) => of_adapter,
            Trained::AllWeights => of_all,
        };
        self.optimizer.learning_rate.unwrap_or(own)
    }

    /// How many validation rows are answered at each evaluation, by the method where the configuration
    /// does not say.
    #[must_use]
    pub fn generate_rows(&self) -> usize {
        self.evaluation.generate_rows.unwrap_or(match self.method {
            Method::Grpo => 32,
            _ => 0,
        })
    }

    /// Whether the method, with its loss, can learn from shares of votes.
    #[must_use]
    pub const fn takes_soft_labels(&self) -> bool {
        match self.method {
            Method::Dpo => matches!(self.preference.loss, PreferenceLoss::Sigmoid),
            Method::Reward => true,
            _ => false,
        }
    }

    /// How many optimizer steps learn from each batch: several for `grpo` where the configuration says
    /// so, else one.
    #[must_use]
    pub fn iterations(&self) -> usize {
        match self.method {
            Method::Grpo => self.grpo.iterations.max(1),
            _ => 1,
        }
    }

    /// Whether rows are packed, by the method where the configuration does not say.
    #[must_use]
    pub fn packing(&self) -> bool {
        let own = self.method == Method::Pretrain;
        self.data.packing.unwrap_or(own) && self.method.packs()
    }

    /// The strength of a preference, by the method where the configuration does not say.
    #[must_use]
    pub fn beta(&self) -> f64 {
        self.preference.beta.unwrap_or(match self.method {
            Method::Simpo => 2.0,
            _ => 0.1,
        })
    }
}
