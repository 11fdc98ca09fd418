"""Hidden states, logits, losses and adapter gradients by torch's autograd, in 32 and 64 bits; AdamW
with clipping, and learning-rate schedules."""

import json
import math
import tempfile
from pathlib import Path

import torch
import torch.nn.functional as F
from datasets import Dataset
from peft import LoraConfig, PeftModel, get_peft_model
from safetensors.torch import save_file
from transformers import AutoModelForCausalLM, get_scheduler
from trl import DPOConfig, DPOTrainer

import tiny
from rows import as_messages

BETA = 0.1
TARGETS = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]
PREFERENCES = [
    {"prompt": "What is 2 + 2?", "chosen": "4", "rejected": "It is 5, I think."},
    {"prompt": "Be kind.", "chosen": "Of course! And 1 more.", "rejected": "Of no use."},
    {"prompt": "日本?", "chosen": "é", "rejected": "e e e"},
]


def lora() -> LoraConfig:
    return LoraConfig(
        r=4, lora_alpha=8, lora_dropout=0.0, target_modules=TARGETS, task_type="CAUSAL_LM"
    )


def write_adapters(out: Path) -> None:
    """`adapter-random` has a random B, `adapter-fresh` is as PEFT initialises it."""
    torch.manual_seed(7)
    model = get_peft_model(tiny.model(), lora())
    model.peft_config["default"].base_model_name_or_path = "tiny-llama"
    save_adapter(model, out / "adapter-fresh")
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if "lora_B" in name:
                weight.copy_(0.1 * torch.randn(weight.shape))
    save_adapter(model, out / "adapter-random")


def save_adapter(model: PeftModel, folder: Path) -> None:
    model.save_pretrained(folder)
    (folder / "README.md").unlink(missing_ok=True)
    # PEFT writes a set, whose order differs from run to run.
    path = folder / "adapter_config.json"
    config = json.loads(path.read_text())
    config["target_modules"] = sorted(config["target_modules"])
    path.write_text(json.dumps(config, indent=2, sort_keys=True) + "\n")


def base(out: Path, dtype: torch.dtype):
    model = AutoModelForCausalLM.from_pretrained(out / "tiny-llama", dtype=torch.float32)
    return model.to(dtype).eval()


def adapted(out: Path, dtype: torch.dtype) -> PeftModel:
    model = base(out, torch.float32)
    model = PeftModel.from_pretrained(model, out / "adapter-random", is_trainable=True)
    return model.to(dtype)


def rank_stabilised(out: Path, ids: torch.Tensor) -> torch.Tensor:
    """Logits with the same matrices, scaled by the root of the rank."""
    folder = out / "adapter-random"
    config = LoraConfig.from_pretrained(folder)
    config.use_rslora = True
    model = PeftModel.from_pretrained(base(out, torch.float32), folder, config=config)
    with torch.no_grad():
        return model.to(torch.float64)(ids).logits[0].float().contiguous()


def write_forward(out: Path) -> dict:
    """What each of two sequences looks like inside, computed in 64 bits."""
    first = json.loads((out / "tokens-tiny.json").read_text())
    sequences = [first["completions"][row]["tokens"] for row in (0, 11)]
    tensors = {}
    for index, sequence in enumerate(sequences):
        ids = torch.tensor([sequence["ids"]])
        with torch.no_grad():
            plain = base(out, torch.float64)(ids, output_hidden_states=True)
            with_adapter = adapted(out, torch.float64)(ids)
        # The last of transformers' hidden states is after the last norm.
        for layer, hidden in enumerate(plain.hidden_states):
            tensors[f"{index}.hidden.{layer}"] = hidden[0].float().contiguous()
        tensors[f"{index}.logits"] = plain.logits[0].float().contiguous()
        tensors[f"{index}.logits.adapter"] = with_adapter.logits[0].float().contiguous()
        tensors[f"{index}.logits.rslora"] = rank_stabilised(out, ids)
    save_file(tensors, out / "forward.safetensors")
    return {"sequences": sequences}


def sft_loss(model, sequences: list) -> torch.Tensor:
    """TRL's: the sum over all labels of all rows, by their number."""
    total, count = 0, 0
    for sequence in sequences:
        ids = torch.tensor([sequence["ids"]])
        logits = model(ids).logits[0, :-1]
        learned = torch.tensor(sequence["mask"][1:]).bool()
        total = total + F.cross_entropy(logits[learned], ids[0, 1:][learned], reduction="sum")
        count += int(learned.sum())
    return total / count


def logps(model, ids: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    logits = model(ids[None]).logits[0, :-1].log_softmax(-1)
    return logits.gather(1, ids[1:, None])[mask[1:].bool(), 0].sum()


def dpo_loss(model, pairs: list) -> torch.Tensor:
    losses = []
    for pair in pairs:
        score = {}
        for side in ("chosen", "rejected"):
            ids, mask = torch.tensor(pair[side]["ids"]), torch.tensor(pair[side]["mask"])
            policy = logps(model, ids, mask)
            with torch.no_grad(), model.disable_adapter():
                reference = logps(model, ids, mask)
            score[side] = policy - reference
        losses.append(-F.logsigmoid(BETA * (score["chosen"] - score["rejected"])))
    return torch.stack(losses).mean()


def gradients(model, loss: torch.Tensor, prefix: str, tensors: dict) -> None:
    loss.backward()
    for name, weight in model.named_parameters():
        if weight.grad is not None:
            key = name.replace(".default", "")
            tensors[f"{prefix}.{key}"] = weight.grad.clone()
    model.zero_grad(set_to_none=True)


def write_gradients(out: Path, sequences: list, pairs: list) -> dict:
    tensors, losses = {}, {}
    for dtype, bits in ((torch.float32, "f32"), (torch.float64, "f64")):
        model = adapted(out, dtype)
        for name, loss in (("sft", sft_loss(model, sequences)), ("dpo", dpo_loss(model, pairs))):
            losses[f"{name}.{bits}"] = loss.item()
            gradients(model, loss, f"{name}.{bits}", tensors)
    save_file({key: tensor.contiguous() for key, tensor in tensors.items()}, out / "gradients.safetensors")
    return losses


def trl_dpo(out: Path) -> dict:
    """Loss and metrics of TRL's own code. Its reference is the adapter that it was given, so it is
    given one that changes nothing, and the random one is loaded afterwards."""
    tokenizer = tiny.tokenizer()
    model = PeftModel.from_pretrained(
        base(out, torch.float32), out / "adapter-fresh", is_trainable=True
    )
    with tempfile.TemporaryDirectory() as folder:
        config = DPOConfig(
            output_dir=folder, beta=BETA, max_length=96, bf16=False, use_cpu=True, report_to=[],
            gradient_checkpointing=False, remove_unused_columns=False,
        )
        rows = Dataset.from_list([as_messages(row) for row in PREFERENCES])
        trainer = DPOTrainer(
            model=model, args=config, train_dataset=rows, processing_class=tokenizer
        )
    trainer.model.load_adapter(out / "adapter-random", "random")
    random = trainer.model.get_submodule("base_model").state_dict()
    with torch.no_grad():
        for name, weight in trainer.model.base_model.named_parameters():
            if ".default." in name:
                weight.copy_(random[name.replace(".default.", ".random.")])
    trainer.model.train()
    batch = trainer.data_collator([trainer.train_dataset[index] for index in range(len(rows))])
    loss = trainer.compute_loss(trainer.model, batch)
    metrics = {key: values[-1] for key, values in trainer._metrics["train"].items()}
    pairs = [pair(batch, index, len(rows)) for index in range(len(rows))]
    return {"beta": BETA, "pairs": pairs, "loss": loss.item(), "metrics": metrics}


def pair(batch: dict, index: int, count: int) -> dict:
    result = {}
    for side, row in (("chosen", index), ("rejected", index + count)):
        kept = batch["attention_mask"][row].bool()
        mask = batch["completion_mask"][row][kept].tolist()
        result[side] = {"ids": batch["input_ids"][row][kept].tolist(), "mask": [0] + mask[1:]}
    return result


def adamw() -> dict:
    """Twenty steps with clipping and weight decay on gradients that are fixed in advance."""
    generator = torch.Generator().manual_seed(11)
    start = torch.randn(24, generator=generator)
    grads = [torch.randn(24, generator=generator) * 10 ** (step % 5 - 2) for step in range(20)]
    weight = torch.nn.Parameter(start.clone())
    settings = {"lr": 1e-2, "betas": (0.9, 0.999), "eps": 1e-8, "weight_decay": 0.1}
    optimizer = torch.optim.AdamW([weight], **settings)
    steps = []
    for grad in grads:
        weight.grad = grad.clone()
        norm = torch.nn.utils.clip_grad_norm_([weight], 1.0)
        optimizer.step()
        steps.append({"grad": grad.tolist(), "norm": norm.item(), "weight": weight.tolist()})
    return {**settings, "max_grad_norm": 1.0, "start": start.tolist(), "steps": steps}


def schedules() -> list:
    found = []
    for kind in ("cosine", "linear", "constant_with_warmup"):
        for warmup, total in ((0, 10), (3, 20), (1, 7)):
            optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)
            scheduler = get_scheduler(kind, optimizer, warmup, total)
            rates = []
            for _ in range(total):
                rates.append(scheduler.get_last_lr()[0])
                optimizer.step()
                scheduler.step()
            name = kind.removesuffix("_with_warmup")
            found.append({"kind": name, "warmup": warmup, "total": total, "rates": rates})
    return found


def write(out: Path) -> None:
    write_adapters(out)
    values = write_forward(out)
    values["dpo"] = trl_dpo(out)
    values["losses"] = write_gradients(out, values["sequences"], values["dpo"]["pairs"])
    assert math.isclose(values["dpo"]["loss"], values["losses"]["dpo.f64"], rel_tol=1e-5)
    values["adamw"] = adamw()
    values["schedules"] = schedules()
    (out / "gradients.json").write_text(json.dumps(values) + "\n")
