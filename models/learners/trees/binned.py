"""The completed features as XGBoost trains on them: binned once, whatever the cause or setting."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from models.learners.trust_path import Fold
from models.learners.views import Views

if TYPE_CHECKING:
    import xgboost

_WORTH_THREADS = 5_000_000  # below this many values, threads wait for each other longer than work


def threads_for(n_values: int) -> int | None:
    """One thread where values are few, else, by None, as many as XGBoost was given."""
    return 1 if n_values < _WORTH_THREADS else None


def bin_values(values: npt.NDArray[np.float32]) -> xgboost.QuantileDMatrix:
    """Values (n, p), binned for trees to be grown on."""
    from xgboost import QuantileDMatrix

    return QuantileDMatrix(values, nthread=threads_for(values.size))


@dataclass(frozen=True)
class BinnedFold:
    """The patients a fold leaves in, binned, and those it leaves out, as they are."""

    fold: Fold
    fit: xgboost.DMatrix
    left_out: xgboost.DMatrix

    @classmethod
    def of(cls, values: npt.NDArray[np.float32], fold: Fold) -> BinnedFold:
        """Of the values (n, p) of all patients."""
        from xgboost import DMatrix

        fit, left_out = fold
        few = threads_for(values.size)
        return cls(fold, bin_values(values[fit]), DMatrix(values[left_out], nthread=few))

    def label(
        self,
        label: npt.NDArray[np.float64],
        below: npt.NDArray[np.float64] | None,
        weight: npt.NDArray[np.float64] | None = None,
    ) -> None:
        """Give all patients (n,) a new label, the margin below their trees, and weights, if any."""
        below = np.zeros(len(label)) if below is None else below
        for matrix, rows in zip((self.fit, self.left_out), self.fold, strict=True):
            matrix.set_label(label[rows])
            matrix.set_base_margin(below[rows])
            if weight is not None:
                matrix.set_weight(weight[rows])


@dataclass(frozen=True)
class Binned:
    """All views' features; without names, which would be checked, and copied, at every round."""

    views: Views
    of_folds: Sequence[BinnedFold]
    everyone: xgboost.DMatrix
    hidden: Collection[str] = ()

    def __reduce__(self) -> tuple[Any, ...]:
        """XGBoost's matrices cannot be pickled: they are made again."""
        return Binned.of, (self.views, self.hidden)

    @classmethod
    def of(cls, views: Views, hidden: Collection[str] = ()) -> Binned:
        """Bin each view once; features that are ``hidden`` from trees look all alike."""
        shown = np.array([name not in hidden for name in views.feature_names], np.float32)
        of_folds = [
            BinnedFold.of(view.seen.values * shown, fold)
            for view, fold in zip(views.of_folds, views.folds, strict=True)
        ]
        everyone = bin_values(views.everyone.seen.values * shown)
        return cls(views, of_folds, everyone, hidden)
