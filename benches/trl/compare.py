"""Times Temper and TRL on the same rows, in turn, on this machine.

    cargo build --release -p server --bin temper
    python -m venv trl && . trl/bin/activate
    pip install torch==2.15.0 trl==1.16.0 peft==0.21.2 transformers==5.23.0
    python compare.py --model SmolLM2-135M-Instruct.Q4_1.gguf [--pairs hh.jsonl] [--rounds 3]
    python compare.py --model SmolLM2-135M-Instruct.Q4_1.gguf --device cuda:0 --temper ...

Both train the same LoRA (rank 16, all linear layers) on the same base, in 32 bits or in bfloat16, TRL
with its fastest settings: no gradient checkpointing, and on a GPU the base in bfloat16 and torch's own
attention (SDPA). A GPU has workloads of its own, some of them on a Llama of 1.2 thousand million
random weights, and memory is what `nvidia-smi` says more than before. The README's figures of a GPU are
with torch 2.11. Each round runs both programs once; what is told
is the median of the rounds. Seconds are those of the optimizer steps, the first one of each run left
out; for preference tuning those of all steps, because the reference is computed on the way. A row of
preference tuning is a pair.

The rows of the supervised workloads come with the sample project. `--pairs` names a file of
transcripts such as Anthropic's hh-rlhf, keys `chosen` and `rejected`.
"""

import argparse
import json
import multiprocessing
import os
import pathlib
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field

ROOT = pathlib.Path(__file__).resolve().parents[2]
SAMPLE = ROOT / "samples" / "support_desk_intake"
TURN = re.compile(r"\n\n(Human|Assistant): ?")


@dataclass
class Workload:
    name: str
    method: str
    rows: list
    batch: int
    steps: int
    max_length: int = 1024
    precision: str = "fp32"
    packing: bool = False
    # The base's folder among those that are made.
    base: str = "base"
    # Settings of TRL's that are tried besides; the first is compared first.
    trl: list = field(default_factory=lambda: [{}])


def sample_rows(system: str | None) -> list:
    rows = []
    for line in (SAMPLE / "train.jsonl").read_text().splitlines():
        row = json.loads(line)
        before = [{"role": "system", "content": system}] if system else []
        rows.append({
            "prompt": [*before, {"role": "user", "content": row["prompt"]}],
            "completion": [{"role": "assistant", "content": row["completion"]}],
        })
    return rows


def mixed_rows() -> list:
    """Conversations of one to eight exchanges, of which the last answer is learned."""
    lines = [json.loads(line) for line in (SAMPLE / "train.jsonl").read_text().splitlines()]
    rows, first = [], 0
    while first + 8 < len(lines):
        count = 1 + len(rows) * 5 % 8
        messages = []
        for line in lines[first : first + count]:
            messages += [
                {"role": "user", "content": line["prompt"]},
                {"role": "assistant", "content": line["completion"]},
            ]
        rows.append({"prompt": messages[:-1], "completion": messages[-1:]})
        first += count
    return rows


def turns(transcript: str) -> list:
    parts = TURN.split(transcript)[1:]
    roles = {"Human": "user", "Assistant": "assistant"}
    return [
        {"role": roles[who], "content": text.strip()} for who, text in zip(parts[::2], parts[1::2])
    ]


def pair_rows(path: pathlib.Path, count: int) -> list:
    """Pairs of one prompt that are short enough not to be cut to nothing."""
    rows = []
    for line in path.read_text().splitlines():
        row = json.loads(line)
        chosen, rejected = turns(row["chosen"]), turns(row["rejected"])
        same = chosen[:-1] == rejected[:-1] and len(chosen) > 1
        if same and len(row["chosen"]) < 900 and chosen[-1]["role"] == "assistant":
            rows.append({"prompt": chosen[:-1], "chosen": chosen[-1:], "rejected": rejected[-1:]})
        if len(rows) == count:
            break
    return rows


def workloads(pairs: pathlib.Path | None) -> list:
    prompts = json.loads((SAMPLE / "prompts.json").read_text())
    short = next(prompt["system"] for prompt in prompts if prompt["name"] == "Short")
    found = [
        Workload("SFT, short chats", "sft", sample_rows(None), 8, 8),
        Workload("SFT, short chats, bf16", "sft", sample_rows(None), 8, 8, precision="bf16"),
        Workload("SFT, one system message of 60 tokens", "sft", sample_rows(short), 8, 8),
        Workload("SFT, one to eight exchanges", "sft", mixed_rows(), 8, 4),
    ]
    if pairs:
        # Three epochs of twelve pairs.
        rows = pair_rows(pairs, 12)
        trl = [{}, {"precompute_ref_log_probs": True}]
        found.append(Workload("DPO, 3 epochs", "dpo", rows, 4, 9, 256, trl=trl))
        rows = pair_rows(pairs, 64)
        found.append(Workload("reward model", "reward", rows, 4, 8, 512))
    return found


def gpu_workloads() -> list:
    rows = sample_rows(None)
    kind = {"method": "sft", "precision": "bf16"}
    packed = {**kind, "rows": rows, "batch": 8, "steps": 12, "packing": True}
    packed["trl"] = [{"packing": True}]
    return [
        Workload("SFT, 8 short chats", rows=rows, batch=8, steps=24, **kind),
        Workload("SFT, 64 short chats", rows=rows, batch=64, steps=24, **kind),
        Workload("SFT, 8 packed rows of 1024", **packed),
        Workload("SFT, 64 short chats, 1.2 B", rows=rows, batch=64, steps=12, base="large", **kind),
        Workload("SFT, 8 packed rows of 1024, 1.2 B", base="large", **packed),
    ]


def make_large(folder: pathlib.Path, device: str) -> None:
    """A Llama of 1.2 thousand million random weights beside the base, with its tokenizer.

    In a process of its own, because one that used a GPU keeps some of its memory.
    """
    import torch
    from transformers import AutoConfig, AutoModelForCausalLM

    config = AutoConfig.from_pretrained(folder / "base")
    config.update({
        "hidden_size": 2048, "intermediate_size": 8192, "num_hidden_layers": 16,
        "num_attention_heads": 32, "num_key_value_heads": 8, "head_dim": 64,
    })
    with torch.device(device):
        model = AutoModelForCausalLM.from_config(config, dtype=torch.bfloat16)
    model.save_pretrained(folder / "large")
    for file in (folder / "base").glob("tokenizer*"):
        shutil.copy(file, folder / "large")


def run(command: list, device: str, **options) -> int:
    """Runs a program to its end; gives the most memory that it, or the GPU, had, in bytes."""
    if device == "cpu":
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, **options)
        _, status, usage = os.wait4(process.pid, 0)
        memory = usage.ru_maxrss * 1024
    else:
        query = ["nvidia-smi", "--query-gpu=memory.used", "--format=csv,noheader,nounits"]
        query.append("--id=" + device.removeprefix("cuda:"))
        before = int(subprocess.check_output(query, text=True))
        watch = subprocess.Popen([*query, "--loop-ms=100"], stdout=subprocess.PIPE, text=True)
        status = subprocess.run(command, stdout=subprocess.DEVNULL, **options).returncode
        watch.terminate()
        used = [int(line) for line in watch.communicate()[0].splitlines() if line.isdigit()]
        memory = (max(used, default=before) - before) << 20
    if status != 0:
        raise SystemExit(f"{command[0]} failed with status {status}")
    return memory


def temper(workload: Workload, arguments, folder: pathlib.Path) -> tuple:
    """Seconds of each step, tokens of all, and bytes of memory."""
    config = {
        "method": workload.method,
        "model": str(arguments.model if workload.base == "base" else folder / workload.base),
        "data": {
            "train": str(folder / "rows.jsonl"), "shuffle": False,
            "max_length": workload.max_length, "packing": workload.packing,
        },
        "batch": {"size": workload.batch, "max_steps": workload.steps, "epochs": 100.0},
        "optimizer": {"learning_rate": 1e-4},
        "device": arguments.device,
        "threads": arguments.threads,
        "precision": workload.precision,
        "preference": {"centering": 0.0},
    }
    (folder / "run.json").write_text(json.dumps(config))
    output = folder / "temper"
    command = [arguments.temper, "train", "--config", folder / "run.json", "--output", output]
    memory = run(command, arguments.device)
    steps = [json.loads(line) for line in (output / "metrics.jsonl").read_text().splitlines()]
    seconds = [step["tokens"] / step["tokens_per_second"] for step in steps]
    return seconds, [step["tokens"] for step in steps], memory


def trl(workload: Workload, settings: dict, arguments, folder: pathlib.Path) -> tuple:
    """Seconds of each step, and bytes of memory."""
    config = {
        "method": workload.method, "model": str(folder / workload.base),
        "device": arguments.device,
        "rows": str(folder / "rows.jsonl"), "output": str(folder / "trl.json"),
        "threads": arguments.threads, "batch": workload.batch, "steps": workload.steps,
        "max_length": workload.max_length,
        "settings": {"bf16": workload.precision == "bf16", **settings},
    }
    program = pathlib.Path(__file__).with_name("train.py")
    command = [sys.executable, program, json.dumps(config)]
    memory = run(command, arguments.device, stderr=subprocess.DEVNULL)
    return json.loads((folder / "trl.json").read_text()), memory


def measured(seconds: list, method: str) -> float:
    """Seconds of one step."""
    return statistics.mean(seconds) if method == "dpo" else statistics.median(seconds[1:])


def compare(workload: Workload, arguments, folder: pathlib.Path) -> None:
    text = "".join(json.dumps(row) + "\n" for row in workload.rows)
    (folder / "rows.jsonl").write_text(text)
    ours, theirs = [], [[] for _ in workload.trl]
    for _ in range(arguments.rounds):
        seconds, tokens, memory = temper(workload, arguments, folder)
        ours.append((measured(seconds, workload.method), memory))
        for found, settings in zip(theirs, workload.trl):
            seconds, memory = trl(workload, settings, arguments, folder)
            found.append((measured(seconds, workload.method), memory))
    middle = lambda runs, at: statistics.median(run[at] for run in runs)
    per_step = statistics.mean(tokens)
    for settings, found in zip(workload.trl, theirs):
        name = workload.name + "".join(f", {key}" for key in settings)
        print(
            f"| {name} | {per_step / middle(ours, 0):.0f} | {per_step / middle(found, 0):.0f} "
            f"| {workload.batch / middle(ours, 0):.1f} | {workload.batch / middle(found, 0):.1f} "
            f"| {middle(found, 0) / middle(ours, 0):.2f} "
            f"| {middle(ours, 1) / 1e9:.2f} GB | {middle(found, 1) / 1e9:.2f} GB "
            f"| {middle(ours, 1) / middle(found, 1):.2f} |",
            flush=True,
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", required=True, type=pathlib.Path)
    parser.add_argument("--pairs", type=pathlib.Path)
    parser.add_argument("--rounds", default=3, type=int)
    parser.add_argument("--device", default="cpu", help="cpu, or a GPU such as cuda:0")
    parser.add_argument("--threads", default=os.cpu_count(), type=int)
    parser.add_argument("--temper", default=ROOT / "target" / "release" / "temper")
    parser.add_argument("--only", default="", help="workloads whose name contains this")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        export = [arguments.temper, "export", "--model", arguments.model]
        run([*export, "--output", folder / "base"], "cpu")
        on_cpu = arguments.device == "cpu"
        chosen = [
            workload for workload in (workloads(arguments.pairs) if on_cpu else gpu_workloads())
            if arguments.only in workload.name
        ]
        if any(workload.base == "large" for workload in chosen):
            making = multiprocessing.get_context("spawn").Process(
                target=make_large, args=(folder, arguments.device)
            )
            making.start()
            making.join()
            if making.exitcode != 0:
                raise SystemExit(f"the large base was not made: status {making.exitcode}")
        print(
            "| workload | Temper, tokens/s | TRL, tokens/s | Temper, rows/s | TRL, rows/s "
            "| times as fast | Temper, peak memory | TRL, peak memory | share |\n"
            "| --- | --- | --- | --- | --- | --- | --- | --- | --- |"
        )
        for workload in chosen:
            compare(workload, arguments, folder)


if __name__ == "__main__":
    main()
