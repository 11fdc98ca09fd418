"""Loads an adapter of Temper into PEFT and compares its logits with Temper's.

    cargo build --release -p server -p trainer --example logits --bin temper
    python check_adapter.py --model MODEL.gguf --adapter out/adapter

Needs torch, transformers, peft and numpy. The base is the dequantised one that `temper export`
writes, so both programs compute with the same numbers. Fails if any logit differs by more than
1e-4.
"""

import argparse
import json
import pathlib
import subprocess
import sys
import tempfile

import numpy
import torch
from peft import PeftModel
from transformers import AutoModelForCausalLM, AutoTokenizer

TOLERANCE = 1e-4
ROOT = pathlib.Path(__file__).resolve().parents[4]
TEXT = "I bought a floor lamp on 2 March and still have no shipping email. What now?"


def logits_of_temper(programs, arguments, tokens, folder):
    """Temper's logits, [T, V]."""
    (folder / "tokens.json").write_text(json.dumps(tokens))
    output = folder / "logits.bin"
    command = [programs / "examples" / "logits", arguments.model, arguments.adapter]
    subprocess.run([*command, folder / "tokens.json", output], check=True)
    return numpy.fromfile(output, dtype=numpy.float32).reshape(len(tokens), -1)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", required=True)
    parser.add_argument("--adapter", required=True)
    parser.add_argument("--programs", default=ROOT / "target" / "release", type=pathlib.Path)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        base = folder / "base"
        export = [arguments.programs / "temper", "export", "--model", arguments.model]
        subprocess.run([*export, "--output", base], check=True)
        tokenizer = AutoTokenizer.from_pretrained(base)
        messages = [{"role": "user", "content": TEXT}]
        text = tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)
        tokens = tokenizer(text, add_special_tokens=False)["input_ids"]
        model = AutoModelForCausalLM.from_pretrained(base, dtype=torch.float32)
        model = PeftModel.from_pretrained(model, arguments.adapter).eval()
        with torch.no_grad():
            theirs = model(torch.tensor([tokens])).logits[0].numpy()
        ours = logits_of_temper(arguments.programs, arguments, tokens, folder)
    worst = float(numpy.abs(ours - theirs).max())
    print(f"{len(tokens)} tokens, {theirs.shape[1]} logits each, largest difference {worst:.2e}")
    return 0 if worst <= TOLERANCE else 1


if __name__ == "__main__":
    sys.exit(main())
