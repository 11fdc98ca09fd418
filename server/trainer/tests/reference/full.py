"""What torch and TRL compute where all weights are trained: gradients of every weight in 64 bits, for
every architecture, and whole runs of the tiny Llama. Of a matrix only every third row is kept, beside the
norm of all of it."""

import json
from pathlib import Path

import torch
from safetensors.torch import save_file
from transformers import AutoModelForCausalLM, AutoModelForSequenceClassification
from trl import (
    DPOConfig,
    DPOTrainer,
    GRPOConfig,
    KTOConfig,
    KTOTrainer,
    RewardConfig,
    RewardTrainer,
    SFTConfig,
    SFTTrainer,
)

import gradients
import tiny
import trajectory

# Mistral is a Llama whose output head is not its embedding.
MODELS = ("llama", "mistral", "qwen2", "qwen3", "gemma3")
STEP = 3

# Both decay, so that it shows which weights do.
SFT = {**trajectory.SFT, "learning_rate": 1e-3, "weight_decay": 0.1, "max_steps": 10}
JUDGED = {"learning_rate": 2e-4, "weight_decay": 0.1}
RUNS = {
    "sft": (SFTTrainer, SFTConfig, SFT, trajectory.sft_rows),
    "dpo": (DPOTrainer, DPOConfig, {**trajectory.DPO, **JUDGED}, trajectory.dpo_rows),
    "kto": (KTOTrainer, KTOConfig, {**trajectory.KTO, **JUDGED}, trajectory.dpo_rows),
    "reward": (RewardTrainer, RewardConfig, {**trajectory.REWARD, **JUDGED}, trajectory.dpo_rows),
    "grpo": (
        trajectory.GivenAnswers,
        GRPOConfig,
        {**trajectory.GRPO, **JUDGED},
        trajectory.dpo_rows,
    ),
}


def kept(weight: torch.Tensor) -> torch.Tensor:
    weight = weight[::STEP] if weight.dim() == 2 and len(weight) > STEP else weight
    return weight.detach().float().contiguous()


def write_gradients(out: Path, sequences: list) -> None:
    told = {}
    for name in MODELS:
        model = AutoModelForCausalLM.from_pretrained(
            out / f"tiny-{name}", dtype=torch.float64, attn_implementation="eager"
        ).eval()
        loss = gradients.sft_loss(model, sequences)
        loss.backward()
        found = {key: weight.grad for key, weight in model.named_parameters()}
        norms = {key: gradient.norm().item() for key, gradient in found.items()}
        told[name] = {"loss": loss.item(), "norms": norms}
        tensors = {key: kept(gradient) for key, gradient in found.items()}
        save_file(tensors, out / f"full-{name}.safetensors")
    (out / "full.json").write_text(json.dumps(told, indent=1) + "\n")


def write_runs(out: Path) -> None:
    for name, (trainer, config, settings, rows) in RUNS.items():
        torch.manual_seed(12)
        path, kind = out / "tiny-llama", {"dtype": torch.float32}
        if trainer is RewardTrainer:
            model = AutoModelForSequenceClassification.from_pretrained(path, num_labels=1, **kind)
            first = {"score.initial": model.score.weight.detach().clone()}
        else:
            model, first = AutoModelForCausalLM.from_pretrained(path, **kind), {}
        result, weights = trajectory.run(
            model, tiny.tokenizer(), trainer, config, settings, rows()
        )
        if config is not GRPOConfig:
            # Told by Temper only where answers are drawn.
            for step in result["steps"]:
                step.pop("entropy", None)
        result["norms"] = {key: weight.double().norm().item() for key, weight in weights.items()}
        (out / f"full-trajectory-{name}.json").write_text(json.dumps(result) + "\n")
        last = {key: kept(weight) for key, weight in weights.items()} if name == "sft" else {}
        if first or last:
            save_file({**first, **last}, out / f"full-trajectory-{name}.safetensors")


def write(out: Path, sequences: list) -> None:
    write_gradients(out, sequences)
    write_runs(out)


if __name__ == "__main__":
    fixtures = Path(__file__).parent / "fixtures"
    write(fixtures, json.loads((fixtures / "gradients.json").read_text())["sequences"])
