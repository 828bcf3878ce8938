"""What a relative effect on the hazard does to one patient's absolute risk, with its interval.

The hazard of the event is multiplied by the relative effect, that of competing death is left as
it is, and the risk is the cumulative incidence again. Two things are uncertain: the effect and
the risk that it acts on. Their limits are joined by MOVER: each limit lies as far from the
estimate as the root of the squared distances that either source alone would give it
(Zou GY, Donner A. Stat Med 2008;27:1693-1702).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from features.array_types import FloatArray
from models.risk.absolute_risk import FixedHorizonLink, Link

# How far, in log hazard, the limits of a patient's risk are sought from its estimate.
_FARTHEST = 8.0
_ROUNDS, _AT_ONCE = 4, 64


@dataclass(frozen=True)
class Interval:
    """An estimate with its 95 % interval."""

    estimate: float
    low: float
    high: float


@dataclass(frozen=True)
class Change:
    """Risk by the horizon without and with treatment; fractions, ``low`` below ``high``.

    ``number_needed_to_treat`` is rounded up; its ``high`` is infinite where the interval of the
    reduction holds none, and it is None where there is no reduction at all.
    """

    before: float
    after: Interval
    reduction: Interval
    relative_effect: Interval
    number_needed_to_treat: Interval | None


@dataclass(frozen=True)
class Setting:
    """One patient's risk by a horizon (years): ``margins`` (k,) and how sure their risk is.

    ``shifts``: how far the log hazard of the event lies below and above its estimate at the limits
    of the risk; zeros where the risk is taken as certain.
    """

    link: Link
    margins: FloatArray
    horizon: float
    shifts: tuple[float, float] = (0.0, 0.0)

    @classmethod
    def of(
        cls,
        link: Link,
        margins: FloatArray,
        horizon: float,
        risk_limits: tuple[float, float] | None = None,
    ) -> Setting:
        """The setting whose risk has these limits (fractions), certain without them."""
        certain = cls(link, margins, horizon)
        if risk_limits is None:
            return certain
        low, high = (certain.shift_to(limit) for limit in risk_limits)
        return cls(link, margins, horizon, (min(low, 0.0), max(high, 0.0)))

    def risks(self, log_effects: FloatArray) -> FloatArray:
        """Risk (m,) at each log relative effect (m,) on the hazard.

        A logistic link has odds, not hazards: there ``-ln(1 - risk)`` is scaled.
        """
        rows = np.repeat(self.margins[None, :], len(log_effects), axis=0)
        if isinstance(self.link, FixedHorizonLink):
            risk = self.link.risk(rows, [self.horizon])[:, 0]
            return np.asarray(-np.expm1(np.exp(log_effects) * np.log1p(-risk)))
        rows[:, 0] += log_effects
        return self.link.risk(rows, [self.horizon])[:, 0]

    def shift_to(self, risk: float) -> float:
        """The log relative hazard at which the risk is this one; risk goes up with it."""
        low, high = -_FARTHEST, _FARTHEST
        # many at once cost what one does
        for _ in range(_ROUNDS):
            between = np.linspace(low, high, _AT_ONCE + 1)
            risks = self.risks(between)
            first = int(np.searchsorted(risks, risk).clip(1, _AT_ONCE))
            low, high = float(between[first - 1]), float(between[first])
        # so close to one another the risks lie on a line
        return float(np.interp(risk, risks[first - 1 : first + 1], [low, high]))


def change_of(setting: Setting, log_effect: Interval) -> Change:
    """The change that a log relative effect makes."""
    return changes_of(setting, [log_effect])[0]


def changes_of(setting: Setting, log_effects: Sequence[Interval]) -> list[Change]:
    """The change that each log relative effect makes by itself; many at once cost what one does."""
    below, above = setting.shifts
    at = [
        (0.0, own, one.low, one.high, below, below + own, above, above + own)
        for one in log_effects
        for own in (one.estimate,)
    ]
    if not at:
        return []
    risks = setting.risks(np.array(at).ravel()).reshape(len(at), -1).tolist()
    return [_change(own, one) for own, one in zip(risks, log_effects, strict=True)]


def _change(risks: Sequence[float], log_effect: Interval) -> Change:
    before, after, strong, weak, before_low, after_low, before_high, after_high = risks
    reduction = _join(
        before - after,
        (before - weak, before - strong),
        (before_low - after_low, before_high - after_high),
    )
    return Change(
        before,
        _join(after, (strong, weak), (after_low, after_high)),
        reduction,
        Interval(*map(math.exp, (log_effect.estimate, log_effect.low, log_effect.high))),
        _needed(reduction),
    )


def _join(estimate: float, *limits: tuple[float, float]) -> Interval:
    below = math.hypot(*(max(0.0, estimate - low) for low, _ in limits))
    above = math.hypot(*(max(0.0, high - estimate) for _, high in limits))
    return Interval(estimate, estimate - below, estimate + above)


def _needed(reduction: Interval) -> Interval | None:
    if reduction.estimate <= 0:
        return None
    worst = _round_up(1 / reduction.low) if reduction.low > 0 else math.inf
    return Interval(_round_up(1 / reduction.estimate), _round_up(1 / reduction.high), worst)


def _round_up(number: float) -> int:
    # 20 patients are 20, not 21, for want of a sixteenth digit
    return math.ceil(round(number, 9))
