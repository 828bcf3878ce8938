"""Finds the shape of the growth law in a cohort: power, spread of rates, onset, artefacts."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize
from scipy.special import gammaincinv, ndtri

from features.array_types import FloatArray
from models.progression.law.compiled_likelihood import rate_values
from models.progression.law.growth_law import GrowthLaw
from models.progression.law.likelihood import (
    Observations,
)

# Spread of the rates, where the search begins: shape of a gamma distribution, or SD of a lognormal
# one's logarithm.
FAMILIES = {"gamma": 2.0, "lognormal": 0.65}
# No finer: scans hardly tell more of it, and of a round power the inverse is quick to compute.
POWER_DECIMALS = 1
_POWERS = (0.2, 1.0)
N_RATES = 24
_ENOUGH = 2_500  # scans that tell a handful of numbers well enough


def rates_of(family: str, spread: float) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Rates around a mean of 1 and their weights; denser towards the tails.

    ``spread``: the shape of a gamma distribution, or the SD of a lognormal one's logarithm.
    """
    edges = (1 - np.cos(np.linspace(0, np.pi, N_RATES + 1))) / 2
    middle, weights = (edges[1:] + edges[:-1]) / 2, np.diff(edges)
    rates = gammaincinv(spread, middle) if family == "gamma" else np.exp(spread * ndtri(middle))
    rates = rates / (rates @ weights)
    return tuple(map(float, rates)), tuple(map(float, weights))


def choose_growth(
    of: Observations, offset: FloatArray | None = None, power: float | None = None
) -> tuple[GrowthLaw, float]:
    """The most likely law of scans of patients with calcium at first, and the mean log rate.

    ``offset``: (n,) known part of the log rate, learnt under ``power``; None: any power. Power,
    spread and level are sought together: each makes up for the others, so that one after another
    they end where they began.
    """
    known = np.zeros(len(of)) if offset is None else offset
    place = _some(len(of))
    of, known, nothing = of.take(place), known[place], np.zeros(len(place))

    def unpack(family: str, values: FloatArray) -> tuple[GrowthLaw, float]:
        power = float(np.clip(values[2], *_POWERS))
        return GrowthLaw(power, *rates_of(family, float(np.exp(values[1])))), float(values[0])

    def seek(family: str, power: float | None) -> tuple[float, GrowthLaw, float]:
        """The most likely law of this family, with this power or any."""
        start = np.array([-0.1, np.log(FAMILIES[family]), 0.5])
        free = 3 if power is None else 2

        def whole(values: FloatArray) -> FloatArray:
            return values if power is None else np.append(values, power)

        def loss(values: FloatArray) -> float:
            law, level = unpack(family, whole(values))
            return -float(rate_values(law, of, known + level, nothing).sum())

        steps = np.array([0.3, 0.2, 0.05])[:free]
        simplex = np.vstack([start[:free], start[:free] + np.diag(steps)])
        found = minimize(
            loss,
            start[:free],
            method="Nelder-Mead",
            options={"xatol": 2e-3, "fatol": 0.02, "initial_simplex": simplex},
        )
        return (-float(found.fun), *unpack(family, whole(found.x)))

    def best(power: float | None) -> tuple[float, GrowthLaw, float]:
        return max((seek(family, power) for family in FAMILIES), key=lambda one: one[0])

    _, law, level = best(power or round(best(None)[1].power, POWER_DECIMALS))
    return law, level


def choose_onset(
    law: GrowthLaw, of: Observations, log_rate: FloatArray, offset: FloatArray | None = None
) -> tuple[GrowthLaw, float, float]:
    """The law with its onset in time and artefacts, for scans after a zero.

    Also the mean log hazard, and what is to be added to the log rate of calcium that began.
    """
    known = np.zeros(len(of)) if offset is None else offset

    place = _some(len(of))
    of, known, log_rate = of.take(place), known[place], log_rate[place]

    def unpack(values: FloatArray) -> tuple[GrowthLaw, float, float]:
        shape, artefact = np.exp(values[2]), 0.15 / (1 + np.exp(-values[3]))
        changed = replace(law, onset_shape=float(shape), artefact=float(artefact))
        return changed, float(values[0]), float(values[1])

    def loss(values: FloatArray) -> float:
        changed, level, shift = unpack(values)
        return -float(rate_values(changed, of, log_rate + shift, known + level).sum())

    start = np.array([-2.6, -0.2, 0.1, -1.5])
    found = minimize(loss, start, method="Nelder-Mead", options={"xatol": 1e-2, "fatol": 0.1})
    return unpack(found.x)


def _some(n: int) -> npt.NDArray[np.intp]:
    """Positions of up to `_ENOUGH` of n scans, evenly spread."""
    return np.linspace(0, n - 1, min(_ENOUGH, n)).astype(np.intp)
