"""One run of TRL for `compare.py`: takes its settings as JSON, writes the seconds of each step."""

import json
import os
import sys
import tempfile
import time

CONFIG = json.loads(sys.argv[1])
GPU = CONFIG["device"].removeprefix("cuda:") if CONFIG["device"] != "cpu" else None
os.environ["CUDA_VISIBLE_DEVICES"] = GPU or ""
os.environ["HF_HUB_OFFLINE"] = "1"

import torch
from datasets import Dataset
from peft import LoraConfig
from transformers import (
    AutoModelForCausalLM,
    AutoModelForSequenceClassification,
    AutoTokenizer,
    TrainerCallback,
)
from trl import DPOConfig, DPOTrainer, RewardConfig, RewardTrainer, SFTConfig, SFTTrainer

TRAINERS = {
    "sft": (SFTTrainer, SFTConfig),
    "dpo": (DPOTrainer, DPOConfig),
    "reward": (RewardTrainer, RewardConfig),
}


# All linear layers of a block.
TARGETS = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]


class Clock(TrainerCallback):
    """Notes the time between the ends of steps; the first step begins with the training."""

    def __init__(self):
        self.seconds, self.last = [], None

    def on_train_begin(self, *_, **__):
        self.last = time.perf_counter()

    def on_step_end(self, *_, **__):
        now = time.perf_counter()
        self.seconds.append(now - self.last)
        self.last = now


def main() -> None:
    config = CONFIG
    torch.set_num_threads(config["threads"])
    with open(config["rows"]) as lines:
        rows = [json.loads(line) for line in lines]
    trainer_class, config_class = TRAINERS[config["method"]]
    clock = Clock()
    with tempfile.TemporaryDirectory() as folder:
        arguments = config_class(
            output_dir=folder, per_device_train_batch_size=config["batch"],
            max_steps=config["steps"], max_length=config["max_length"], learning_rate=1e-4,
            use_cpu=GPU is None, gradient_checkpointing=False, logging_steps=1,
            save_strategy="no", report_to=[], disable_tqdm=True,
            train_sampling_strategy="sequential", **config["settings"],
        )
        began = time.perf_counter()
        if config["method"] == "reward":
            load = AutoModelForSequenceClassification.from_pretrained
            head = {"num_labels": 1}
            lora = {"task_type": "SEQ_CLS", "modules_to_save": ["score"]}
        else:
            load, head, lora = AutoModelForCausalLM.from_pretrained, {}, {"task_type": "CAUSAL_LM"}
        # A GPU is fastest with the frozen base in bfloat16 too; a processor is not.
        halved = GPU is not None and config["settings"].get("bf16")
        dtype = torch.bfloat16 if halved else torch.float32
        trainer = trainer_class(
            model=load(config["model"], dtype=dtype, **head),
            args=arguments, train_dataset=Dataset.from_list(rows),
            processing_class=AutoTokenizer.from_pretrained(config["model"]),
            peft_config=LoraConfig(
                r=16, lora_alpha=32, lora_dropout=0.0, target_modules=TARGETS, **lora
            ),
            callbacks=[clock],
        )
        if config["settings"].get("precompute_ref_log_probs"):
            # The reference is computed here; loading the model is not worth a second.
            reference = time.perf_counter() - began
        else:
            reference = 0.0
        trainer.train()
    clock.seconds[0] += reference
    with open(config["output"], "w") as file:
        json.dump(clock.seconds, file)


if __name__ == "__main__":
    main()
