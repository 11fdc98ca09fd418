"""Writes the values that `reference.rs` compares with.

    pip install numpy scipy statsmodels
    python generate.py > values.json

Whatever a library has is taken from it. Tango's interval is in neither: here the likelihood is
maximised numerically under the restriction and the score equation is solved by Brent's method, so
that no formula of the crate is repeated. The same holds for the smallest detectable effect, which
is found as the root of the sample size formula.
"""

import json
import math
import sys

import numpy
import scipy
import statsmodels
from scipy import optimize, stats
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import proportion_confint

LEVELS = (0.90, 0.95, 0.99)

# both passed, broken, fixed, both failed
TABLES = [
    (1, 7, 1, 12),
    (50, 3, 9, 18),
    (60, 0, 5, 15),
    (60, 5, 0, 15),
    (80, 0, 0, 0),
    (0, 0, 0, 80),
    (40, 0, 0, 40),
    (0, 9, 0, 0),
    (0, 0, 9, 0),
    (0, 1, 0, 0),
    (10, 10, 10, 10),
    (700, 41, 58, 201),
    (9000, 310, 290, 400),
    (2, 30, 1, 0),
]


def wilson():
    for passed, total in [(0, 1), (1, 1), (0, 20), (20, 20), (7, 20), (81, 263), (999, 1000), (50_000, 100_000)]:
        for level in LEVELS:
            lower, upper = proportion_confint(passed, total, alpha=1 - level, method="wilson")
            yield {"passed": passed, "total": total, "level": level, "lower": lower, "upper": upper}


def restricted_share_of_broken(table, delta):
    """The most likely share of broken items among all tables whose difference is `delta`."""
    _, broken, fixed, _ = table
    agreed = sum(table) - broken - fixed
    # Counted from the smallest possible share, so that no cell is a difference of near equals.
    least_broken, least_fixed = max(0.0, -delta), max(0.0, delta)
    room = (1.0 - abs(delta)) / 2.0

    def slope(more):
        # Derivative of broken log + fixed log + agreed log of the three shares.
        total = 0.0
        if broken:
            total += broken / (least_broken + more)
        if fixed:
            total += fixed / (least_fixed + more)
        if agreed:
            total -= agreed / (room - more)
        return total

    edge = room * 1e-15
    if slope(edge) <= 0.0:
        return least_broken
    if slope(room - edge) >= 0.0:
        return least_broken + room
    return least_broken + optimize.brentq(slope, edge, room - edge, xtol=1e-17, rtol=8.9e-16, maxiter=500)


def tango_score(table, delta):
    _, broken, fixed, _ = table
    n = sum(table)
    q = restricted_share_of_broken(table, delta)
    variance = n * (2.0 * q + delta * (1.0 - delta))
    distance = fixed - broken - n * delta
    if distance == 0.0:
        return 0.0
    return distance / math.sqrt(variance) if variance > 0.0 else math.copysign(math.inf, distance)


def tango():
    for table in TABLES:
        _, broken, fixed, _ = table
        value = (fixed - broken) / sum(table)
        for level in LEVELS:
            z = stats.norm.ppf(1 - (1 - level) / 2)

            def end(low, high, target):
                if high - low < 1e-14:
                    return low
                step = (high - low) * 1e-13
                return optimize.brentq(
                    lambda delta: max(-1e9, min(1e9, tango_score(table, delta))) - target,
                    low + step, high - step, xtol=1e-15, rtol=8.9e-16, maxiter=500,
                )

            yield {
                "table": table,
                "level": level,
                "value": value,
                "lower": end(-1.0, value, z),
                "upper": end(value, 1.0, -z),
            }


def mcnemar_tests():
    more = [(0, 0, 6, 0), (0, 1, 1, 0), (0, 40, 60, 0), (0, 480, 520, 0), (0, 5100, 4900, 0)]
    for table in TABLES + more:
        both, broken, fixed, neither = table
        exact = float(mcnemar([[both, broken], [fixed, neither]], exact=True).pvalue)
        m, k = broken + fixed, min(broken, fixed)
        seen = stats.binom.pmf(k, m, 0.5) if m else 0.0
        mid_p = 1.0 - seen / 2.0 if broken == fixed else exact - seen
        yield {"table": table, "exact": exact, "mid_p": mid_p}


def holm():
    families = [
        [0.01],
        [0.04, 0.01, 0.03, 0.005],
        [0.5, 0.5, 0.5],
        [0.0, 1.0, 0.2, 0.049, 0.051],
        [0.001, 0.012, 0.0121, 0.03, 0.2, 0.7, 0.7, 0.9],
    ]
    for values in families:
        _, adjusted, _, _ = multipletests(values, method="holm")
        yield {"p_values": values, "adjusted": list(map(float, adjusted))}


def detectable():
    for items in (30, 80, 250, 2000):
        for discordance in (0.05, 0.2, 0.6, 1.0):
            for power in (0.8, 0.9):
                for level in (0.9, 0.95):
                    z_alpha = stats.norm.ppf(1 - (1 - level) / 2)
                    z_beta = stats.norm.ppf(power)

                    def surplus(effect):
                        spread = math.sqrt(max(0.0, discordance - effect**2))
                        return items - (z_alpha * math.sqrt(discordance) + z_beta * spread) ** 2 / effect**2

                    effect = None
                    if surplus(discordance) >= 0.0:
                        effect = optimize.brentq(surplus, 1e-9, discordance, xtol=1e-15, rtol=8.9e-16)
                    yield {
                        "items": items, "discordance": discordance, "power": power,
                        "level": level, "effect": effect,
                    }


def paired_values():
    """Values with few decimals, so that the file holds exactly what was used."""
    random = numpy.random.default_rng(20)
    for size in (2, 3, 12, 80, 400):
        baseline = numpy.round(random.lognormal(5.0, 0.8, size), 3)
        candidate = numpy.round(baseline * 0.9 + random.normal(0.0, 20.0, size), 3)
        yield baseline, candidate


def mean_difference():
    for baseline, candidate in paired_values():
        result = stats.ttest_rel(candidate, baseline)
        for level in LEVELS:
            interval = result.confidence_interval(level)
            yield {
                "baseline": baseline.tolist(), "candidate": candidate.tolist(), "level": level,
                "value": float(numpy.mean(candidate - baseline)),
                "standard_error": float(stats.sem(candidate - baseline)),
                "lower": float(interval.low), "upper": float(interval.high),
            }


def congruential(seed):
    """The random source of the test: Knuth's MMIX generator, upper 32 bits."""
    state = seed
    while True:
        state = (state * 6364136223846793005 + 1442695040888963407) % 2**64
        yield state >> 32


def bootstrap():
    for seed, (baseline, candidate) in enumerate(paired_values()):
        if len(baseline) > 100:
            continue
        differences, source, resamples = candidate - baseline, congruential(seed), 1000
        means = []
        for _ in range(resamples):
            drawn = [next(source) % len(differences) for _ in differences]
            means.append(float(numpy.mean(differences[drawn])))
        for level in LEVELS:
            tail = (1 - level) / 2
            lower, upper = numpy.quantile(means, [tail, 1 - tail])
            yield {
                "baseline": baseline.tolist(), "candidate": candidate.tolist(), "level": level,
                "seed": seed, "resamples": resamples, "lower": float(lower), "upper": float(upper),
            }


def one_case_per_line(name, cases):
    lines = ",\n  ".join(json.dumps(case) for case in cases)
    return f' "{name}": [\n  {lines}\n ]'


if __name__ == "__main__":
    made_with = {library.__name__: library.__version__ for library in (numpy, scipy, statsmodels)}
    sections = [wilson, tango, mcnemar_tests, holm, detectable, mean_difference, bootstrap]
    body = ",\n".join(one_case_per_line(section.__name__, section()) for section in sections)
    sys.stdout.write(f'{{\n "made_with": {json.dumps(made_with)},\n{body}\n}}\n')
