"""Random models of the other architectures: 2 blocks, of Gemma 3 that and one more, D=32, 4 query and
2 key heads of 16, F=48, with tiny.py's tokenizer, and what torch computes with each in 64 bits: hidden states, logits, the loss of
two sequences and the gradients of an adapter."""

import json
from pathlib import Path

import torch
from peft import LoraConfig, get_peft_model
from safetensors.torch import save_file
from transformers import (
    Gemma3ForCausalLM,
    Gemma3TextConfig,
    MistralConfig,
    MistralForCausalLM,
    Qwen2Config,
    Qwen2ForCausalLM,
    Qwen3Config,
    Qwen3ForCausalLM,
)

import gradients
import tiny

# In the form of Gemma's: a system message goes into the first turn, and the assistant is the model.
GEMMA_TEMPLATE = """{{ bos_token }}
{%- if messages[0]['role'] == 'system' -%}
    {%- set before = messages[0]['content'] + '\n\n' -%}
    {%- set turns = messages[1:] -%}
{%- else -%}
    {%- set before = '' -%}
    {%- set turns = messages -%}
{%- endif -%}
{%- for turn in turns -%}
    {%- if (turn['role'] == 'user') != (loop.index0 % 2 == 0) -%}
        {{ raise_exception('user and assistant must take turns') }}
    {%- endif -%}
    {%- set role = 'model' if turn['role'] == 'assistant' else turn['role'] -%}
    {{ '<start_of_turn>' + role + '\n' + (before if loop.first else '') }}
    {%- if turn['content'] is string -%}
        {{ turn['content'] | trim }}
    {%- endif -%}
    {{ '<end_of_turn>\n' }}
{%- endfor -%}
{%- if add_generation_prompt -%}
    {{ '<start_of_turn>model\n' }}
{%- endif -%}
"""
USER = {"role": "user", "content": " What is 2 + 2?\n"}
ANSWER = {"role": "assistant", "content": "4  "}
CHATS = [
    [USER],
    [USER, ANSWER],
    [{"role": "system", "content": "Be kind."}, USER, ANSWER, {"role": "user", "content": "é 日本"}],
]

SHAPE = {
    "vocab_size": tiny.VOCABULARY,
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 16,
    "max_position_embeddings": 256,
    "rope_parameters": {"rope_type": "default", "rope_theta": 1000000.0},
    "bos_token_id": 1,
    "eos_token_id": 2,
    "pad_token_id": 3,
}


def models() -> dict:
    # Qwen2 has no head_dim of its own: it is D / heads.
    qwen2 = {key: value for key, value in SHAPE.items() if key != "head_dim"}
    # Windows shorter than the sequences around a block without one, and all that may differ does.
    gemma3 = {
        **SHAPE,
        "num_hidden_layers": 3,
        "layer_types": ["sliding_attention", "full_attention", "sliding_attention"],
        "sliding_window": 8,
        "query_pre_attn_scalar": 24,
        "rope_parameters": {
            "full_attention": {"rope_type": "linear", "factor": 8.0, "rope_theta": 1000000.0},
            "sliding_attention": {"rope_type": "default", "rope_theta": 10000.0},
        },
    }
    return {
        "mistral": MistralForCausalLM(
            MistralConfig(**SHAPE, sliding_window=128, tie_word_embeddings=False)
        ),
        "qwen2": Qwen2ForCausalLM(Qwen2Config(**qwen2, tie_word_embeddings=True)),
        "qwen3": Qwen3ForCausalLM(Qwen3Config(**SHAPE, tie_word_embeddings=True)),
        "gemma3": Gemma3ForCausalLM(Gemma3TextConfig(**gemma3, tie_word_embeddings=True)),
    }


def randomise(model, seed: int) -> None:
    """Nothing near uniform, norms that are not all one, biases that are not zero."""
    # Gemma adds one to the weights of its norms.
    one = 0 if model.config.model_type == "gemma3_text" else 1
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, weight in model.named_parameters():
            noise = torch.randn(weight.shape, generator=generator)
            if "norm" in name:
                weight.copy_(one + 0.2 * noise)
            elif "embed" in name or "bias" in name:
                weight.copy_(0.3 * noise)
            else:
                weight.copy_(noise / weight.shape[1] ** 0.5)


def adapted(model):
    config = LoraConfig(
        r=2, lora_alpha=4, lora_dropout=0.0, target_modules=gradients.TARGETS, task_type="CAUSAL_LM"
    )
    model = get_peft_model(model, config)
    generator = torch.Generator().manual_seed(3)
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if "lora_" in name:
                weight.copy_(0.2 * torch.randn(weight.shape, generator=generator))
    return model


def write(out: Path, sequences: list) -> None:
    losses = {}
    for index, (name, model) in enumerate(models().items()):
        model = model.float().eval()
        randomise(model, 100 + index)
        model.generation_config.eos_token_id = [2]
        folder = out / f"tiny-{name}"
        model.save_pretrained(folder)
        model.config.name_or_path = f"tiny-{name}"
        model = adapted(model)
        model.peft_config["default"].base_model_name_or_path = f"tiny-{name}"
        gradients.save_adapter(model, folder / "adapter")
        model = model.to(torch.float64)
        losses[name] = write_results(model, sequences, folder)
        if name == "mistral":
            write_short_window(model, sequences[0], folder)
    write_chats(out / "tiny-gemma3")
    (out / "architectures.json").write_text(json.dumps({"sft": losses}, indent=1) + "\n")


def write_chats(folder: Path) -> None:
    """Conversations with and without the beginning of an answer."""
    (folder / "chat_template.jinja").write_text(GEMMA_TEMPLATE)
    tokenizer = tiny.tokenizer()
    chats = []
    for messages in CHATS:
        for asks in (False, True):
            text = tokenizer.apply_chat_template(
                messages, chat_template=GEMMA_TEMPLATE, add_generation_prompt=asks, tokenize=False
            )
            chats.append({"messages": messages, "asks": asks, "text": text})
    (folder / "chats.json").write_text(json.dumps(chats, indent=1) + "\n")


def write_results(model, sequences: list, folder: Path) -> float:
    tensors = {}
    ids = torch.tensor([sequences[0]["ids"]])
    with torch.no_grad():
        tensors["logits.adapter"] = model(ids).logits[0]
        with model.disable_adapter():
            plain = model(ids, output_hidden_states=True)
        tensors["logits"] = plain.logits[0]
        tensors["hidden.1"] = plain.hidden_states[1][0]
    loss = gradients.sft_loss(model, sequences)
    gradients.gradients(model, loss, "sft", tensors)
    tensors = {name: tensor.float().contiguous() for name, tensor in tensors.items()}
    save_file(tensors, folder / "results.safetensors")
    return loss.item()


def write_short_window(model, sequence: dict, folder: Path) -> None:
    """Logits without the adapter where the window is shorter than the sequence."""
    model.get_base_model().config.sliding_window = 8
    with torch.no_grad(), model.disable_adapter():
        logits = model(torch.tensor([sequence["ids"]])).logits[0]
    save_file({"logits": logits.float().contiguous()}, folder / "short_window.safetensors")


if __name__ == "__main__":
    fixtures = Path(__file__).parent / "fixtures"
    write(fixtures, json.loads((fixtures / "gradients.json").read_text())["sequences"])
