"""Loads what Temper exports into PEFT, transformers and llama.cpp, and compares logits with Temper's.

    cargo build --release -p server -p trainer --example logits --bin temper
    pip install llama-cpp-python==0.3.36
    python check_exports.py --model MODEL.gguf --adapter out/adapter

Needs torch, transformers, peft, numpy and llama-cpp-python. Three things are compared: PEFT with the
adapter on the base that `temper export` writes, in 64 bits, so that what is found is Temper's own
error; transformers with the merged folder; llama.cpp with each GGUF file, whose own arithmetic has
fewer bits. Fails if a limit is passed: the largest difference of a logit for the first two, the
mean divergence of the next token in nats for llama.cpp.
"""

import argparse
import json
import pathlib
import subprocess
import sys
import tempfile

import llama_cpp
import numpy
import torch
from peft import PeftModel
from transformers import AutoModelForCausalLM, AutoTokenizer

ROOT = pathlib.Path(__file__).resolve().parents[4]
TEXT = "I bought a floor lamp on 2 March and still have no shipping email. What now?"
# The largest difference of a logit.
PEFT, MERGED, MERGED_BF16 = 1e-4, 1e-3, 2.0
# The mean divergence.
LLAMA_CPP = {"gguf_f16": 1e-3, "gguf_q8_0": 3e-2, "gguf_q4_k_m": 0.5}


class Programs:
    def __init__(self, folder, arguments):
        self.folder, self.arguments = folder, arguments

    def export(self, form, adapter=True):
        """What `temper export` writes in a format, and its own word on it."""
        output = self.folder / (form + ("" if form.startswith("safetensors") else ".gguf"))
        if not adapter:
            output = output.with_name("base-" + output.name)
        command = [self.arguments.programs / "temper", "export", "--model", self.arguments.model]
        command += ["--adapter", self.arguments.adapter] if adapter else []
        command += ["--format", form, "--output", output]
        said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        print(f"temper export --format {form}: {said.strip().splitlines()[-1]}")
        return output

    def logits(self, tokens):
        """Temper's logits with the adapter, [T, V]."""
        (self.folder / "tokens.json").write_text(json.dumps(tokens))
        output = self.folder / "logits.bin"
        command = [self.arguments.programs / "examples" / "logits", self.arguments.model]
        command += [self.arguments.adapter, self.folder / "tokens.json", output]
        subprocess.run(command, check=True)
        return numpy.fromfile(output, dtype=numpy.float32).reshape(len(tokens), -1)


def by_transformers(base, tokens, dtype, adapter=None):
    """The logits of transformers or, with an adapter, of PEFT, [T, V]."""
    model = AutoModelForCausalLM.from_pretrained(base, dtype=dtype)
    if adapter:
        model = PeftModel.from_pretrained(model, adapter, autocast_adapter_dtype=False)
    with torch.no_grad():
        logits = model.to(dtype).eval()(torch.tensor([tokens])).logits
    return logits[0].double().numpy()


def by_llama_cpp(path, tokens, lora=None):
    """The logits of llama.cpp, [T, V]."""
    model = llama_cpp.Llama(
        str(path), n_ctx=512, logits_all=True, verbose=False, lora_path=lora and str(lora)
    )
    model.eval(tokens)
    return numpy.array(model.scores[: len(tokens)], dtype=numpy.float64)


def tokens_of_llama_cpp(path, text):
    model = llama_cpp.Llama(str(path), vocab_only=True, verbose=False)
    return model.tokenize(text.encode(), add_bos=False, special=True)


def largest_difference(left, right):
    return float(numpy.abs(left - right).max())


def divergence(one, other):
    """The mean over the places of the divergence of `other` from `one`, in nats."""
    log = lambda logits: logits - numpy.logaddexp.reduce(logits, axis=1, keepdims=True)
    p, q = log(one.astype(numpy.float64)), log(other)
    return float((numpy.exp(p) * (p - q)).sum(axis=1).mean())


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", required=True)
    parser.add_argument("--adapter", required=True)
    parser.add_argument("--programs", default=ROOT / "target" / "release", type=pathlib.Path)
    arguments = parser.parse_args()
    passed = []

    def say(what, found, limit):
        passed.append(found <= limit)
        print(f"{what}: {found:.2e} (limit {limit:g}){'' if passed[-1] else ' TOO FAR'}")

    with tempfile.TemporaryDirectory() as name:
        programs = Programs(pathlib.Path(name), arguments)
        base = programs.export("safetensors", adapter=False)
        tokenizer = AutoTokenizer.from_pretrained(base)
        messages = [{"role": "user", "content": TEXT}]
        text = tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)
        tokens = tokenizer(text, add_special_tokens=False)["input_ids"]
        ours = programs.logits(tokens)
        print(f"{len(tokens)} tokens, {ours.shape[1]} logits each, up to {numpy.abs(ours).max():.0f}")

        exact = by_transformers(base, tokens, torch.float64, arguments.adapter)
        rounded = by_transformers(base, tokens, torch.float32, arguments.adapter)
        say("PEFT in 64 bits, largest difference", largest_difference(ours, exact), PEFT)
        print(f"PEFT in 32 bits from itself in 64: {largest_difference(rounded, exact):.2e}")
        for form, limit in (("safetensors", MERGED), ("safetensors_bf16", MERGED_BF16)):
            merged = by_transformers(programs.export(form), tokens, torch.float32)
            say(f"transformers, {form}, largest difference", largest_difference(ours, merged), limit)
        for form, limit in LLAMA_CPP.items():
            path = programs.export(form)
            passed.append(tokens_of_llama_cpp(path, text) == tokens)
            print(f"llama.cpp's tokens of {form}: {'equal' if passed[-1] else 'DIFFERENT'}")
            say(f"llama.cpp, {form}, divergence", divergence(ours, by_llama_cpp(path, tokens)), limit)
        if json.loads((pathlib.Path(arguments.adapter) / "adapter_config.json").read_text())["use_dora"]:
            print("llama.cpp reads no weight-decomposed adapters: only whole models were compared")
            return 0 if all(passed) else 1
        whole, lora = programs.export("gguf_f16", adapter=False), programs.export("gguf_adapter")
        found = divergence(ours, by_llama_cpp(whole, tokens, lora))
        say("llama.cpp, adapter on a base in F16, divergence", found, LLAMA_CPP["gguf_f16"])
    return 0 if all(passed) else 1


if __name__ == "__main__":
    sys.exit(main())
