"""The log likelihood of later scans as a compiled loop; `models.progression.law.likelihood` is its
numpy reference. Imports numba: import this where it is used."""

from __future__ import annotations

import math

import numpy as np

from features.array_types import FloatArray
from features.derivation.calcium_change import rescan_spread
from models.compilation import compiled
from models.progression.law.growth_law import FIRST_VISIBLE, GrowthLaw, onset_nodes
from models.progression.law.likelihood import OUTLIER, OUTLIER_SPAN, Observations, none_density

_ROOT_TAU = math.sqrt(2 * math.pi)


def rescan_numbers(bmi: FloatArray) -> tuple[float, float, FloatArray]:
    """Share, weight of the root, and body's own part (n,), of the spread of a rescan."""
    at_zero = rescan_spread(np.zeros(len(bmi)), bmi)
    body = rescan_spread(np.array([0.0, 1.0, 4.0]), np.full(3, 28.0))
    first, second = body[1] - body[0], body[2] - body[0]
    # of score 1 and 4: share + root, 4 share + 2 root
    share = (second - 2 * first) / 2
    return float(share), float(first - share), at_zero


def rate_values(
    law: GrowthLaw, of: Observations, log_rate: FloatArray, log_onset: FloatArray
) -> FloatArray:
    """Log likelihood (n,) of every scan, as `likelihood.rate_value` gives it."""
    share, root, body = rescan_numbers(of.bmi)
    begun, begun_weights = law.begun_rates
    place, node_weight = onset_nodes()
    out = np.empty(len(of))
    _loop(
        of.first, of.seen, of.years, body, log_rate,
        law.hazard(log_onset, of.years), none_density(law, of.seen),
        share, root, law.power, np.array(law.rates), np.array(law.weights),
        begun, begun_weights, 1 - place ** (1 / law.onset_shape), place, node_weight, out,
    )  # fmt: skip
    return np.asarray(np.log((1 - OUTLIER) * out + OUTLIER / OUTLIER_SPAN))


@compiled()
def raised(base: float, power: float) -> float:
    """``base ** power``; the square is by far the commonest, and cheaper done by itself."""
    return base * base if power == 2.0 else base**power


@compiled()
def _shown(seen: float, true: float, spread: float) -> float:
    if seen < FIRST_VISIBLE:
        return 0.5 * math.erfc((true - FIRST_VISIBLE) / spread * 0.7071067811865476)
    z = (seen - true) / spread
    return math.exp(-0.5 * z * z) / (_ROOT_TAU * spread)


@compiled()
def _loop(
    first: FloatArray, seen: FloatArray, years: FloatArray, body: FloatArray,
    log_rate: FloatArray, hazard: FloatArray, none: FloatArray,
    share: float, root: float, power: float, rates: FloatArray, weights: FloatArray,
    begun: FloatArray, begun_weights: FloatArray, since: FloatArray, place: FloatArray,
    node_weight: FloatArray, out: FloatArray,
) -> None:  # fmt: skip
    inverse = 1.0 / power
    for i in range(len(first)):
        step, total = math.exp(log_rate[i]), 0.0
        if first[i] > 0:
            start = first[i] ** power
            for k in range(len(rates)):
                true = raised(start + step * years[i] * rates[k], inverse)
                spread = share * true + root * math.sqrt(true) + body[i]
                total += weights[k] * _shown(seen[i], true, spread)
        else:
            total = math.exp(-hazard[i]) * none[i]
            for j in range(len(place)):
                after = 0.0
                for k in range(len(begun)):
                    grown = FIRST_VISIBLE + step * years[i] * since[j] * begun[k]
                    true = raised(grown, inverse)
                    spread = share * true + root * math.sqrt(true) + body[i]
                    after += begun_weights[k] * _shown(seen[i], true, spread)
                total += hazard[i] * node_weight[j] * math.exp(-hazard[i] * place[j]) * after
        out[i] = total
