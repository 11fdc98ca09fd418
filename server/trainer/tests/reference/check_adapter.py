"""Loads an adapter of Temper into PEFT and compares its logits with Temper's.

    cargo build --release -p server -p trainer --example logits --bin temper
    python check_adapter.py --model MODEL.gguf --adapter out/adapter

Needs torch, transformers, peft and numpy. The base is the dequantised one that `temper export`
writes, so both programs compute with the same numbers. PEFT computes in 64 bits, so that what is
found is Temper's own error; what PEFT's is in 32 bits is told beside it, because it is of the same
size and two such errors may add up. Fails if a logit of Temper's is off by more than 1e-4.
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


def logits_of_peft(base, adapter, tokens, dtype):
    """PEFT's logits, [T, V]."""
    model = AutoModelForCausalLM.from_pretrained(base, dtype=dtype)
    model = PeftModel.from_pretrained(model, adapter, autocast_adapter_dtype=False)
    with torch.no_grad():
        logits = model.to(dtype).eval()(torch.tensor([tokens])).logits
    return logits[0].double().numpy()


def largest_difference(left, right):
    return float(numpy.abs(left - right).max())


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
        exact = logits_of_peft(base, arguments.adapter, tokens, torch.float64)
        rounded = logits_of_peft(base, arguments.adapter, tokens, torch.float32)
        ours = logits_of_temper(arguments.programs, arguments, tokens, folder)
    print(f"{len(tokens)} tokens, {exact.shape[1]} logits each, up to {numpy.abs(exact).max():.0f}")
    worst = largest_difference(ours, exact)
    print(f"Temper and PEFT in 64 bits differ by at most {worst:.2e}")
    print(f"PEFT in 32 and in 64 bits: {largest_difference(rounded, exact):.2e}")
    print(f"Temper and PEFT in 32 bits: {largest_difference(ours, rounded):.2e}")
    return 0 if worst <= TOLERANCE else 1


if __name__ == "__main__":
    sys.exit(main())
