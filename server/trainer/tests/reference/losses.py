"""Preference losses by TRL's own code, with their gradients by every log-probability of a label, in
64 bits. The trainers' methods are called on a stand-in that has the settings they read, and on a
model that answers with given log-probabilities."""

import json
import random
from collections import defaultdict
from pathlib import Path
from types import MethodType, SimpleNamespace

import torch
from trl import DPOTrainer, GRPOTrainer, KTOTrainer, RewardTrainer
from trl.experimental.cpo import CPOTrainer
from trl.experimental.orpo import ORPOTrainer

LONGEST = 24
PAIRS = 6

DPO = [
    {"loss": "sigmoid", "beta": 0.1, "label_smoothing": 0.0},
    {"loss": "sigmoid", "beta": 0.9, "label_smoothing": 0.0},
    {"loss": "hinge", "beta": 0.05, "label_smoothing": 0.0},
    {"loss": "ipo", "beta": 0.1, "label_smoothing": 0.0},
    {"loss": "robust", "beta": 0.1, "label_smoothing": 0.2},
]
ORPO = [{"beta": 0.1}, {"beta": 0.5}]
# Conservative DPO is CPO's code with smoothing, given the log-ratios instead of log-probabilities.
CDPO = [{"loss": "sigmoid", "beta": 0.1, "label_smoothing": 0.1}]
# A distance from the reference, and one below zero, which counts as none.
KTO = [
    ({"beta": 0.1, "desirable_weight": 1.0, "undesirable_weight": 1.0}, 1.5),
    ({"beta": 0.5, "desirable_weight": 1.33, "undesirable_weight": 0.8}, 0.25),
    ({"beta": 0.1, "desirable_weight": 1.0, "undesirable_weight": 1.0}, -2.0),
]
REWARD = [{"centering": 0.0}, {"centering": 0.01}]
# Votes for the chosen and the rejected side of each pair, and by how much the chosen one is better.
VOTES = [[2, 1], [3, 0], [5, 4], [1, 1], [7, 1], [4, 3]]
MARGINS = [0.5, 0.0, 2.125, 0.25, -0.75, 3.0]
GRPO = [
    {"loss": "dapo", "kl_weight": 0.0, "max_new_tokens": LONGEST},
    {"loss": "dapo", "kl_weight": 0.04, "max_new_tokens": LONGEST},
    {"loss": "grpo", "kl_weight": 0.5, "max_new_tokens": LONGEST},
    {"loss": "dr_grpo", "kl_weight": 0.1, "max_new_tokens": 2 * LONGEST},
]
# After the first step on the same answers, when ratios are not one.
GRPO_LATER = [
    {"loss": "dapo", "kl_weight": 0.04, "max_new_tokens": LONGEST, "iterations": 2},
    {"loss": "grpo", "kl_weight": 0.5, "max_new_tokens": LONGEST, "iterations": 4, "epsilon": 0.1,
     "epsilon_high": 0.28},
    {"loss": "dr_grpo", "kl_weight": 0.0, "max_new_tokens": LONGEST, "iterations": 2,
     "epsilon": 0.3},
]
SIMPO = [{"beta": 2.0, "margin": 1.0}, {"beta": 10.0, "margin": 3.0}]


def same(value):
    return value


class Accelerator:
    device = "cpu"
    num_processes = 1
    reduce = staticmethod(lambda value, **_: value)
    gather = staticmethod(same)
    gather_for_metrics = staticmethod(same)


def stand_in(**settings) -> SimpleNamespace:
    return SimpleNamespace(
        accelerator=Accelerator(), model=SimpleNamespace(training=True), aux_loss_enabled=False,
        ld_alpha=None, precompute_ref_logps=True, f_divergence_type="reverse_kl",
        loss_weights=[1.0], use_weighting=False, alpha=0.0, _tp_size=1, _total_train_tokens=0,
        _metrics={"train": defaultdict(list)}, **settings,
    )


def inputs() -> dict:
    """Log-probabilities and reference sums of pairs, some close, some far apart."""
    source = random.Random(5)
    pairs = []
    for index in range(PAIRS):
        spread = 0.2 * 3**index
        pair = {}
        for side in ("chosen", "rejected"):
            # Exact in 32 bits, so that both sides see the same numbers.
            draw = lambda: round(-source.random() * (1 + index) * 64) / 64 - 1 / 64
            logps = [draw() for _ in range(source.randint(1, LONGEST))]
            reference = sum(logps) + round(source.uniform(-spread, spread) * 64) / 64
            pair[side] = {"logps": logps, "reference": reference}
        pairs.append(pair)
    return pairs


def padded(pairs: list) -> tuple:
    """Chosen, then rejected, as TRL stacks them; a token before each completion is the prompt."""
    sides = [pair[side] for side in ("chosen", "rejected") for pair in pairs]
    logps = torch.zeros(len(sides), LONGEST, dtype=torch.float64)
    mask = torch.zeros(len(sides), LONGEST + 1, dtype=torch.long)
    for row, side in enumerate(sides):
        logps[row, : len(side["logps"])] = torch.tensor(side["logps"], dtype=torch.float64)
        mask[row, 1 : 1 + len(side["logps"])] = 1
    reference = torch.tensor([side["reference"] for side in sides], dtype=torch.float64)
    return logps.requires_grad_(), mask, reference


def found(pairs: list, loss: torch.Tensor, logps: torch.Tensor) -> dict:
    (gradient,) = torch.autograd.grad(loss, logps)
    by_logp = []
    for index, pair in enumerate(pairs):
        for row, side in ((index, "chosen"), (index + len(pairs), "rejected")):
            by_logp.append(gradient[row, : len(pair[side]["logps"])].tolist())
    return {"value": loss.item(), "by_logp": by_logp}


def dpo(pairs: list, loss: str, beta: float, label_smoothing: float) -> dict:
    logps, mask, reference = padded(pairs)
    trainer = stand_in(loss_types=[loss], beta=beta, label_smoothing=label_smoothing)
    nothing = torch.zeros_like(logps)
    outputs = SimpleNamespace(
        log_probs=logps, entropy=nothing, mean_logits=nothing, is_top1=nothing.bool()
    )
    batch = {
        "input_ids": torch.zeros_like(mask), "attention_mask": torch.ones_like(mask),
        "completion_mask": mask, "ref_chosen_logps": reference[: len(pairs)],
        "ref_rejected_logps": reference[len(pairs) :],
    }
    value = DPOTrainer._compute_loss(trainer, lambda **_: outputs, batch, False)
    return found(pairs, value, logps)


def flipped(label_smoothing: float) -> torch.Tensor:
    """The share of each pair's votes that say otherwise, of which so many are wrong themselves."""
    shares = [chosen / (chosen + rejected) for chosen, rejected in VOTES]
    share = torch.tensor(shares, dtype=torch.float64)
    return 1 - (share * (1 - label_smoothing) + (1 - share) * label_smoothing)


def cdpo(pairs: list, loss: str, beta: float, label_smoothing: float, soft: bool = False) -> dict:
    logps, _, reference = padded(pairs)
    smoothing = flipped(label_smoothing) if soft else label_smoothing
    trainer = stand_in(loss_type=loss, beta=beta, label_smoothing=smoothing)
    ratios = logps.sum(1) - reference
    losses, _, _ = CPOTrainer.cpo_loss(trainer, ratios[: len(pairs)], ratios[len(pairs) :])
    return found(pairs, losses.mean(), logps)


def means(logps: torch.Tensor, mask: torch.Tensor) -> tuple:
    mean = logps.sum(1) / mask.sum(1)
    return mean.chunk(2)


def simpo(pairs: list, beta: float, margin: float) -> dict:
    logps, mask, _ = padded(pairs)
    trainer = stand_in(loss_type="simpo", beta=beta, simpo_gamma=margin, label_smoothing=0.0)
    losses, _, _ = CPOTrainer.cpo_loss(trainer, *means(logps, mask))
    return found(pairs, losses.mean(), logps)


def orpo(pairs: list, beta: float) -> dict:
    """The odds are TRL's; what imitates is the mean over each chosen response, as in the paper."""
    logps, mask, _ = padded(pairs)
    chosen, rejected = means(logps, mask)
    to_32_bits, torch.Tensor.float = torch.Tensor.float, same
    try:
        ratios, *_ = ORPOTrainer.odds_ratio_loss(stand_in(beta=beta), chosen, rejected)
    finally:
        torch.Tensor.float = to_32_bits
    return found(pairs, (-chosen - ratios).mean(), logps)


def kto(pairs: list, kl: float, **settings) -> dict:
    """Chosen is wanted, rejected is not. The mismatched answers have one token each, whose log-ratios
    are around the distance that is asked for."""
    logps, mask, reference = padded(pairs)
    trainer = stand_in(loss_type="kto", calculate_KL=True, **settings)
    trainer._compute_kl_logps = MethodType(KTOTrainer._compute_kl_logps, trainer)
    nothing = torch.zeros_like(logps)
    matched = SimpleNamespace(log_probs=logps, entropy=nothing, mean_logits=nothing)
    count = len(logps)
    off = torch.linspace(-3.0, 3.0, count, dtype=torch.float64)
    mismatched = SimpleNamespace(log_probs=(off - 40.0)[:, None])
    batch = {
        "input_ids": torch.zeros_like(mask), "attention_mask": torch.ones_like(mask),
        "completion_mask": mask, "label": torch.arange(count) < count // 2,
        "KL_input_ids": torch.zeros(count, 2, dtype=torch.long),
        "KL_attention_mask": torch.ones(count, 2, dtype=torch.long),
        "KL_completion_mask": torch.tensor([[0, 1]] * count),
        "ref_logps": reference, "ref_KL_logps": torch.full((count,), -40.0 - kl).double(),
    }
    model = lambda input_ids, **_: matched if input_ids is batch["input_ids"] else mismatched
    value = KTOTrainer._compute_loss(trainer, model, batch, False)
    return {"kl": trainer._metrics["train"]["kl"][0], **found(pairs, value, logps)}


def reward(pairs: list, centering: float, margins: bool = False) -> dict:
    """The score of a side is the sum of its log-probabilities: any number serves."""
    logps, mask, _ = padded(pairs)
    trainer = stand_in(args=SimpleNamespace(center_rewards_coefficient=centering or None))
    outputs = SimpleNamespace(logits=logps.sum(1, keepdim=True))
    batch = {"attention_mask": torch.ones_like(mask)}
    if margins:
        batch["margin"] = torch.tensor(MARGINS)
    return found(pairs, RewardTrainer.compute_loss(trainer, lambda **_: outputs, batch), logps)


def soft_reward(pairs: list, margins: bool) -> dict:
    """TRL's reward models know no soft labels. Of scores with a beta of 1 CPO's code is the loss of
    Bradley and Terry with them, and SimPO's, which is beside it, the same with margins."""
    logps, _, _ = padded(pairs)
    trainer = stand_in(loss_type="simpo" if margins else "sigmoid", beta=1.0,
                       simpo_gamma=torch.tensor(MARGINS), label_smoothing=flipped(0.0))
    losses, _, _ = CPOTrainer.cpo_loss(trainer, *logps.sum(1).chunk(2))
    return found(pairs, losses.mean(), logps)


def advantages(pairs: list) -> list:
    """Of both sides of each pair."""
    return [((-1) ** side) * (index + 1) / 4 for index in range(len(pairs)) for side in (0, 1)]


def grpo(pairs: list, loss: str, kl_weight: float, max_new_tokens: int, iterations: int = 1,
         epsilon: float = 0.2, epsilon_high: float | None = None) -> dict:
    """Sides are answers, each with an advantage; the reference of each token is off by a known step,
    and in a later iteration so is what it was drawn with."""
    logps, mask, _ = padded(pairs)
    mask = mask[:, 1:]
    trainer = stand_in(
        args=SimpleNamespace(use_bias_correction_kl=True, delta=None, steps_per_generation=1),
        beta=kl_weight, loss_type=loss, importance_sampling_level="token",
        epsilon_low=epsilon, epsilon_high=epsilon_high or epsilon, top_entropy_quantile=1.0, off_policy_mask_threshold=None, use_vllm=False,
        current_gradient_accumulation_steps=1, max_completion_length=max_new_tokens,
        _entropy_bonus_enabled=False,
        _get_per_token_logps_and_entropies=lambda *_, **__: (logps, torch.zeros_like(logps), None),
    )
    by_side = torch.tensor(advantages(pairs), dtype=torch.float64)
    batch = {
        "prompt_ids": torch.zeros(len(mask), 1).long(), "prompt_mask": torch.ones(len(mask), 1).long(),
        "completion_ids": torch.zeros_like(mask), "completion_mask": mask,
        # TRL stacks all chosen sides, then all rejected ones.
        "advantages": torch.cat([by_side[0::2], by_side[1::2]]),
        "num_items_in_batch": mask.sum(), "ref_per_token_logps": token_reference(logps.detach()),
    }
    if iterations == 1:
        return found(pairs, GRPOTrainer._compute_loss(trainer, None, batch), logps)
    batch["old_per_token_logps"] = drawn_logps(logps.detach())
    result = found(pairs, GRPOTrainer._compute_loss(trainer, None, batch), logps)
    told = trainer._metrics["train"]
    return {"clipped": [told[f"clip_ratio/{side}_mean"][0] for side in ("low", "high")], **result}


def drawn_logps(logps: torch.Tensor) -> torch.Tensor:
    """So that ratios are from exp(-3/8) to exp(3/8)."""
    return logps - (torch.arange(logps.shape[1]) % 7 - 3) / 8


def token_reference(logps: torch.Tensor) -> torch.Tensor:
    """Off by -1 to 1, by quarters."""
    return logps + (torch.arange(logps.shape[1]) % 9 - 4) / 4


def write(out: Path) -> None:
    pairs = inputs()
    cases = []
    for name, compute, settings in (
        ("dpo", dpo, DPO), ("dpo", cdpo, CDPO), ("orpo", orpo, ORPO), ("simpo", simpo, SIMPO),
        ("reward", reward, REWARD), ("grpo", grpo, GRPO),
    ):
        for one in settings:
            cases.append({"objective": name, "settings": one, **compute(pairs, **one)})
    for smoothing in (0.0, 0.1):
        one = {"loss": "sigmoid", "beta": 0.1, "label_smoothing": smoothing}
        cases.append({"objective": "dpo", "settings": {**one, "soft_labels": True},
                      **cdpo(pairs, **one, soft=True)})
    for one in REWARD:
        cases.append({"objective": "reward", "settings": one, "margins": True,
                      **reward(pairs, **one, margins=True)})
    for margins in (False, True):
        one = {"centering": 0.0, "soft_labels": True}
        cases.append({"objective": "reward", "settings": one, "margins": margins,
                      **soft_reward(pairs, margins)})
    for one, kl in KTO:
        cases.append({"objective": "kto", "settings": one, **kto(pairs, kl, **one)})
    for one in GRPO_LATER:
        cases.append({"objective": "grpo", "settings": one, **grpo(pairs, **one)})
    result = {
        "pairs": pairs, "votes": VOTES, "margins": MARGINS, "advantages": advantages(pairs),
        "cases": cases,
    }
    (out / "losses.json").write_text(json.dumps(result) + "\n")
