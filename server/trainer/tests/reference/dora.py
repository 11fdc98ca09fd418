"""Weight-decomposed adapters (DoRA) by PEFT: logits, the loss of two sequences and every gradient in
64 bits, on the tiny Llama and, rank-stabilised and on some layers only, on the tiny Qwen2, whose
layers have biases; and a run of TRL's SFTTrainer from an adapter that PEFT initialised."""

import json
from pathlib import Path

import torch
from peft import LoraConfig, PeftModel, get_peft_model
from safetensors.torch import save_file
from transformers import AutoModelForCausalLM
from trl import SFTConfig, SFTTrainer

import gradients
import tiny
import trajectory

CASES = {
    "llama": {"r": 4, "lora_alpha": 8, "target_modules": gradients.TARGETS},
    "qwen2": {
        "r": 2,
        "lora_alpha": 3,
        "use_rslora": True,
        "target_modules": ["q_proj", "v_proj", "up_proj", "down_proj"],
    },
}


def base(out: Path, name: str):
    return AutoModelForCausalLM.from_pretrained(out / f"tiny-{name}", dtype=torch.float32).eval()


def decomposed(out: Path, name: str) -> PeftModel:
    """As PEFT initialises it: B zero, magnitudes the norms of the weights' rows."""
    torch.manual_seed(23)
    config = LoraConfig(**CASES[name], lora_dropout=0.0, use_dora=True, task_type="CAUSAL_LM")
    model = get_peft_model(base(out, name), config)
    model.peft_config["default"].base_model_name_or_path = f"tiny-{name}"
    return model


def moved(model: PeftModel) -> PeftModel:
    """With a B that is not zero, and magnitudes that are no norms any more."""
    generator = torch.Generator().manual_seed(29)
    with torch.no_grad():
        for name, weight in model.named_parameters():
            noise = torch.randn(weight.shape, generator=generator)
            if "lora_B" in name:
                weight.copy_(0.2 * noise)
            elif "magnitude" in name:
                weight.mul_(1 + 0.2 * noise)
    return model


def write_results(out: Path, name: str, sequences: list) -> float:
    model = moved(decomposed(out, name))
    folder = out / f"dora-{name}"
    gradients.save_adapter(model, folder)
    model = model.to(torch.float64)
    tensors = {}
    with torch.no_grad():
        tensors["logits"] = model(torch.tensor([sequences[0]["ids"]])).logits[0]
    loss = gradients.sft_loss(model, sequences)
    gradients.gradients(model, loss, "sft", tensors)
    tensors = {
        key.removesuffix(".weight") if "magnitude" in key else key: tensor.float().contiguous()
        for key, tensor in tensors.items()
    }
    save_file(tensors, folder / "results.safetensors")
    return loss.item()


def write_trajectory(out: Path) -> None:
    model = decomposed(out, "llama")
    gradients.save_adapter(model, out / "dora-fresh")
    settings = {**trajectory.SFT, "max_steps": 10}
    result, weights = trajectory.run(
        model, tiny.tokenizer(), SFTTrainer, SFTConfig, settings, trajectory.sft_rows()
    )
    weights = {
        key.removesuffix(".weight") if "magnitude" in key else key: tensor
        for key, tensor in weights.items()
    }
    (out / "trajectory-dora.json").write_text(json.dumps(result) + "\n")
    save_file(weights, out / "trajectory-dora.safetensors")


def write(out: Path, sequences: list) -> None:
    losses = {name: write_results(out, name, sequences) for name in CASES}
    (out / "dora.json").write_text(json.dumps({"sft": losses}, indent=1) + "\n")
    write_trajectory(out)


if __name__ == "__main__":
    torch.use_deterministic_algorithms(True)
    torch.set_num_threads(2)
    fixtures = Path(__file__).parent / "fixtures"
    write(fixtures, json.loads((fixtures / "gradients.json").read_text())["sequences"])
