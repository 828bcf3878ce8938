"""How far a patient's risk depends on who happened to be in the cohort.

Instability plot, mean absolute prediction error and classification instability index of Riley RD
and Collins GS (2023), Biometrical Journal 65:2200302. They refit the recipe to bootstrap samples;
here the models that cross-validation has fitted anyway serve, each without one of K folds, so that
it costs nothing but predictions. They share most of their patients and differ too little:
deviations from their mean are widened by sqrt(K - 1), which makes their mean square the grouped
jackknife's variance (Efron B and Stein C (1981), Annals of Statistics 9:586-596).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.array_types import FloatArray

N_GROUPS = 10
FEWEST_REFITS = 3
_TAILS = (0.025, 0.975)
_LEAST, _MOST = 1e-12, 1.0 - 1e-12


@dataclass(frozen=True)
class Instability:
    """Risks by ``horizon`` that one recipe gives the same m patients.

    ``risk``: (m,) in the middle of the refits; ``refits``: (K, m), spread as models fitted to
    independent cohorts of the same size would be.
    """

    horizon: float
    risk: FloatArray
    refits: FloatArray

    @classmethod
    def of_folds(cls, risks: npt.ArrayLike, horizon: float) -> Instability:
        """From the risks (K, m) of models that each left one of K folds out.

        Deviations are taken and widened on the scale of the log cumulative hazard. Raises
        ValueError below ``FEWEST_REFITS`` models.
        """
        found = np.asarray(risks, np.float64)
        if found.ndim != 2 or len(found) < FEWEST_REFITS:
            raise ValueError(f"needs risks of {FEWEST_REFITS} models or more, got {found.shape}")
        margins = np.log(-np.log1p(-np.clip(found, _LEAST, _MOST)))
        middle = margins.mean(axis=0)
        spread = middle + np.sqrt(len(found) - 1.0) * (margins - middle)
        return cls(horizon, _to_risk(middle), _to_risk(spread))

    @property
    def errors(self) -> FloatArray:
        """Mean absolute prediction error (m,): how far a refit's risk lies from the middle."""
        return np.asarray(np.abs(self.refits - self.risk).mean(axis=0))

    def changes(self, threshold: float) -> FloatArray:
        """Share of refits (m,) that put a patient on the other side of a risk threshold."""
        other_side = (self.refits >= threshold) != (self.risk >= threshold)
        return np.asarray(other_side.mean(axis=0))

    def groups(self, n_groups: int = N_GROUPS) -> npt.NDArray[np.intp]:
        """Group (m,) by risk, 0 the lowest, of equal size."""
        place = np.argsort(np.argsort(self.risk, kind="stable"), kind="stable")
        return np.asarray(place * n_groups // len(self.risk), np.intp)


def tabulate_instability(found: Instability, thresholds: Sequence[float]) -> pd.DataFrame:
    """A row for everybody (group 0) and one for each tenth of risk, 1 the lowest.

    horizon, group, refits, risk, error (mean absolute prediction error), lower and upper (mean over
    patients of the 2.5 and 97.5 % quantiles of the refits), changes_<t> by threshold: the mean
    classification instability index. Risks and errors as fractions.
    """
    lower, upper = np.quantile(found.refits, _TAILS, axis=0)
    patients = pd.DataFrame(
        {"risk": found.risk, "error": found.errors, "lower": lower, "upper": upper}
        | {f"changes_{threshold:g}": found.changes(threshold) for threshold in thresholds}
    )
    by_group = patients.groupby(found.groups() + 1).mean()
    table = pd.concat([patients.mean().to_frame(0).T, by_group])
    table.insert(0, "refits", len(found.refits))
    table.insert(0, "group", table.index)
    table.insert(0, "horizon", found.horizon)
    return table.reset_index(drop=True)


def _to_risk(margin: FloatArray) -> FloatArray:
    return np.asarray(-np.expm1(-np.exp(margin)))
