"""Finds the shape of the growth law in a cohort: power, spread of rates, onset, artefacts."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize, minimize_scalar
from scipy.special import gammaincinv, ndtri

from features.array_types import FloatArray
from models.progression.law.compiled_likelihood import rate_values
from models.progression.law.growth_law import GrowthLaw
from models.progression.law.likelihood import (
    Observations,
)

POWERS = (0.3, 0.4, 0.5, 0.6)
# Spread of the rates: shape of a gamma distribution, or SD of the logarithm of a lognormal one.
SPREADS = (
    *(("gamma", shape) for shape in (1.0, 1.5, 2.2, 3.3, 5.0, 10.0)),
    *(("lognormal", spread) for spread in (0.4, 0.55, 0.75, 1.0)),
)
N_RATES = 24
_ENOUGH = 2_500  # scans that tell a handful of numbers well enough


def rates_of(family: str, spread: float) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Rates around a mean of 1 and their weights; denser towards the tails."""
    edges = (1 - np.cos(np.linspace(0, np.pi, N_RATES + 1))) / 2
    middle, weights = (edges[1:] + edges[:-1]) / 2, np.diff(edges)
    rates = gammaincinv(spread, middle) if family == "gamma" else np.exp(spread * ndtri(middle))
    rates = rates / (rates @ weights)
    return tuple(map(float, rates)), tuple(map(float, weights))


def choose_growth(of: Observations, offset: FloatArray | None = None) -> tuple[GrowthLaw, float]:
    """The most likely law of scans of patients with calcium at first, and the mean log rate.

    ``offset``: (n,) known part of the log rate. Spread and power are tried in turn.
    """
    known = np.zeros(len(of)) if offset is None else offset
    place = _some(len(of))
    of, known, nothing = of.take(place), known[place], np.zeros(len(place))

    def judge(power: float, spread: tuple[str, float]) -> tuple[float, GrowthLaw, float]:
        law = GrowthLaw(power, *rates_of(*spread))
        found = minimize_scalar(
            lambda level: -rate_values(law, of, known + level, nothing).sum(),
            bounds=(-4.0, 3.0),
            method="bounded",
            options={"xatol": 1e-3},
        )
        return -float(found.fun), law, float(found.x)

    power, spread = 0.5, SPREADS[0]
    for _ in range(2):
        spread = max(SPREADS, key=lambda one: judge(power, one)[0])
        power = max(POWERS, key=lambda one: judge(one, spread)[0])
    _, law, level = judge(power, spread)
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
