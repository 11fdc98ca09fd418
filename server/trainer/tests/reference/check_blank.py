"""Makes a blank model with a tokenizer of its own, and asks transformers and llama.cpp what they read.

    cargo build --release -p server --bin temper
    pip install torch==2.15.0 transformers==5.23.0 llama-cpp-python==0.3.36
    python check_blank.py --corpus rows.jsonl

Every text of the corpus, and some that no corpus has, must give the same tokens in both, and the GGUF
file the same next tokens as the folder: the divergence in nats is limited.
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
from transformers import AutoModelForCausalLM, AutoTokenizer

ROOT = pathlib.Path(__file__).resolve().parents[4]
ODD = [
    "naïve 価格 🙂 12,345.67  \t\n x",
    "<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n",
    "I'll DON'T\r\n\r\n  e\u0301 Ａ１ ½ <|endoftext|>",
]
DIVERGENCE = 1e-3


def texts(path):
    for line in path.read_text().splitlines():
        row = json.loads(line)
        yield from (value for value in row.values() if isinstance(value, str) and value.strip())


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--corpus", required=True, type=pathlib.Path)
    parser.add_argument("--temper", default=ROOT / "target" / "release" / "temper")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder, file = pathlib.Path(name) / "blank", pathlib.Path(name) / "blank.gguf"
        run = lambda *words: print(subprocess.check_output(words, text=True).strip())
        run(arguments.temper, "blank", "--corpus", arguments.corpus, "--output", folder)
        run(arguments.temper, "export", "--model", folder, "--format", "gguf_f16", "--output", file)
        tokenizer = AutoTokenizer.from_pretrained(folder)
        model = AutoModelForCausalLM.from_pretrained(folder).double().eval()
        other = llama_cpp.Llama(str(file), n_ctx=512, logits_all=True, verbose=False)
        read = lambda text: tokenizer(text, add_special_tokens=False)["input_ids"]
        read_by_other = lambda text: other.tokenize(text.encode(), add_bos=False, special=True)
        every = [*texts(arguments.corpus), *ODD]
        same = sum(read(text) == read_by_other(text) for text in every)
        print(f"the same tokens in {same} of {len(every)} texts")
        tokens = read(" ".join(every[:8]))[:400]
        with torch.no_grad():
            logits = model(torch.tensor([tokens])).logits[0].numpy()
        other.eval(tokens)
        scores = numpy.array(other.scores[: len(tokens)], dtype=numpy.float64)
        log = lambda one: one - numpy.logaddexp.reduce(one, axis=1, keepdims=True)
        p, q = log(logits), log(scores)
        found = float((numpy.exp(p) * (p - q)).sum(axis=1).mean())
        print(f"llama.cpp, gguf_f16, divergence: {found:.2e} (limit {DIVERGENCE:g})")
        other.close()
    return 0 if same == len(every) and found <= DIVERGENCE else 1


if __name__ == "__main__":
    sys.exit(main())
