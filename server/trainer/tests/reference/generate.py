"""Makes the fixtures that the trainer's tests compare with, using TRL, PEFT and transformers.

    python -m venv reference && . reference/bin/activate
    pip install torch==2.15.0 trl==1.16.0 peft==0.21.2 transformers==5.23.0 gguf==0.19.0
    python generate.py                       # writes fixtures/
    python generate.py --gguf SmolLM2.gguf   # also what is told of SmolLM2-135M-Instruct

Everything is seeded and runs on the processor in 32 or 64 bits: a second run on the same machine
gives the same bytes, another machine the same numbers up to the last bits of sums. The fixtures
are committed; the tests never run this script. Tests of SmolLM2 read the path of its GGUF file from
the variable TEMPER_TEST_MODEL, and are passed over without it.

| file | what it makes |
| --- | --- |
| tiny.py | a random Llama with a tokenizer and a ChatML template |
| rows.py | the rows of text that all vectors are made from |
| vectors.py | token ids and loss masks from TRL's own preprocessing |
| tools.py | the same of conversations that call tools |
| architectures.py | random models of the other architectures, their logits and gradients |
| gradients.py | hidden states, logits, losses, adapter gradients, AdamW, schedules |
| dora.py | weight-decomposed adapters: logits, gradients and a run |
| losses.py | preference losses and their gradients by TRL's own code |
| packing.py | packs by best fit, and plain texts in pieces, from TRL |
| trajectory.py | whole runs of TRL's trainers |
| full.py | gradients of all weights, and runs that train them all |
"""

import argparse
import json
import os
from pathlib import Path

os.environ["CUDA_VISIBLE_DEVICES"] = ""
os.environ["HF_HUB_OFFLINE"] = "1"

import torch

import architectures
import dora
import full
import gradients
import losses
import packing
import tiny
import tools
import trajectory
import vectors

PINNED = {"torch": "2.15.0", "trl": "1.16.0", "peft": "0.21.2", "transformers": "5.23.0"}


def check_versions() -> None:
    from importlib.metadata import version

    for name, wanted in PINNED.items():
        found = version(name).split("+")[0]
        if found != wanted:
            raise SystemExit(f"{name} {found} is installed, but the fixtures need {wanted}")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--gguf", type=Path, help="SmolLM2-135M-Instruct as GGUF")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "fixtures")
    arguments = parser.parse_args()
    check_versions()
    torch.use_deterministic_algorithms(True)
    torch.set_num_threads(2)
    out = arguments.out
    out.mkdir(parents=True, exist_ok=True)
    tiny.write(out / "tiny-llama")
    vectors.write_tiny(out)
    if arguments.gguf:
        vectors.write_smollm2(out, arguments.gguf)
    tools.write(out)
    gradients.write(out)
    sequences = json.loads((out / "gradients.json").read_text())["sequences"]
    architectures.write(out, sequences)
    losses.write(out)
    packing.write(out)
    trajectory.write(out)
    dora.write(out, sequences)
    full.write(out, sequences)
    if arguments.gguf:
        trajectory.write_smollm2(out, arguments.gguf)


if __name__ == "__main__":
    main()
