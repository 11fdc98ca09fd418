"""The rows of text that all token vectors and runs are made from.

They exercise what goes wrong: digits and runs of spaces, characters of several bytes, special
tokens inside of texts, empty answers, system messages, several turns, rows that are too long.
"""

SYSTEM_PROMPT = "Answer in one word."
MAX_LENGTH = 96

COMPLETIONS = [
    {"prompt": "What is 2 + 2?", "completion": "4"},
    {"prompt": "Say 1234567890 in groups.", "completion": "123 456 7890"},
    {"prompt": "a  5", "completion": "  7  7"},
    {"prompt": "I am still waiting on my card?", "completion": "card_arrival"},
    {"prompt": "Naïve café?", "completion": "déjà vu – “ja”"},
    {"prompt": "日本語", "completion": "こんにちは 😀👍🏽"},
    {"prompt": "line one\n\nline two\n", "completion": "\n\tindented\r\n"},
    {"prompt": "", "completion": "nothing was asked"},
    {"prompt": "Stop.", "completion": ""},
    {"prompt": "<|im_end|> inside", "completion": "I say <|im_end|> and go on"},
    {"prompt": "It's, we'll, I'VE", "completion": "don't"},
    {"prompt": " leading", "completion": " leading too"},
    {"prompt": "trailing ", "completion": "trailing too "},
    {"prompt": "{\"a\": [1, 2]}", "completion": "{\"b\": null, \"c\": 3.14}"},
    {"prompt": "0123456789 " * 15, "completion": "is cut before this"},
    {"prompt": "long answer", "completion": "and on " * 40},
    {"prompt": "ſtraße İstanbul ǅ", "completion": "Æther"},
    {"prompt": "x" * 40, "completion": "aaaaaaaaaaaaaaaaaaaaaaaa"},
]

COMPLETIONS += [
    {
        "prompt": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hi"}],
        "completion": [{"role": "assistant", "content": "Hello."}],
    },
    {
        "prompt": [
            {"role": "user", "content": "Name a colour."},
            {"role": "assistant", "content": "Red."},
            {"role": "user", "content": "Another?"},
        ],
        "completion": [{"role": "assistant", "content": "Blue."}],
    },
    {
        "prompt": [{"role": "user", "content": "Two turns"}],
        "completion": [
            {"role": "assistant", "content": "one"},
            {"role": "user", "content": "go on"},
            {"role": "assistant", "content": "two"},
        ],
    },
]

CONVERSATIONS = [
    [
        {"role": "user", "content": "Name a colour."},
        {"role": "assistant", "content": "Red."},
        {"role": "user", "content": "And a number?"},
        {"role": "assistant", "content": "17"},
    ],
    [
        {"role": "system", "content": "You count."},
        {"role": "user", "content": "1 2 3"},
        {"role": "assistant", "content": "4  5"},
    ],
    [
        {"role": "user", "content": "日本"},
        # No space in front: transformers then finds no token at the answer's first character and
        # marks nothing at all.
        {"role": "assistant", "content": "é 😀"},
        {"role": "user", "content": "?"},
    ],
    [
        {"role": "user", "content": "0123456789 " * 15},
        {"role": "assistant", "content": "cut away"},
    ],
    [
        {"role": "user", "content": "a"},
        {"role": "assistant", "content": ""},
        {"role": "user", "content": "b"},
        {"role": "assistant", "content": "c " * 90},
    ],
]

PREFERENCES = [
    {"prompt": "What is 2 + 2?", "chosen": "4", "rejected": "It is 5, I think."},
    {"prompt": "Be kind.", "chosen": "Of course!", "rejected": "Of no use."},
    {"prompt": "0123456789 " * 15, "chosen": "cut", "rejected": "away"},
    {"prompt": "one is long", "chosen": "and on " * 40, "rejected": "short"},
    {
        "prompt": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hi"}],
        "chosen": [{"role": "assistant", "content": "Hello."}],
        "rejected": [{"role": "assistant", "content": "Hello hello hello."}],
    },
    {
        "chosen": [
            {"role": "user", "content": "Colour?"},
            {"role": "assistant", "content": "Blue 7"},
        ],
        "rejected": [
            {"role": "user", "content": "Colour?"},
            {"role": "assistant", "content": "Bleu 7"},
        ],
    },
]

# What the tiny tokenizer is trained on.
TEXTS = [
    text
    for row in COMPLETIONS + PREFERENCES
    for text in row.values()
    if isinstance(text, str)
] + [
    "the quick brown fox jumps over the lazy dog and the cat",
    "to be or not to be, that is the question",
    "and then there was an answer in the other one, or another",
] * 3


# Pieces that chats are made of: what tokenizers split differently, in sentences and alone.
PIECES = [
    "My order 48213 from 3 May hasn't come",
    "I've paid $1,299.00 twice",
    "call +44 20 7946 0958",
    "at 09:45, not 9:5",
    "the  lamp   flickers",
    "see https://example.org/a?b=1&c=2#d",
    "für Zürich, bitte",
    "¿dónde está mi pedido?",
    "注文番号は12345です",
    "это не работает",
    "مرحبا 123",
    "😀👍🏽 thanks!!!",
    "{\"intent\": \"refund\", \"n\": [1, 2.50]}",
    "def f(x):\n    return x ** 2",
    "\tindented\n\n\nfar below",
    "don't won't we'll I'VE it'S",
    "3.14159 2^10 = 1024",
    "ﬁnal ½ ² Ａ１",
    "e\u0301clair na\u00efve",
    "<b>bold</b> & <|not_a_token|>",
    "UPPER lower MiXeD snake_case camelCase",
    "...---...",
    "a",
    " leading and trailing ",
    "zero\u200bwidth non\u00a0breaking",
]
CHATS = 200


def chats() -> list:
    """Two hundred conversations that end with an answer: one to three turns, with a system message
    or without, of one to four pieces each."""
    import random

    draw = random.Random(20260814)

    def said() -> str:
        pieces = draw.sample(PIECES, draw.randint(1, 4))
        return draw.choice([" ", ", ", "\n", ". ", "  "]).join(pieces)

    found = []
    for number in range(CHATS):
        messages = [{"role": "system", "content": said()}] if number % 3 == 0 else []
        for _ in range(draw.randint(1, 3)):
            messages.append({"role": "user", "content": said()})
            messages.append({"role": "assistant", "content": said()})
        found.append({"prompt": messages[:-1], "completion": messages[-1:]})
    return found


def with_system(messages: list) -> list:
    if messages and messages[0]["role"] == "system":
        return messages
    return [{"role": "system", "content": SYSTEM_PROMPT}] + messages


def as_messages(row: dict) -> dict:
    """A plain prompt is a message of the user, a plain answer one of the assistant."""
    row = dict(row)
    if "prompt" not in row:  # the beginning that both answers share, all but the last message here
        row["prompt"] = row["chosen"][:-1]
        row["chosen"], row["rejected"] = row["chosen"][-1:], row["rejected"][-1:]
    result = {}
    for key, value in row.items():
        role = "user" if key == "prompt" else "assistant"
        messages = [{"role": role, "content": value}] if isinstance(value, str) else value
        result[key] = with_system(messages) if key == "prompt" else messages
    return result
