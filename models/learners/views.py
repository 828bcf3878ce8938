"""The same patients as completed by what each fold, and by what everyone, teaches."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.dictionary.prior import Modifier
from models.learners.completion import Completed, Completion
from models.learners.completion_fitting import learn_completion
from models.learners.shapes.linear_design import LinearDesign
from models.learners.trust_path import Fold


@dataclass(frozen=True)
class View:
    """All patients' features, completed as one group of them teaches, and what it makes of them."""

    completion: Completion
    design: LinearDesign
    seen: Completed = field(repr=False)


@dataclass(frozen=True)
class Views:
    """``of_folds``: as the patients left in by each fold teach; ``everyone``: as all do."""

    feature_names: tuple[str, ...]
    folds: tuple[Fold, ...]
    of_folds: tuple[View, ...]
    everyone: View

    @classmethod
    def learn(
        cls,
        X: pd.DataFrame,
        folds: Sequence[Fold],
        pool: Executor,
        modifiers: Sequence[Modifier] = (),
    ) -> Views:
        """Complete features (n, p) once for each fold, on its own patients, and once on all.

        ``modifiers``: effects that depend on another feature, of which products are to be terms.
        """
        features, place = X.to_numpy(np.float64), {name: at for at, name in enumerate(X.columns)}
        known = [one for one in modifiers if one.feature in place and one.by in place]
        pairs = [(place[one.feature], place[one.by]) for one in known]

        def view(rows: npt.NDArray[np.intp]) -> View:
            completion = learn_completion(features[rows])
            seen = completion.complete(features)
            return View(completion, LinearDesign.learn(completion, seen.take(rows), pairs), seen)

        everyone = np.arange(len(features))
        *of_folds, of_all = pool.map(view, [*(fit_rows for fit_rows, _ in folds), everyone])
        return cls(tuple(X.columns), tuple(folds), tuple(of_folds), of_all)
