"""Reclassification: how a model moves patients, up or down, against another model.

Among patients with and without the event by the horizon the share that moves the right way less
the share that moves the wrong way (NRI), and the change in mean risk (IDI). Censoring: the
prospective form of Pencina, D'Agostino and Steyerberg 2011 (Stat Med 30:11), with Aalen-Johansen
risks among those who move, so that a competing event is no event; IDI with inverse-probability-of-
censoring weights.

Neither is a proper measure: a model that is merely overconfident or miscalibrated can gain in
both, and the sum of the two NRIs weighs events and non-events as if they were equally many. They
are reported because readers ask for them, with CAVEATS; net benefit and the Brier score decide.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from features.array_types import FloatArray
from models.metrics.decisions.net_benefit import shares_above
from models.metrics.follow_up import FollowUp, check_risk
from models.metrics.resampled.resamples import Resamples

CAVEATS = {
    "nri_events": ("Rests on the categories, which are conventions; says nothing of calibration."),
    "nri_nonevents": (
        "Rests on the categories, which are conventions; says nothing of calibration."
    ),
    "continuous_nri_events": (
        "Counts any movement, however small; noise alone can make it positive (Hilden and Gerds "
        "2014, Stat Med 33:3405; Pepe et al. 2015, Stat Biosci 7:282)."
    ),
    "continuous_nri_nonevents": (
        "Counts any movement, however small; noise alone can make it positive (Hilden and Gerds "
        "2014, Stat Med 33:3405; Pepe et al. 2015, Stat Biosci 7:282)."
    ),
    "idi": (
        "Not a proper measure: overconfident risks raise it (Hilden and Gerds 2014, Stat Med "
        "33:3405). Read it beside the Brier score."
    ),
}
"""By metric, to stand beside every figure."""


@dataclass(frozen=True)
class Nri:
    """``events``: net share of patients with the event moved up; ``nonevents``: of others, down."""

    events: float
    nonevents: float


@dataclass(frozen=True)
class Movement:
    """Whom new risks move against old ones, and by how much, (n,) each.

    ``up`` and ``down``: 0 who stays, 1 who moves at all, 2 who moves to another category.
    """

    up: npt.NDArray[np.intp]
    down: npt.NDArray[np.intp]
    change: FloatArray

    @classmethod
    def of(cls, new: FloatArray, old: FloatArray, categories: Sequence[float] = ()) -> Movement:
        """By risks (n,). A risk equal to a boundary belongs to the category above it."""
        limits = np.asarray(categories, dtype=np.float64)
        above, before = (np.searchsorted(limits, risk, side="right") for risk in (new, old))
        up = (new > old).astype(np.intp) + (above > before)
        down = (new < old).astype(np.intp) + (above < before)
        return cls(up, down, new - old)

    def measure(self, resamples: Resamples, horizon: float) -> FloatArray:
        """(b, 5) the figures of CAVEATS of each resample, in their order."""
        # who moves up is among everyone, who moves to a higher category among those who move up
        events, others = shares_above(resamples, 1 + self.up, 3, horizon)
        down_events, down_others = shares_above(resamples, self.down, 2, horizon)
        figures = []
        for group in (1, 0):  # to another category, at all
            gained, spared = down_events[group], down_others[group]
            figures.append(_share(events[1 + group] - gained, events[0]))
            figures.append(_share(spared - others[1 + group], others[0]))
        return np.stack([*figures, self._gain(resamples, horizon)], axis=1)

    def _gain(self, resamples: Resamples, horizon: float) -> FloatArray:
        """(b,) the IDI."""
        weights, event = resamples.weights(horizon), resamples.follow_up.has_event_by(horizon)
        with_event, without = (
            _share(weights[:, which] @ self.change[which], weights[:, which].sum(axis=1))
            for which in (event, ~event)
        )
        return with_event - without


def categorical_nri(
    follow_up: FollowUp,
    risk: npt.ArrayLike,
    reference: npt.ArrayLike,
    horizon: float,
    categories: Sequence[float],
) -> Nri:
    """Movement between the categories that these ascending risks divide, (n,) risks."""
    events, nonevents, *_ = _measure(follow_up, risk, reference, horizon, categories)
    return Nri(events, nonevents)


def continuous_nri(
    follow_up: FollowUp, risk: npt.ArrayLike, reference: npt.ArrayLike, horizon: float
) -> Nri:
    """Movement of any size, (n,) risks."""
    _, _, events, nonevents, _ = _measure(follow_up, risk, reference, horizon)
    return Nri(events, nonevents)


def idi(
    follow_up: FollowUp, risk: npt.ArrayLike, reference: npt.ArrayLike, horizon: float
) -> float:
    """Gain in the distance between the mean risks of patients with and without the event."""
    *_, gain = _measure(follow_up, risk, reference, horizon)
    return gain


def _measure(
    follow_up: FollowUp,
    risk: npt.ArrayLike,
    reference: npt.ArrayLike,
    horizon: float,
    categories: Sequence[float] = (),
) -> list[float]:
    new, old = check_risk(follow_up, risk), check_risk(follow_up, reference)
    (figures,) = Movement.of(new, old, categories).measure(Resamples.alone(follow_up), horizon)
    return [float(figure) for figure in figures]


def _share(part: FloatArray, whole: FloatArray) -> FloatArray:
    """NaN where there is no whole."""
    return np.asarray(np.divide(part, whole, out=np.full(whole.shape, np.nan), where=whole > 0))
