"""What risk and progression models share: margins, additive in features with their gaps completed.

And what the posterior covariance of a linear part's coefficients leaves open of their sums.

Needs numpy, pandas and xgboost alone, so that a served model starts fast and installs small.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from statistics import NormalDist
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.array_types import FloatArray
from features.errors import ModelError
from models.learners.completion import Completed, Completion
from models.learners.linear import LinearPart
from models.learners.trees.boosted import BoostedPart
from models.storage.booster_check import load_booster
from models.storage.formats import read_json

Roots = tuple[tuple[npt.NDArray[np.intp], FloatArray], ...]
LEVEL = 0.9
REACH = NormalDist().inv_cdf(0.5 + LEVEL / 2)


@dataclass(frozen=True)
class CauseModel:
    """One cause's margin: ``linear_weight * linear + boosted_weight * boosted + shift``.

    A part that is absent has weight 0. ``shift`` is the recalibration of this cause's hazard on
    the log scale, 0 where none was needed. ``absent``: (u,) what is added of features that a file
    lacks as a whole, None where it lacks none.
    """

    name: str
    linear: LinearPart | None
    boosted: BoostedPart | None
    linear_weight: float
    boosted_weight: float
    shift: float = 0.0
    absent: FloatArray | None = field(default=None, repr=False)

    @property
    def term_features(self) -> tuple[int, ...]:
        """Position among the features that each of `terms` belongs to."""
        return () if self.linear is None else self.linear.term_features

    def terms(self, seen: Completed) -> FloatArray:
        """What adds to the margin term by term (n, m): all but the shift and the trees' output."""
        terms = np.zeros((len(seen), len(self.term_features)))
        if self.linear is not None:
            terms += self.linear_weight * self.linear.terms(seen)
        if self.absent is not None:
            terms[:, : len(self.absent)] += self.absent
        return terms

    def without(
        self, features: npt.NDArray[np.intp], moved: FloatArray | None = None
    ) -> CauseModel:
        """The cause for a file that lacks what these features are made of.

        ``moved``: (u,) what is then to be added of them. Without a linear part nothing is.
        """
        if self.linear is None:
            return self
        return replace(self, linear=self.linear.without(features), absent=moved)

    @property
    def constant(self) -> float:
        """What is added to the margin of every patient."""
        return self.shift + (0.0 if self.absent is None else float(self.absent.sum()))

    def margin(self, seen: Completed) -> FloatArray:
        """Log hazard (n,) relative to the baseline."""
        margin = np.full(len(seen), self.constant)
        if self.linear is not None and self.linear_weight:
            margin += self.linear_weight * self.linear.margin(seen)
        if self.boosted is not None and self.boosted_weight:
            margin += self.boosted_weight * self.boosted.margin(seen)
        return margin

    def set_threads(self, n_threads: int) -> None:
        """Have the trees take so many threads."""
        if self.boosted is not None:
            self.boosted.booster.set_param({"nthread": n_threads})

    def save_booster(self, folder: Path) -> None:
        """Write the trees, if there are any, as UBJSON under the name of the margin."""
        if self.boosted is not None:
            self.boosted.booster.save_model(folder / f"{self.name}.ubj")


def cause_to_dict(cause: CauseModel) -> dict[str, Any]:
    """Plain numbers and lists, for JSON; boosters and completion left out."""
    return {
        "name": cause.name,
        "linear": None if cause.linear is None else cause.linear.to_dict(),
        "boosted": None if cause.boosted is None else cause.boosted.to_dict(),
        "linear_weight": cause.linear_weight,
        "boosted_weight": cause.boosted_weight,
        "shift": cause.shift,
    }


def cause_from_dict(
    completion: Completion, names: Sequence[str], stored: dict[str, Any], folder: Path
) -> CauseModel:
    """Read back what `cause_to_dict` gave; its booster lies in the folder."""
    linear = boosted = None
    if stored["linear"] is not None:
        linear = LinearPart.from_dict(completion, stored["linear"])
    if stored["boosted"] is not None:
        booster = load_booster(folder / f"{stored['name']}.ubj", names)
        boosted = BoostedPart.from_dict(completion, booster, stored["boosted"])
    return CauseModel(
        stored["name"],
        linear,
        boosted,
        stored["linear_weight"],
        stored["boosted_weight"],
        stored["shift"],
    )


@dataclass(frozen=True)
class FeaturePredictor:
    """A fitted model over named features."""

    feature_names: tuple[str, ...]
    completion: Completion

    def see(self, X: pd.DataFrame) -> Completed:
        """The features (n, p) as the model sees them, gaps completed.

        Raises ModelError where X lacks a feature that the model was trained on.
        """
        self.refuse_absent(X)
        return self.completion.complete(X[list(self.feature_names)].to_numpy(np.float64))

    def refuse_absent(self, X: pd.DataFrame) -> None:
        """Raises ModelError where X lacks a feature that the model was trained on."""
        absent = [name for name in self.feature_names if name not in X.columns]
        if absent:
            raise ModelError(
                f"{len(absent)} features of the model are absent: {', '.join(absent[:5])}. "
                "Derive them with features.derivation.catalogue.derive_features."
            )

    def extremes(self) -> pd.DataFrame:
        """Features (5, p): all missing, 0 and 1, and 3 standard deviations either way.

        What a model is tried on before it is believed.
        """
        values = np.array([np.nan, 0.0, 1.0, 0.0, 0.0])[:, None].repeat(len(self.feature_names), 1)
        known = self.completion
        for row, side in ((3, -3.0), (4, 3.0)):
            values[row, known.used] = known.mean + side * known.scale
        return pd.DataFrame(values, columns=list(self.feature_names))

    def positions_of(self, names: Collection[str]) -> npt.NDArray[np.intp]:
        """Where these features are among those of the model."""
        return np.array([self.feature_names.index(name) for name in names], np.intp)


def write_predictor(
    file: Path,
    model_format: int,
    predictor: FeaturePredictor,
    margins: Collection[CauseModel],
    more: Mapping[str, Any],
) -> None:
    """Write a predictor as JSON, the trees of its margins beside it; the same model, same bytes."""
    file.parent.mkdir(parents=True, exist_ok=True)
    for margin in margins:
        margin.save_booster(file.parent)
    stored = {
        "format": model_format,
        "feature_names": list(predictor.feature_names),
        "completion": predictor.completion.to_dict(),
        **more,
    }
    file.write_text(json.dumps(stored, indent=1, allow_nan=False) + "\n")


def read_predictor(file: Path, model_format: int, kind: str) -> dict[str, Any]:
    """What `write_predictor` wrote. Raises ModelError where it is none of this format.

    ``kind``: what the folder is to hold, for messages.
    """
    try:
        stored = read_json(file, with_fields=True)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise ModelError(f"{file.parent} holds no {kind}: {file.name} is not there.") from error
    if stored.get("format") != model_format:
        raise ModelError(
            f"{file.parent} was written in another format than {model_format}, which this version "
            "reads. Train the model again or use the version that wrote it."
        )
    return stored


def root_of(covariance: FloatArray) -> FloatArray:
    """R with R R' = covariance, which may be singular."""
    values, vectors = np.linalg.eigh(covariance)
    return np.asarray(vectors * np.sqrt(np.maximum(values, 0.0)))


def roots_by_owner(factor: FloatArray, owners: Sequence[str], names: Sequence[str]) -> Roots:
    """For each name the positions of its terms, and a root of their coefficients' covariance.

    ``factor``: (m, q), F with F F' the covariance of all coefficients; ``owners``: (m,) names.
    A model's are the same for every patient: they are kept.
    """
    held = np.asarray(factor, np.float64)
    return _find_roots(held.tobytes(), held.shape, tuple(owners), tuple(names))


@lru_cache(maxsize=16)
def _find_roots(
    factor: bytes, shape: tuple[int, ...], owners: tuple[str, ...], names: tuple[str, ...]
) -> Roots:
    held = np.frombuffer(factor).reshape(shape)
    roots = []
    for name in names:
        terms = np.array([position for position, own in enumerate(owners) if own == name], np.intp)
        root = root_of(held[terms] @ held[terms].T)
        for array in (terms, root):
            array.flags.writeable = False
        roots.append((terms, root))
    return tuple(roots)


def variance_of(moved: FloatArray, roots: Roots) -> FloatArray:
    """Variance (n, names) of each name's sum of ``moved`` (n, m) terms times coefficients."""
    variance = np.empty((len(moved), len(roots)))
    for column, (terms, root) in enumerate(roots):
        variance[:, column] = ((moved[:, terms] @ root) ** 2).sum(axis=1)
    return variance


def find_certain(contributions: pd.DataFrame, spread: pd.DataFrame) -> npt.NDArray[np.bool_]:
    """Contributions (n, variables) whose 90 % interval does not hold 0."""
    size = contributions.abs().to_numpy()
    return np.asarray(size > REACH * spread[contributions.columns].to_numpy())
