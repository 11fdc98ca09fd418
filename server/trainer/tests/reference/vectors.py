"""Token ids and loss masks, from the preprocessing of TRL's own trainers."""

import json
import tempfile
from pathlib import Path

import torch
from datasets import Dataset
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors
from transformers import AutoModelForCausalLM, LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast
from trl import DPOConfig, DPOTrainer, SFTConfig, SFTTrainer

import tiny
from rows import (
    COMPLETIONS,
    CONVERSATIONS,
    MAX_LENGTH,
    PREFERENCES,
    SYSTEM_PROMPT,
    as_messages,
    chats,
    with_system,
)


QUESTIONS = [
    "What is the capital of France?",
    "Write a haiku about rain.",
    "List three fruits and count 1 to 5.",
    "Translate 'good morning' into Spanish.",
]


def sft_rows(tokenizer, rows: list, assistant_only: bool = False) -> list:
    """For each row its ids and mask, or null where TRL drops it."""
    found = []
    for row in rows:
        try:
            trainer = sft_trainer(tokenizer, row, assistant_only)
        except (IndexError, StopIteration, ValueError) as error:
            print("dropped:", str(row)[:60], type(error).__name__, str(error)[:60])
            found.append(None)
            continue
        if len(trainer.train_dataset) == 0:
            found.append(None)
            continue
        example = trainer.train_dataset[0]
        # A label at the first position is never predicted.
        mask = [0] + [int(label != -100) for label in example["labels"][1:]]
        found.append({"ids": list(example["input_ids"]), "mask": mask})
    return found


def sft_trainer(tokenizer, row: dict, assistant_only: bool) -> SFTTrainer:
    with tempfile.TemporaryDirectory() as folder:
        config = SFTConfig(
            output_dir=folder,
            max_length=MAX_LENGTH,
            assistant_only_loss=assistant_only,
            bf16=False,
            use_cpu=True,
            report_to=[],
        )
        return SFTTrainer(
            model=stand_in(len(tokenizer)),
            args=config,
            train_dataset=Dataset.from_list([row]),
            processing_class=tokenizer,
        )


def stand_in(vocabulary: int) -> LlamaForCausalLM:
    """The trainers want a model; its numbers do not matter for tokens."""
    return LlamaForCausalLM(
        LlamaConfig(
            vocab_size=vocabulary,
            hidden_size=8,
            intermediate_size=8,
            num_hidden_layers=1,
            num_attention_heads=1,
        )
    )


def dpo_rows(tokenizer, rows: list) -> list:
    """For each pair the ids of both sides and where they are learned from, or null if dropped."""
    found = []
    for row in rows:
        with tempfile.TemporaryDirectory() as folder:
            config = DPOConfig(
                output_dir=folder, max_length=MAX_LENGTH, bf16=False, use_cpu=True, report_to=[]
            )
            model = stand_in(len(tokenizer))
            trainer = DPOTrainer(
                model=model,
                ref_model=stand_in(len(tokenizer)),
                args=config,
                train_dataset=Dataset.from_list([row]),
                processing_class=tokenizer,
            )
        if len(trainer.train_dataset) == 0:
            found.append(None)
            continue
        batch = trainer.data_collator([trainer.train_dataset[0]])
        found.append(
            {
                side: {
                    "ids": ids[attention.bool()].tolist(),
                    "mask": [0] + mask[attention.bool()].tolist()[1:],
                }
                for side, ids, attention, mask in zip(
                    ("chosen", "rejected"),
                    batch["input_ids"],
                    batch["attention_mask"],
                    batch["completion_mask"],
                )
            }
        )
    return found


def vectors(tokenizer) -> dict:
    marked = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer.backend_tokenizer,
        **tokenizer.special_tokens_map,
        chat_template=tiny.MARKED_TEMPLATE,
    )
    conversations = [{"messages": with_system(messages)} for messages in CONVERSATIONS]
    completions = [as_messages(row) for row in COMPLETIONS]
    return {
        "system_prompt": SYSTEM_PROMPT,
        "max_length": MAX_LENGTH,
        "marked_template": tiny.MARKED_TEMPLATE,
        "completions": paired(COMPLETIONS, sft_rows(tokenizer, completions)),
        "conversations": paired(
            [{"messages": messages} for messages in CONVERSATIONS],
            sft_rows(marked, conversations, assistant_only=True),
        ),
        "preferences": paired(
            PREFERENCES, dpo_rows(tokenizer, [as_messages(row) for row in PREFERENCES])
        ),
    }


def paired(rows: list, tokens: list) -> list:
    return [{"row": row, "tokens": found} for row, found in zip(rows, tokens, strict=True)]


def write_tiny(out: Path) -> None:
    save(out / "tokens-tiny.json", vectors(tiny.tokenizer()))


def write_smollm2(out: Path, gguf: Path) -> None:
    tokenizer = smollm2_tokenizer(gguf)
    save(out / "tokens-smollm2.json", vectors(tokenizer))
    save(out / "greedy-smollm2.json", greedy(tokenizer, gguf))
    found = chats_of(tokenizer)
    save(out / "chats-smollm2.json", {"chats": found, "logits": logits(found[0]["ids"], gguf)})


def chats_of(tokenizer) -> list:
    """The tokens of many chats, and where each begins to be learned."""
    rows = chats()
    with tempfile.TemporaryDirectory() as folder:
        config = SFTConfig(
            output_dir=folder, max_length=2048, bf16=False, use_cpu=True, report_to=[]
        )
        trainer = SFTTrainer(
            model=stand_in(len(tokenizer)),
            args=config,
            train_dataset=Dataset.from_list(rows),
            processing_class=tokenizer,
        )
    found = []
    for row, example in zip(rows, trainer.train_dataset, strict=True):
        learned = [label != -100 for label in example["labels"]]
        start = learned.index(True)
        assert all(learned[start:])
        found.append({"row": row, "ids": list(example["input_ids"]), "start": start})
    return found


def logits(ids: list, gguf: Path) -> dict:
    """Every 96th logit after some tokens of a chat, computed in 64 bits."""
    model = AutoModelForCausalLM.from_pretrained(
        gguf.parent, gguf_file=gguf.name, dtype=torch.float32
    )
    with torch.no_grad():
        all_logits = model.to(torch.float64).eval()(torch.tensor([ids])).logits[0]
    places = [0, len(ids) // 2, len(ids) - 1]
    return {"step": 96, "places": {str(place): all_logits[place, ::96].tolist() for place in places}}


def greedy(tokenizer, gguf: Path) -> list:
    """What transformers answers with the weights of the GGUF file widened to 32 bits."""
    model = AutoModelForCausalLM.from_pretrained(
        gguf.parent, gguf_file=gguf.name, dtype=torch.float32
    ).eval()
    found = []
    for text in QUESTIONS:
        prompt = tokenizer.apply_chat_template(
            [{"role": "user", "content": text}], add_generation_prompt=True, return_dict=True
        )["input_ids"]
        answer = model.generate(torch.tensor([prompt]), do_sample=False, max_new_tokens=48)
        found.append({"text": text, "answer": answer[0, len(prompt) :].tolist()})
    return found


def smollm2_tokenizer(path: Path) -> PreTrainedTokenizerFast:
    """From the GGUF file, with the splitting that `pre = smollm` stands for; transformers' own
    conversion leaves out the digits."""
    from gguf import GGUFReader

    fields = GGUFReader(path).fields
    get = lambda key: fields[key].contents()
    tokens = get("tokenizer.ggml.tokens")
    merges = [tuple(merge.split(" ")) for merge in get("tokenizer.ggml.merges")]
    raw = Tokenizer(models.BPE({token: id for id, token in enumerate(tokens)}, merges))
    raw.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Digits(individual_digits=True),
            pre_tokenizers.ByteLevel(add_prefix_space=False),
        ]
    )
    raw.decoder = decoders.ByteLevel()
    raw.post_processor = processors.ByteLevel(trim_offsets=True)
    kinds = get("tokenizer.ggml.token_type")
    raw.add_special_tokens([token for token, kind in zip(tokens, kinds) if kind == 3])
    return PreTrainedTokenizerFast(
        tokenizer_object=raw,
        bos_token="<|im_start|>",
        eos_token="<|im_end|>",
        pad_token="<|im_end|>",
        unk_token="<|endoftext|>",
        chat_template=get("tokenizer.chat_template"),
    )


def save(path: Path, value: dict) -> None:
    path.write_text(json.dumps(value, ensure_ascii=False, separators=(",", ":")) + "\n")
