"""Whole runs of TRL's trainers from the adapter that PEFT initialised, rows in the order of the
file, in 32 bits without dropout."""

import json
import random
import tempfile
from pathlib import Path

import torch
from datasets import Dataset
from peft import PeftModel
from safetensors.torch import load_file, save_file
from transformers import AutoModelForCausalLM
from trl import DPOConfig, DPOTrainer, SFTConfig, SFTTrainer

import tiny

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


def as_messages(row: dict) -> dict:
    role = lambda key: "user" if key == "prompt" else "assistant"
    return {key: [{"role": role(key), "content": text}] for key, text in row.items()}


def model(out: Path) -> PeftModel:
    base = AutoModelForCausalLM.from_pretrained(out / "tiny-llama", dtype=torch.float32)
    return PeftModel.from_pretrained(base, out / "adapter-fresh", is_trainable=True)


def run(out: Path, trainer_class, config_class, settings: dict, rows: list) -> dict:
    with tempfile.TemporaryDirectory() as folder:
        trainer = trainer_class(
            model=model(out),
            args=config_class(output_dir=folder, **COMMON, **settings),
            train_dataset=Dataset.from_list([as_messages(row) for row in rows]),
            processing_class=tiny.tokenizer(),
        )
        trainer.train()
    keep = lambda key: key in ("loss", "grad_norm", "learning_rate") or "/" in key
    steps = [
        {key: value for key, value in entry.items() if keep(key)}
        for entry in trainer.state.log_history
        if "loss" in entry
    ]
    weights = {
        name.replace(".default", ""): weight.detach().contiguous()
        for name, weight in trainer.model.named_parameters()
        if weight.requires_grad
    }
    return {"settings": {**COMMON, **settings}, "rows": rows, "steps": steps}, weights


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
    ):
        result, weights = run(out, trainer, config, settings, rows)
        (out / f"trajectory-{name}.json").write_text(json.dumps(result) + "\n")
        save_file(weights, out / f"trajectory-{name}.safetensors")
    (out / "greedy.json").write_text(json.dumps(greedy(out)) + "\n")
