"""What TRL's packing by best fit makes of rows of some lengths, and of plain texts."""

import random
import tempfile
from pathlib import Path

from datasets import Dataset
from tokenizers import processors
from trl import SFTConfig, SFTTrainer, pack_dataset

import tiny
from rows import PIECES
from vectors import save, stand_in

CAPACITY = 40
# The last document fills its pieces exactly, together with the token that ends it.
TEXTS = [
    "A short text.",
    "It ends by itself.<|im_end|>",
    "A special token <|im_start|> inside, 2024-05-03.",
    " ".join(PIECES),
    "\n\n".join(reversed(PIECES[:9])),
    " leading and trailing ",
    "日本語 😀 " * 6,
    "1" * (2 * CAPACITY - 1),
]


def packs(lengths: list, capacity: int) -> list:
    """For each pack the numbers of its rows; every token of a row is its number."""
    rows = Dataset.from_dict({"input_ids": [[row] * length for row, length in enumerate(lengths)]})
    found = pack_dataset(rows, seq_length=capacity, strategy="bfd")
    return [[sequence[0] for sequence in sequences(pack)] for pack in found]


def sequences(pack: dict) -> list:
    found, start = [], 0
    for length in pack["seq_lengths"]:
        found.append(pack["input_ids"][start : start + length])
        start += length
    return found


def cases() -> list:
    draw = random.Random(20261016)
    uneven = lambda: min(128, max(1, int(draw.lognormvariate(3.0, 1.0))))
    found = []
    for capacity, lengths in (
        (128, [uneven() for _ in range(300)]),
        # Many of the same length, so that ties decide.
        (16, [draw.randint(1, 6) for _ in range(120)]),
        (10, [10, 10, 1, 9, 5, 5]),
        (7, [3]),
    ):
        found.append({"capacity": capacity, "lengths": lengths, "packs": packs(lengths, capacity)})
    return found


def with_bos():
    tokenizer = tiny.tokenizer()
    tokenizer.backend_tokenizer.post_processor = processors.TemplateProcessing(
        single="<|im_start|> $A", special_tokens=[("<|im_start|>", 1)]
    )
    return tokenizer


def documents(tokenizer) -> list:
    """The packs of the texts: for each its sequences."""
    with tempfile.TemporaryDirectory() as folder:
        trainer = SFTTrainer(
            model=stand_in(len(tokenizer)),
            args=SFTConfig(
                output_dir=folder,
                max_length=CAPACITY,
                packing=True,
                packing_strategy="bfd_split",
                bf16=False,
                use_cpu=True,
                report_to=[],
            ),
            train_dataset=Dataset.from_list([{"text": text} for text in TEXTS]),
            processing_class=tokenizer,
        )
    for pack in trainer.train_dataset:
        assert list(pack["labels"]) == list(pack["input_ids"])
    return [sequences(pack) for pack in trainer.train_dataset]


def write(out: Path) -> None:
    value = {
        "cases": cases(),
        "max_length": CAPACITY,
        "texts": TEXTS,
        "post_processor_with_bos": {
            "type": "TemplateProcessing",
            "single": [
                {"SpecialToken": {"id": "<|im_start|>", "type_id": 0}},
                {"Sequence": {"id": "A", "type_id": 0}},
            ],
            "pair": [
                {"Sequence": {"id": "A", "type_id": 0}},
                {"Sequence": {"id": "B", "type_id": 1}},
            ],
            "special_tokens": {
                "<|im_start|>": {"id": "<|im_start|>", "ids": [1], "tokens": ["<|im_start|>"]}
            },
        },
        "plain": documents(tiny.tokenizer()),
        "with_bos": documents(with_bos()),
    }
    save(out / "packing.json", value)
