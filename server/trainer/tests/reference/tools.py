"""Token ids and loss masks of conversations that call tools, from TRL's own preprocessing."""

import json
import tempfile
from pathlib import Path

from datasets import Dataset
from transformers import PreTrainedTokenizerFast
from trl import SFTConfig, SFTTrainer

import tiny
from vectors import save, stand_in

# In the shape of those of Qwen2.5 and Hermes: tools stand in the system message, calls in the turn of
# the assistant, and what neighbouring tools answer in one turn of the user.
TEMPLATE = """{%- if tools %}
    {{- '<|im_start|>system\\n' }}
    {%- if messages[0].role == 'system' %}
        {{- messages[0].content + '\\n\\n' }}
    {%- endif %}
    {{- 'You may call:' }}
    {%- for tool in tools %}
        {{- '\\n' }}{{ tool | tojson }}
    {%- endfor %}
    {{- '<|im_end|>\\n' }}
{%- elif messages[0].role == 'system' %}
    {{- '<|im_start|>system\\n' + messages[0].content + '<|im_end|>\\n' }}
{%- endif %}
{%- for message in messages %}
    {%- if message.role == 'user' %}
        {{- '<|im_start|>user\\n' + message.content + '<|im_end|>\\n' }}
    {%- elif message.role == 'assistant' %}
        {{- '<|im_start|>assistant\\n' }}
        {%- generation %}
        {%- if message.content %}
            {{- message.content + '\\n' }}
        {%- endif %}
        {%- for call in message.tool_calls or [] %}
            {%- if call.function is defined %}
                {%- set call = call.function %}
            {%- endif %}
            {{- '<call>{"name": "' + call.name + '", "arguments": ' }}
            {{- call.arguments if call.arguments is string else call.arguments | tojson }}
            {{- '}</call>' }}
        {%- endfor %}
        {{- '<|im_end|>\\n' }}
        {%- endgeneration %}
    {%- elif message.role == 'tool' %}
        {%- if loop.first or messages[loop.index0 - 1].role != 'tool' %}
            {{- '<|im_start|>user' }}
        {%- endif %}
        {{- '\\n<result of="' + (message.name or message.tool_call_id or '') + '">' }}
        {{- message.content + '</result>' }}
        {%- if loop.last or messages[loop.index0 + 1].role != 'tool' %}
            {{- '<|im_end|>\\n' }}
        {%- endif %}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|im_start|>assistant\\n' }}
{%- endif %}"""


def tool(name: str, **properties) -> dict:
    parameters = {"type": "object", "properties": properties, "required": list(properties)}
    about = f"Looks up a {name}, <é> & more."
    return {
        "type": "function",
        "function": {"name": name, "description": about, "parameters": parameters},
    }


def call(name: str, arguments, number: int = 1) -> dict:
    function = {"name": name, "arguments": arguments}
    return {"id": f"call_{number}", "type": "function", "function": function}


def said(role: str, content, **other) -> dict:
    return {"role": role, "content": content, **other}


WEATHER = tool("weather", city={"type": "string"}, days={"type": "integer", "default": 1})
ORDER = tool("order", id={"type": "string", "enum": ["a", "b"]}, limit={"type": "number"})
ASKED = [said("system", "Be brief."), said("user", "Rain in Zürich?")]
CALLED = [
    said("assistant", None, tool_calls=[call("weather", {"city": "Zürich", "days": 2})]),
    said("tool", '{"rain": true}', tool_call_id="call_1", name="weather"),
    said("assistant", "Yes."),
]
ROWS = [
    {"messages": ASKED + CALLED, "tools": [WEATHER]},
    # Tools as JSON text, arguments as JSON text, two calls at once with their answers.
    {
        "messages": [
            said("user", "Both orders?"),
            said(
                "assistant",
                "I look.",
                tool_calls=[call("order", '{"id": "a"}'), call("order", '{"id": "b"}', 2)],
            ),
            said("tool", "17", tool_call_id="call_1"),
            said("tool", "9", tool_call_id="call_2"),
            said("assistant", "17 and 9."),
            said("user", "Thanks."),
            said("assistant", "Gladly."),
        ],
        "tools": json.dumps([ORDER, WEATHER], ensure_ascii=False),
    },
    # Numbers that Python spells in its own way, lists, nothing.
    {
        "messages": [
            said("user", "Set it."),
            said(
                "assistant",
                None,
                tool_calls=[
                    call("order", {
                        "limit": 1e-05, "most": 2.5e22, "share": 2.0, "count": 3, "big": 123456789012,
                        "flags": [True, False], "none": None, "quote": "\"<'\\\n\u2028", "of": {"a": {}},
                    })
                ],
            ),
        ],
        "tools": [ORDER],
    },
    # Offered and not called; calls as they stand without a `function`.
    {"messages": [said("user", "Hello"), said("assistant", "Hi.")], "tools": [WEATHER, ORDER]},
    {
        "messages": [
            said("user", "Again"),
            said("assistant", "", tool_calls=[{"name": "weather", "arguments": {"city": "Bern"}}]),
            said("tool", "dry", name="weather"),
        ],
    },
    {"prompt": ASKED, "completion": CALLED[:1], "tools": [WEATHER]},
    # What the tool answers is read and not learned.
    {"prompt": ASKED, "completion": CALLED, "tools": [WEATHER]},
    {"prompt": ASKED + CALLED[:2], "completion": CALLED[2:], "tools": [WEATHER]},
]


def tokens(tokenizer, row: dict) -> dict:
    """As TRL tokenizes and masks one row."""
    # A table would give every call every argument, so what is no text goes in as JSON.
    held = {key: value if key != "tools" or isinstance(value, str) else json.dumps(value)
            for key, value in row.items()}
    with tempfile.TemporaryDirectory() as folder:
        trainer = SFTTrainer(
            model=stand_in(len(tokenizer)),
            args=SFTConfig(
                output_dir=folder,
                max_length=2048,
                assistant_only_loss=True,
                bf16=False,
                use_cpu=True,
                report_to=[],
            ),
            train_dataset=Dataset.from_list([held]),
            processing_class=tokenizer,
        )
    example = trainer.train_dataset[0]
    mask = [0] + [int(label != -100) for label in example["labels"][1:]]
    return {"ids": list(example["input_ids"]), "mask": mask}


def rendered(tokenizer, row: dict) -> str:
    tools = row.get("tools")
    messages = row.get("messages") or row["prompt"] + row["completion"]
    return tokenizer.apply_chat_template(
        messages, tools=json.loads(tools) if isinstance(tools, str) else tools, tokenize=False
    )


def write(out: Path) -> None:
    plain = tiny.tokenizer()
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=plain.backend_tokenizer,
        **plain.special_tokens_map,
        chat_template=TEMPLATE,
    )
    rows = []
    for row in ROWS:
        found = tokens(tokenizer, row)
        text = rendered(tokenizer, row)
        # Nothing was lost on the way through a table.
        assert tokenizer(text, add_special_tokens=False)["input_ids"] == found["ids"], text
        rows.append({"row": row, "text": text, "tokens": found})
    save(out / "tools.json", {"template": TEMPLATE, "rows": rows})
