"""The completed features as XGBoost trains on them: binned once, whatever the cause or setting."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from models.learners.penalty_path import Fold
from models.learners.views import View, Views

if TYPE_CHECKING:
    import xgboost


@dataclass(frozen=True)
class BinnedFold:
    """The patients a fold leaves in, binned, and those it leaves out, as they are."""

    view: View
    fold: Fold
    fit: xgboost.DMatrix
    left_out: xgboost.DMatrix

    def label(self, label: npt.NDArray[np.float64]) -> None:
        """Give all patients (n,) a new label."""
        rows, left_out = self.fold
        self.fit.set_label(label[rows])
        self.left_out.set_label(label[left_out])


@dataclass(frozen=True)
class Binned:
    """All views' features; without names, which would be checked, and copied, at every round."""

    views: Views
    of_folds: Sequence[BinnedFold]
    everyone: xgboost.DMatrix

    @classmethod
    def of(cls, views: Views) -> Binned:
        """Bin each view once."""
        from xgboost import DMatrix, QuantileDMatrix

        of_folds = [
            BinnedFold(
                view,
                fold,
                QuantileDMatrix(view.seen.values[fold[0]]),
                DMatrix(view.seen.values[fold[1]]),
            )
            for view, fold in zip(views.of_folds, views.folds, strict=True)
        ]
        return cls(views, of_folds, QuantileDMatrix(views.everyone.seen.values))
