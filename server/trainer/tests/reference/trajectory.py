"""Whole runs of TRL's trainers, rows in the order of the file, in 32 bits without dropout: of the
tiny Llama from the adapter that PEFT initialised, and of SmolLM2 from one that is filled as PEFT does,
but with numbers that a test can draw again."""

import json
import random
import tempfile
from pathlib import Path

import numpy
import torch
from datasets import Dataset
from peft import LoraConfig, PeftModel, get_peft_model
from safetensors.torch import load_file, save_file
from transformers import AutoModelForCausalLM, AutoModelForSequenceClassification
from trl import (
    DPOConfig,
    DPOTrainer,
    GRPOConfig,
    GRPOTrainer,
    KTOConfig,
    KTOTrainer,
    RewardConfig,
    RewardTrainer,
    SFTConfig,
    SFTTrainer,
)

import tiny
from gradients import TARGETS

SAMPLE = Path(__file__).resolve().parents[4] / "samples" / "support_desk_intake"
WORDS = "red green blue one two three 17 42 cat dog the a of and to in is it 9".split()

COMMON = {
    "max_length": 96,
    "bf16": False,
    "use_cpu": True,
    "gradient_checkpointing": False,
    "logging_steps": 1,
    "save_strategy": "no",
    "report_to": [],
    "train_sampling_strategy": "sequential",
    "max_grad_norm": 1.0,
    "adam_beta1": 0.9,
    "adam_beta2": 0.999,
    "adam_epsilon": 1e-8,
    "disable_tqdm": True,
}
SFT = {
    "learning_rate": 5e-3,
    "lr_scheduler_type": "cosine",
    "warmup_steps": 2,
    "weight_decay": 0.01,
    "per_device_train_batch_size": 4,
    "gradient_accumulation_steps": 2,
    "max_steps": 20,
}
DPO = {
    "learning_rate": 2e-3,
    "lr_scheduler_type": "linear",
    "warmup_steps": 1,
    "weight_decay": 0.0,
    "per_device_train_batch_size": 4,
    "gradient_accumulation_steps": 1,
    "max_steps": 10,
    "beta": 0.1,
}
# The longest length cuts some answers, so that mismatched ones get back what was cut.
KTO = {**DPO, "max_length": 44}
# Of the labelled rows it leaves seven, so that the last batch of an epoch is smaller.
KTO_LABELLED = {**KTO, "desirable_weight": 1.2, "undesirable_weight": 0.9}
# The longest length leaves out some pairs.
REWARD = {
    key: value for key, value in {**DPO, "max_length": 56, "center_rewards_coefficient": 0.01}.items()
    if key != "beta"
}
# Two prompts a step, four answers to each.
GRPO = {
    **DPO,
    "per_device_train_batch_size": 8,
    "num_generations": 4,
    "max_completion_length": 12,
    "temperature": 0.9,
    "beta": 0.2,
    "loss_type": "dapo",
    "scale_rewards": "group",
}
GRPO_OTHER = {**GRPO, "loss_type": "dr_grpo", "scale_rewards": "batch", "beta": 0.0, "temperature": 1.0}
# Each batch of answers for two steps, and for three; of fewer prompts, so that an epoch ends between.
GRPO_TWICE = {**GRPO, "num_iterations": 2, "epsilon": 0.05}
GRPO_THRICE = {**GRPO_OTHER, "num_iterations": 3, "epsilon": 0.02, "epsilon_high": 0.03,
               "learning_rate": 1e-3}
CLIPPED = tuple(f"clip_ratio/{part}_mean" for part in ("region", "low", "high"))
# Several sequences share a place of the batch. Without flash attention transformers makes from the
# positions, which begin anew in each sequence, a mask that keeps them apart; `check_apart` holds it to
# that.
PACKED = {**SFT, "max_steps": 10, "max_length": 160, "per_device_train_batch_size": 2,
          "packing": True, "packing_strategy": "bfd"}
PRETRAIN = {**PACKED, "max_length": 48, "packing_strategy": "bfd_split"}
SMOLLM2 = {
    "sft": {**SFT, "learning_rate": 2e-4, "warmup_steps": 3, "weight_decay": 0.0,
            "per_device_train_batch_size": 2, "gradient_accumulation_steps": 1,
            "max_steps": 50, "max_length": 512},
    "dpo": {**DPO, "learning_rate": 2e-5, "per_device_train_batch_size": 2, "max_steps": 30,
            "max_length": 512},
}
# The same rows with TRL's mixed precision: products in bfloat16.
SMOLLM2["sft-bf16"] = {**SMOLLM2["sft"], "bf16": True}


def phrase(source: random.Random, longest: int) -> str:
    return " ".join(source.choices(WORDS, k=source.randint(1, longest)))


def sft_rows() -> list:
    source = random.Random(1)
    return [
        {"prompt": phrase(source, 9), "completion": phrase(source, 12)} for _ in range(32)
    ]


def dpo_rows() -> list:
    source = random.Random(2)
    return [
        {
            "prompt": phrase(source, 6),
            "chosen": phrase(source, 8),
            "rejected": phrase(source, 8) + ".",
        }
        for _ in range(16)
    ]


def pairs_with_margins() -> list:
    """By quarters, which 32 bits hold; one asks for less than nothing."""
    return [{**row, "margin": (at % 7 - 1) / 4} for at, row in enumerate(dpo_rows())]


def labelled_rows() -> list:
    source = random.Random(3)
    return [
        {
            "prompt": phrase(source, 6),
            "completion": phrase(source, 9),
            "label": source.random() < 0.6,
        }
        for _ in range(18)
    ]


def drawn_answers() -> list:
    """Answers to be given to the trainer instead of being drawn, for every step, with their rewards:
    some ended, some with as many tokens as they may have, one that could not be judged."""
    source = random.Random(4)
    answers = []
    for _ in range(GRPO["max_steps"] * GRPO["per_device_train_batch_size"]):
        longest = GRPO["max_completion_length"]
        length = source.randint(2, longest)
        tokens = [source.randrange(4, tiny.VOCABULARY) for _ in range(length)]
        ended = length < longest
        if ended:
            tokens[-1] = 2
        answers.append({"tokens": tokens, "ended": ended, "reward": source.randrange(16) / 4})
    answers[5]["reward"] = None
    # A prompt whose answers are all worth the same.
    for answer in answers[16:20]:
        answer["reward"] = 1.0
    return answers


class GivenAnswers(GRPOTrainer):
    """Learns from answers that are given."""

    def __init__(self, args, train_dataset, **others):
        self.given = drawn_answers()
        place = iter(self.given)
        super().__init__(
            args=args, train_dataset=train_dataset.select_columns("prompt"),
            reward_funcs=lambda completions, **_: [next(place)["reward"] for _ in completions],
            **others,
        )
        self.answers = iter(self.given)

    def _generate_single_turn(self, prompt_ids, *_):
        return [next(self.answers)["tokens"] for _ in prompt_ids], None


def text_rows() -> list:
    """Of one to thirty-six words, so that some texts are longer than the longest piece."""
    source = random.Random(4)
    return [{"text": phrase(source, 36)} for _ in range(40)]


def as_messages(row: dict) -> dict:
    if "text" in row:
        return row
    role = lambda key: "user" if key == "prompt" else "assistant"
    message = lambda key, text: [{"role": role(key), "content": text}]
    plain = ("label", "margin")
    return {key: one if key in plain else message(key, one) for key, one in row.items()}


def model(out: Path) -> PeftModel:
    base = AutoModelForCausalLM.from_pretrained(out / "tiny-llama", dtype=torch.float32)
    return PeftModel.from_pretrained(base, out / "adapter-fresh", is_trainable=True)


def reward_model(out: Path) -> PeftModel:
    """With a head that scores and a fresh adapter, which are written for the test to begin with."""
    torch.manual_seed(11)
    base = AutoModelForSequenceClassification.from_pretrained(
        out / "tiny-llama", num_labels=1, dtype=torch.float32
    )
    lora = LoraConfig(
        r=4, lora_alpha=8, lora_dropout=0.0, target_modules=TARGETS, task_type="SEQ_CLS",
        modules_to_save=["score"],
    )
    adapted = get_peft_model(base, lora)
    adapted.peft_config["default"].base_model_name_or_path = "tiny-llama"
    adapted.save_pretrained(out / "adapter-reward")
    (out / "adapter-reward" / "README.md").unlink()
    return adapted


def check_apart(trainer) -> None:
    """Asserts that the loss of a packed batch is that of its sequences alone."""
    last = range(len(trainer.train_dataset) - 3, len(trainer.train_dataset))
    batch = trainer.data_collator([trainer.train_dataset[index] for index in last])
    ids, labels, positions = (batch[key][0] for key in ("input_ids", "labels", "position_ids"))
    starts = (positions == 0).nonzero().flatten().tolist() + [len(ids)]
    assert len(starts) > 4
    with torch.no_grad():
        packed = trainer.model(**batch).loss
        total, count = 0.0, 0
        for start, end in zip(starts, starts[1:]):
            number = int((labels[start:end] != -100).sum())
            if number:
                part = slice(start, end)
                alone = trainer.model(input_ids=ids[None, part], labels=labels[None, part])
                total, count = total + alone.loss * number, count + number
    assert abs(packed - total / count) < 1e-5, (packed, total / count)


def run(model, tokenizer, trainer_class, config_class, settings: dict, rows: list) -> tuple:
    settings = {**COMMON, **settings}
    arguments = dict(settings)
    if config_class is GRPOConfig:
        del arguments["max_length"], arguments["train_sampling_strategy"]
        arguments["shuffle_dataset"] = False
    with tempfile.TemporaryDirectory() as folder:
        trainer = trainer_class(
            model=model,
            args=config_class(output_dir=folder, **arguments),
            train_dataset=Dataset.from_list([as_messages(row) for row in rows]),
            processing_class=tokenizer,
        )
        if settings.get("packing"):
            check_apart(trainer)
        trainer.train()
    told = ("loss", "grad_norm", "learning_rate", "kl", "accuracy", "margin", "entropy", "reward",
            "reward_std", "frac_reward_zero_std", "completions/mean_length",
            "completions/clipped_ratio")
    if settings.get("num_iterations", 1) > 1:
        told += CLIPPED
    keep = lambda key: key in told or "/" in key and config_class is not GRPOConfig
    steps = [
        {key: value for key, value in entry.items() if keep(key)}
        for entry in trainer.state.log_history
        if "loss" in entry
    ]
    weights = {
        name.replace(".modules_to_save", "").replace(".default", ""): weight.detach().contiguous()
        for name, weight in trainer.model.named_parameters()
        if weight.requires_grad
    }
    result = {"settings": settings, "rows": rows, "steps": steps}
    if config_class is GRPOConfig:
        result["drawn"] = trainer.given
    return result, weights


def drawn(count: int, stream: int) -> numpy.ndarray:
    """Numbers from -1 to 1 by SplitMix64, whose state counts on from the stream's own place."""
    with numpy.errstate(over="ignore"):
        place = numpy.arange(1, count + 1, dtype=numpy.uint64) + numpy.uint64(stream << 32)
        z = place * numpy.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> numpy.uint64(30))) * numpy.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> numpy.uint64(27))) * numpy.uint64(0x94D049BB133111EB)
        z = z ^ (z >> numpy.uint64(31))
    return (z >> numpy.uint64(11)).astype(numpy.float64) * 2.0**-52 - 1.0


def smollm2(gguf: Path):
    """With an adapter on all linear layers: A uniform up to 1/√in, B zero."""
    widened = AutoModelForCausalLM.from_pretrained(
        gguf.parent, gguf_file=gguf.name, dtype=torch.float32
    )
    # A model of its own, because transformers trains none that says that it was quantised.
    config = type(widened.config)(**widened.config.to_dict())
    del config.quantization_config
    base = AutoModelForCausalLM.from_config(config, dtype=torch.float32)
    base.load_state_dict(widened.state_dict())
    lora = LoraConfig(
        r=16, lora_alpha=32, lora_dropout=0.0, target_modules=TARGETS, task_type="CAUSAL_LM"
    )
    adapted = get_peft_model(base, lora)
    with torch.no_grad():
        for name, weight in adapted.named_parameters():
            if "lora_A" in name:
                layer = int(name.split(".layers.")[1].split(".")[0])
                target = next(at for at, target in enumerate(TARGETS) if f".{target}." in name)
                values = drawn(weight.numel(), layer * len(TARGETS) + target)
                values = values / numpy.sqrt(weight.shape[1])
                weight.copy_(torch.from_numpy(values.reshape(weight.shape)).float())
    return adapted


def write_smollm2(out: Path, gguf: Path) -> None:
    from vectors import smollm2_tokenizer

    for name, trainer, config, file, count in (
        ("sft", SFTTrainer, SFTConfig, "train.jsonl", 100),
        ("dpo", DPOTrainer, DPOConfig, "pairs_queue.jsonl", 60),
        ("sft-bf16", SFTTrainer, SFTConfig, "train.jsonl", 100),
    ):
        keys = ("prompt", "completion", "chosen", "rejected")
        lines = (SAMPLE / file).read_text().splitlines()[:count]
        rows = [{key: row[key] for key in keys if key in row} for row in map(json.loads, lines)]
        result, weights = run(
            smollm2(gguf), smollm2_tokenizer(gguf), trainer, config, SMOLLM2[name], rows
        )
        if name == "sft-bf16":
            # Told beside the run in 32 bits: how far TRL's mixed precision is from it.
            del result["rows"]
        else:
            # The adapter is too large to keep; the norms of its B matrices tell where it went.
            result["norms"] = {
                name: weight.double().norm().item()
                for name, weight in weights.items()
                if "lora_B" in name
            }
        (out / f"trajectory-smollm2-{name}.json").write_text(json.dumps(result) + "\n")


def greedy(out: Path) -> list:
    """What transformers generates with the adapter of the SFT run, for prompts of different
    lengths."""
    tokenizer, adapted = tiny.tokenizer(), model(out).eval()
    trained = load_file(out / "trajectory-sft.safetensors")
    with torch.no_grad():
        for name, weight in adapted.named_parameters():
            if "lora" in name:
                weight.copy_(trained[name.replace(".default", "")])
    found = []
    for text in ("Say 4.", "Name a colour, please, and a number like 17", "日本"):
        prompt = tokenizer.apply_chat_template(
            [{"role": "user", "content": text}], add_generation_prompt=True, return_dict=True
        )["input_ids"]
        ids = torch.tensor([prompt])
        answer = adapted.generate(input_ids=ids, do_sample=False, max_new_tokens=40)
        found.append({"text": text, "prompt": prompt, "answer": answer[0, len(prompt) :].tolist()})
    return found


def write(out: Path) -> None:
    for name, trainer, config, settings, rows in (
        ("sft", SFTTrainer, SFTConfig, SFT, sft_rows()),
        ("dpo", DPOTrainer, DPOConfig, DPO, dpo_rows()),
        ("kto", KTOTrainer, KTOConfig, KTO, dpo_rows()),
        ("kto-labelled", KTOTrainer, KTOConfig, KTO_LABELLED, labelled_rows()),
        ("reward", RewardTrainer, RewardConfig, REWARD, dpo_rows()),
        ("reward-margins", RewardTrainer, RewardConfig, REWARD, pairs_with_margins()),
        ("grpo", GivenAnswers, GRPOConfig, GRPO, dpo_rows()),
        ("grpo-other", GivenAnswers, GRPOConfig, GRPO_OTHER, dpo_rows()),
        ("grpo-twice", GivenAnswers, GRPOConfig, GRPO_TWICE, dpo_rows()),
        ("grpo-thrice", GivenAnswers, GRPOConfig, GRPO_THRICE, dpo_rows()[:6]),
        ("sft-packed", SFTTrainer, SFTConfig, PACKED, sft_rows()),
        ("pretrain", SFTTrainer, SFTConfig, PRETRAIN, text_rows()),
    ):
        begin = reward_model if trainer is RewardTrainer else model
        result, weights = run(begin(out), tiny.tokenizer(), trainer, config, settings, rows)
        (out / f"trajectory-{name}.json").write_text(json.dumps(result) + "\n")
        save_file(weights, out / f"trajectory-{name}.safetensors")
    (out / "greedy.json").write_text(json.dumps(greedy(out)) + "\n")
