"""Times Temper and transformers writing answers, in turn, on this machine; and llama.cpp, if its Python
package is there.

    cargo build --release -p server --bin temper
    python -m venv trl && . trl/bin/activate
    pip install torch==2.15.0 transformers==5.23.0 [llama-cpp-python==0.3.36]
    python generate.py --model SmolLM2-135M-Instruct.Q4_1.gguf [--rounds 3]

All answer the same prompts with the most probable tokens, over a key-value cache: 32 prompts at once,
and one alone. What is told is the median of the rounds, in generated tokens by the second with reading
the prompts, but without loading. llama.cpp computes with the file's own blocks of 4 bits, one prompt at
a time.
"""

import argparse
import json
import os
import pathlib
import statistics
import subprocess
import tempfile
import time

os.environ["CUDA_VISIBLE_DEVICES"] = ""
os.environ["HF_HUB_OFFLINE"] = "1"

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

ROOT = pathlib.Path(__file__).resolve().parents[2]
THINGS = "river clock garden letter bridge winter engine island candle mirror forest harbour".split()
DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16}


def prompts(count: int) -> list:
    pairs = [f"a {one} and a {other}" for one in THINGS for other in THINGS if one != other]
    return [f"Tell me a long story about {pair}." for pair in pairs[:count]]


def temper(arguments, texts: list, precision: str) -> float:
    with tempfile.NamedTemporaryFile("w", suffix=".jsonl") as file:
        file.writelines(json.dumps({"prompt": text}) + "\n" for text in texts)
        file.flush()
        command = [
            arguments.temper, "generate", "--model", arguments.model, "--prompts", file.name,
            "--batch-size", str(len(texts)), "--max-new-tokens", str(arguments.tokens),
            "--precision", precision,
        ]
        found = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    answers = [json.loads(line) for line in found.splitlines()]
    return sum(one["tokens"] for one in answers) / max(one["seconds"] for one in answers)


class Transformers:
    def __init__(self, folder: pathlib.Path, precision: str):
        self.tokenizer = AutoTokenizer.from_pretrained(folder, padding_side="left")
        self.model = AutoModelForCausalLM.from_pretrained(folder, dtype=DTYPES[precision]).eval()

    def speed(self, texts: list, tokens: int) -> float:
        chats = [[{"role": "user", "content": text}] for text in texts]
        batch = self.tokenizer.apply_chat_template(
            chats, add_generation_prompt=True, padding=True, return_dict=True, return_tensors="pt"
        )
        began = time.perf_counter()
        with torch.no_grad():
            answers = self.model.generate(**batch, max_new_tokens=tokens, do_sample=False)
        seconds = time.perf_counter() - began
        written = answers[:, batch["input_ids"].shape[1] :]
        filler = self.tokenizer.pad_token_id or self.tokenizer.eos_token_id
        return int((written != filler).sum()) / seconds


def llama(arguments, text: str):
    """A function that measures llama.cpp, or none."""
    try:
        from llama_cpp import Llama
    except ImportError:
        return None
    model = Llama(
        str(arguments.model), n_ctx=1024, n_threads=arguments.threads, verbose=False
    )

    def speed() -> float:
        model.reset()
        began = time.perf_counter()
        answer = model.create_chat_completion(
            [{"role": "user", "content": text}], max_tokens=arguments.tokens, temperature=0.0
        )
        return answer["usage"]["completion_tokens"] / (time.perf_counter() - began)

    return speed


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", required=True, type=pathlib.Path)
    parser.add_argument("--tokens", default=64, type=int)
    parser.add_argument("--rounds", default=3, type=int)
    parser.add_argument("--threads", default=os.cpu_count(), type=int)
    parser.add_argument("--temper", default=ROOT / "target" / "release" / "temper")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name) / "base"
        export = [arguments.temper, "export", "--model", arguments.model, "--output", folder]
        subprocess.run(export, capture_output=True, check=True)
        print("| prompts, precision | Temper, tokens/s | transformers, tokens/s | times as fast |")
        print("| --- | --- | --- | --- |")
        for precision in DTYPES:
            theirs = Transformers(folder, precision)
            for count in (32, 1):
                texts = prompts(count)
                rounds = [
                    (temper(arguments, texts, precision), theirs.speed(texts, arguments.tokens))
                    for _ in range(arguments.rounds)
                ]
                ours, other = (statistics.median(column) for column in zip(*rounds))
                print(
                    f"| {count}, {precision} | {ours:.0f} | {other:.0f} | {ours / other:.2f} |",
                    flush=True,
                )
    speed = llama(arguments, prompts(1)[0])
    if speed:
        found = statistics.median(speed() for _ in range(arguments.rounds))
        print(f"| 1, llama.cpp with the file's 4 bits | {found:.0f} | | |")


if __name__ == "__main__":
    main()
