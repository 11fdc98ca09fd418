"""Holds the scores of a reward model against those of transformers with PEFT.

    temper export --model BASE --output base
    temper generate --model BASE --prompts prompts.jsonl --reward ADAPTER > answers.jsonl
    python check_reward.py base ADAPTER answers.jsonl

The packages are those of `generate.py`. Each line of the answers has a prompt, an output and its score.
"""

import json
import sys
from pathlib import Path

import torch
from peft import PeftModel
from transformers import AutoModelForSequenceClassification, AutoTokenizer

# The largest difference of a score.
LIMIT = 1e-4


def main() -> None:
    base, adapter, answers = sys.argv[1:]
    tokenizer = AutoTokenizer.from_pretrained(base)
    model = AutoModelForSequenceClassification.from_pretrained(
        base, num_labels=1, dtype=torch.float32
    )
    model.config.pad_token_id = tokenizer.pad_token_id or tokenizer.eos_token_id
    model = PeftModel.from_pretrained(model, adapter).eval()
    worst = 0.0
    for line in Path(answers).read_text().splitlines():
        row = json.loads(line)
        messages = [*row["prompt"], {"role": "assistant", "content": row["output"]}]
        batch = tokenizer.apply_chat_template(messages, return_tensors="pt", return_dict=True)
        with torch.no_grad():
            score = model(**batch).logits.item()
        worst = max(worst, abs(score - row["score"]))
    print(f"scores differ by at most {worst:.1e} (limit {LIMIT:.0e})")
    sys.exit(worst > LIMIT)


if __name__ == "__main__":
    main()
